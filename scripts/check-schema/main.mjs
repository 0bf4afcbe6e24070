// Checks that a schema accepts and refuses the right documents. The first line of standard input is
// the schema. Each further line is an object with the members "place", "document" and "valid". The
// optional member "complaint" contains the errors that the validator must report. Prints a line for
// each document whose result is unexpected.
import { createInterface } from 'node:readline';
import Ajv from 'ajv/dist/2020.js';

const SHOWN = 20;

// Formats each error as its path, followed by the name of the unknown field. If no field is unknown,
// the error's message follows instead.
const described = (errors) =>
  (errors ?? []).map((error) => `${error.instancePath} ${error.params.additionalProperty ?? error.message}`).join('; ');

let isValid;
let shown = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const value = JSON.parse(line);
  if (!isValid) {
    // The schema uses union types on purpose: a field may also be `null`, which counts as absent.
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
