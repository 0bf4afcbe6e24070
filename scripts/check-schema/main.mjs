// Whether a schema says of documents what it is to say of them. On standard input: the schema in a line,
// then {"place", "document", "valid"} a line each. Each disagreement is a line on standard output.
import { createInterface } from 'node:readline';
import Ajv from 'ajv/dist/2020.js';

const SHOWN = 20;

let isValid;
let shown = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const value = JSON.parse(line);
  if (!isValid) {
    // Types of several words are meant: `null` is an absent field.
    isValid = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(value);
  } else if (isValid(value.document) !== value.valid && shown < SHOWN) {
    shown += 1;
    const why = value.valid ? JSON.stringify(isValid.errors) : 'accepted';
    console.log(`${value.place}: ${why}: ${JSON.stringify(value.document)}`);
  }
}
