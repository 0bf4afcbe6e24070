#!/usr/bin/env node
// Runs the unit tests of a wasm build in Node. Cargo calls this script as the test runner:
//
//   node run.mjs MODULE [NAME]
//
// If NAME is given, only the tests whose names contain NAME run.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BINDINGS = new URL('../../target/wasm-bindings/debug/wasm-bindings', import.meta.url).pathname;

const [module, filter = ''] = process.argv.slice(2);
if (!existsSync(BINDINGS)) {
  console.error(`${BINDINGS} is missing: run "make test-wasm" once`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'wasm-tests-'));
let wasm;
try {
  execFileSync(BINDINGS, ['node', module, folder], { stdio: 'inherit' });
  wasm = createRequire(import.meta.url)(join(folder, 'tests.js'));
} finally {
  rmSync(folder, { recursive: true });
}

// wasm-bindgen-test expects its host to provide these globals: the original console, and a function
// that calls a test.
globalThis.__wbgtest_og_console_log = console.log;
globalThis.__wbgtest_og_console_error = console.error;
globalThis.__wbg_test_invoke = (test) => test();
// Passes console output to wasm-bindgen-test, which shows it if a test fails.
for (const method of ['debug', 'log', 'info', 'warn', 'error']) {
  console[method] = (...output) => wasm[`__wbgtest_console_${method}`](output);
}

// Each test is an export with a name of the form `__wbgt_<modifiers>_<crate>::<path>`.
const tests = Object.keys(wasm.__wasm).filter((name) => name.startsWith('__wbgt_'));
const wanted = tests.filter((name) => name.slice(name.indexOf('::') + 2).includes(filter));
const context = new wasm.WasmBindgenTestContext(false);
context.include_ignored(false);
context.filtered_count(tests.length - wanted.length);
const passed = await context.run(wanted.map((name) => wasm.__wasm[name]));
// Without NAME, it is an error if no test runs.
process.exitCode = passed && (filter || wanted.length > 0) ? 0 : 1;
