// What must hold of the built module: its size, that it imports host calls of the proxy-wasm ABI alone
// (no WASI, no clock, no entropy of its own), and that the example configuration allows exactly what the
// module needs: a capability that is missing fails at run time, one too many is privilege for nothing.
//
//   node check-module.mjs MODULE ENVOY_YAML...
import { readFileSync } from 'node:fs';

const MAX_BYTES = 900_000;
const [modulePath, ...configurations] = process.argv.slice(2);

const bytes = readFileSync(modulePath);
const module = new WebAssembly.Module(bytes);
const imports = WebAssembly.Module.imports(module);
const exports = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));

const problems = [];
if (bytes.length > MAX_BYTES) problems.push(`${bytes.length} bytes, more than ${MAX_BYTES}`);
for (const { module: from, name } of imports) {
  if (from !== 'env' || !name.startsWith('proxy_')) problems.push(`imports ${from}.${name}`);
}

for (const path of configurations) {
  const text = readFileSync(path, 'utf8');
  const listed = new Set(Array.from(text.matchAll(/^\s+(proxy_\w+): \{\}/gm), ([, name]) => name));
  for (const { name } of imports) {
    if (!listed.has(name)) problems.push(`${path} does not allow ${name}, which the module calls`);
  }
  const known = new Set([...exports, ...imports.map(({ name }) => name)]);
  for (const name of listed) {
    if (!known.has(name)) problems.push(`${path} allows ${name}, which the module neither calls nor has`);
  }
}

for (const problem of problems) console.error(`${modulePath}: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(`${modulePath}: ${bytes.length} bytes, ${imports.length} imports, all of env.proxy_*; capabilities fit`);
