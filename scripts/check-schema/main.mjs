// Checks that a schema accepts and refuses the documents that it should. Standard input has the schema in its first
// line, then {"place", "document", "valid"} in each further line, with "complaint" if the exact errors matter too.
// Each disagreement is a line on standard output.
import { createInterface } from 'node:readline';
import Ajv from 'ajv/dist/2020.js';

const SHOWN = 20;

// The place of each error, with the unknown name there, or the error's message.
const described = (errors) =>
  (errors ?? []).map((error) => `${error.instancePath} ${error.params.additionalProperty ?? error.message}`).join('; ');

let isValid;
let shown = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const value = JSON.parse(line);
  if (!isValid) {
    // Union types are intended: `null` is an absent field.
    isValid = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(value);
    continue;
  }
  const agrees = isValid(value.document) === value.valid;
  const complaint = described(isValid.errors);
  const isAsExpected = agrees && (value.complaint ?? complaint) === complaint;
  if (!isAsExpected && shown < SHOWN) {
    shown += 1;
    console.log(`${value.place}: ${complaint || 'accepted'}: ${JSON.stringify(value.document)}`);
  }
}
