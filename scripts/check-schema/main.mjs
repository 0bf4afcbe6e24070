// Whether a schema says of documents what it is to say of them. On standard input: the schema in a line,
// then {"place", "document", "valid"} a line each, with "complaint" where all that the schema says of the
// document matters too. Each disagreement is a line on standard output.
import { createInterface } from 'node:readline';
import Ajv from 'ajv/dist/2020.js';

const SHOWN = 20;

// Where each error is, and the name that is unknown there, or what else is wrong.
const described = (errors) =>
  (errors ?? []).map((error) => `${error.instancePath} ${error.params.additionalProperty ?? error.message}`).join('; ');

let isValid;
let shown = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const value = JSON.parse(line);
  if (!isValid) {
    // Types of several words are meant: `null` is an absent field.
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
