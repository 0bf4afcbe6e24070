// Turns the module that cargo built into the one that Envoy loads: drops the callbacks that the
// filter leaves to the SDK's defaults (Envoy calls each one that is exported, for every request),
// then lets Binaryen remove what only they used, and shrink the rest.
//
// node main.mjs BUILT LINKED
//
// BUILT is read, LINKED is written, in place where both are one. A result is kept in target/linked/
// under the digest of what it was made from, so that nothing is done twice.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// What Envoy may call: the contexts' life, the configuration, time, a request, a fetch's end.
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

// What has more to do after the others: functions and parameters that have become alike or of no use,
// then what is left of them, and the most called functions under the shortest indices.
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
  // What rustc's target turns on; the stripped module does not say.
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
  // The lowest kilobyte is the far end of the stack: no address that the module computes is there, so
  // that offsets can be folded into loads and stores.
  binaryen.setLowMemoryUnused(true);
  module.optimize();
  module.runPasses(LAST_PASSES);
  return module.emitBinary();
}

// A new file in the old one's place: cargo's own copy is another link to the old one.
function replace(path, bytes) {
  writeFileSync(`${path}.new`, bytes);
  renameSync(`${path}.new`, path);
}
