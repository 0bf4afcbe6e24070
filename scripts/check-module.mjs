// Checks the built module. It must not be too large, it must import only host calls of the
// proxy-wasm ABI (no WASI, no clock, no source of randomness), and the example configurations must
// allow exactly the capabilities that the module needs. If a capability were missing, the module
// would fail at run time. An unneeded capability would be an excess privilege.
//
// A capability is a callback or a host call. The module needs the callbacks that it exports. This
// script finds the needed host calls in the source. It does not use the module's imports, because
// through the SDK the module also imports host calls that it never makes.
//
//   node check-module.mjs MODULE ENVOY_YAML...
import { readdirSync, readFileSync } from 'node:fs';

const MAX_BYTES = 780_000;
const SHELL = 'envoy/wasm/src';
// The SDK functions that the code in SHELL may call, each with the host call that the function makes.
// The code in SHELL imports all other host calls itself.
const SDK_CALLS = { dispatch_http_call: 'proxy_http_call' };

const [modulePath, ...configurations] = process.argv.slice(2);
const problems = [];

const bytes = readFileSync(modulePath);
const module = new WebAssembly.Module(bytes);
const imports = WebAssembly.Module.imports(module);
const callbacks = WebAssembly.Module.exports(module)
  .map(({ name }) => name)
  .filter((name) => name.startsWith('proxy_on_'));

if (bytes.length > MAX_BYTES) problems.push(`${bytes.length} bytes, more than ${MAX_BYTES}`);
for (const { module: from, name } of imports) {
  if (from !== 'env' || !name.startsWith('proxy_')) problems.push(`imports ${from}.${name}`);
}

const matches = (text, pattern) => Array.from(text.matchAll(pattern), ([, found]) => found);

function neededCapabilities() {
  const files = readdirSync(SHELL, { recursive: true }).filter((name) => name.endsWith('.rs'));
  const source = files.map((name) => readFileSync(`${SHELL}/${name}`, 'utf8')).join('\n');
  const calls = matches(source, /^\s+fn (proxy_\w+)\(/gm);
  for (const name of matches(source, /\bhostcalls::([a-z_]+)\b/g)) {
    if (SDK_CALLS[name]) calls.push(SDK_CALLS[name]);
    else problems.push(`${SHELL} uses hostcalls::${name}: add its host call to SDK_CALLS in this script`);
  }
  return new Set([...callbacks, ...calls]);
}

const needed = neededCapabilities();
for (const path of configurations) {
  const listed = new Set(matches(readFileSync(path, 'utf8'), /^\s+(proxy_\w+): \{\}/gm));
  for (const name of needed) {
    if (!listed.has(name)) problems.push(`${path} does not allow ${name}, which the module needs`);
  }
  for (const name of listed) {
    if (!needed.has(name)) problems.push(`${path} allows ${name}, which the module does not need`);
  }
}

for (const problem of problems) console.error(`${modulePath}: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(`${modulePath}: ${bytes.length} bytes, imports only env.proxy_*, ${needed.size} capabilities`);
