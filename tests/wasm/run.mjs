// Runs the unit tests of a wasm build, as cargo's runner:
//
//   node run.mjs MODULE [NAME]
//
// NAME runs the tests that have it in their names. The first failure ends the run.

import { readFileSync } from 'node:fs';

const [path, filter = ''] = process.argv.slice(2);
const text = (start, length) => Buffer.from(instance.exports.memory.buffer, start, length).toString();

let current;
let failure;
let passed = 0;
let filtered = 0;

function finish() {
  if (current) {
    console.log(`test ${current} ... ok`);
    passed += 1;
  }
  current = undefined;
}

const tests = {
  begin(start, length) {
    finish();
    const name = text(start, length).replace(/^\w+::/, '');
    if (!name.includes(filter)) {
      filtered += 1;
      return 0;
    }
    current = name;
    return 1;
  },
  fail(start, length) {
    failure = text(start, length);
  },
};

const module = new WebAssembly.Module(readFileSync(path));
const instance = new WebAssembly.Instance(module, { tests });
let failed = 0;
try {
  instance.exports.main(0, 0);
  finish();
} catch (trap) {
  failed = 1;
  console.log(`test ${current} ... FAILED\n\n${failure ?? trap.stack}\n`);
}
const result = failed ? 'FAILED' : 'ok';
console.log(`\ntest result: ${result}. ${passed} passed; ${failed} failed; 0 ignored; 0 measured; ${filtered} filtered out`);
// A filter may leave nothing; a whole run may not.
process.exitCode = failed || (!filter && passed === 0) ? 1 : 0;
