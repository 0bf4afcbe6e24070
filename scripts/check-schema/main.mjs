// Checks that a schema accepts and refuses the right documents. The first line of standard input is
// the schema. Each further line is an object with the members "place", "document" and "valid". If
// the validator must report exact errors, the object also has "complaint". Prints a line for each
// document with an unexpected result.
import { createInterface } from 'node:readline';
import Ajv from 'ajv/dist/2020.js';

const SHOWN = 20;

// The path of each error, with the name of the unknown field or the error's message.
const described = (errors) =>
  (errors ?? []).map((error) => `${error.instancePath} ${error.params.additionalProperty ?? error.message}`).join('; ');

let isValid;
let shown = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const value = JSON.parse(line);
  if (!isValid) {
    // Union types are intended: they also allow `null`, which means that a field is absent.
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
