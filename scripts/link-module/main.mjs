// Turns the module that cargo built into the module that Envoy loads. Envoy calls every exported
// callback, which costs time in each request. For callbacks that the module does not implement, the
// SDK exports defaults that do nothing. This script removes the exports of these defaults. Then Binaryen
// removes the code that only the defaults used, and makes the rest smaller.
//
// node main.mjs BUILT LINKED
//
// Reads BUILT and writes LINKED. Both may be the same file. The script keeps each result in
// target/linked/, under a digest of BUILT and of this script, so that the same module is linked only
// once.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// The exports that Envoy uses. The callbacks are for contexts, the configuration, ticks, requests and
// fetches.
const EXPORTS = [
  '_initialize',
  'malloc',
  'memory',
  'proxy_abi_version_0_2_1',
  'proxy_on_configure',
  'proxy_on_context_create',
  'proxy_on_delete',
  'proxy_on_http_call_response',
  'proxy_on_request_body',
  'proxy_on_request_headers',
  'proxy_on_request_trailers',
  'proxy_on_tick',
];

// The optimisation passes that run once more at the end, because the earlier passes create new
// opportunities for them. These last passes remove duplicate functions and unused parameters, clean up
// what this leaves behind, and give the shortest indices to the functions that are called most.
const LAST_PASSES = [
  'duplicate-function-elimination',
  'dae-optimizing',
  'inlining-optimizing',
  'rse',
  'code-folding',
  'merge-locals',
  'coalesce-locals',
  'reorder-locals',
  'vacuum',
  'reorder-functions',
  'strip-debug',
  'strip-producers',
  'strip-target-features',
];

const [built, linked] = process.argv.slice(2);
if (!linked) {
  console.error('usage: node main.mjs BUILT LINKED');
  process.exit(2);
}
const module = readFileSync(built);
const digest = createHash('sha256').update(readFileSync(import.meta.filename)).update(module).digest('hex');
const kept = join(dirname(built), '..', '..', 'linked', `${digest}.wasm`);
if (!existsSync(kept)) {
  mkdirSync(dirname(kept), { recursive: true });
  replace(kept, await link(module));
}
replace(linked, readFileSync(kept));

async function link(bytes) {
  const { default: binaryen } = await import('binaryen');
  const { Features } = binaryen;
  const module = binaryen.readBinary(bytes);
  // These are the features that rustc enables for the target. The stripped module does not list
  // them.
  module.setFeatures(Features.BulkMemory | Features.BulkMemoryOpt | Features.Multivalue |
    Features.MutableGlobals | Features.NontrappingFPToInt | Features.ReferenceTypes | Features.SignExt);
  const names = Array.from({ length: module.getNumExports() }, (_, index) =>
    binaryen.getExportInfo(module.getExportByIndex(index)).name);
  const missing = EXPORTS.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new Error(`the module does not export ${missing.join(', ')}`);
  }
  names.filter((name) => !EXPORTS.includes(name)).forEach((name) => module.removeExport(name));
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  // The lowest kilobyte of memory is the end of the stack. The module never computes an address in
  // this kilobyte, so Binaryen may fold offsets into loads and stores.
  binaryen.setLowMemoryUnused(true);
  // With these settings, Binaryen replaces local variables with the stack of the WebAssembly
  // machine where it can, when it writes the module.
  binaryen.setGenerateStackIR(true);
  binaryen.setOptimizeStackIR(true);
  // Copies of a generic function often differ only in constants.
  module.runPasses(['merge-similar-functions']);
  module.optimize();
  module.runPasses(LAST_PASSES);
  // The last passes create new opportunities for the first optimisation, so it runs again.
  module.optimize();
  return module.emitBinary();
}

// Replaces a file instead of overwriting it. Cargo's own copy is a hard link to the old file, so
// overwriting would change cargo's copy too.
function replace(path, bytes) {
  writeFileSync(`${path}.new`, bytes);
  renameSync(`${path}.new`, path);
}
