// Makes Envoy's configuration for the demo: envoy/demo.yaml with the addresses and the module of
// this run.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const EXAMPLE = fileURLToPath(new URL('../demo.yaml', import.meta.url));

// Returns a listener for operators. It is a copy of the API's listener in `text`, which must listen
// only on the loopback interface: the status page of the copy needs no token.
function operatorsListener(text) {
  const start = text.indexOf('    - name: ingress\n');
  const listener = text.slice(start, text.indexOf('\n  clusters:', start));
  const status = /^( *)requires: \{ provider_name: example \}\n *authorize: \{ client_ids: .*\n/m;
  if (start < 0 || !status.test(listener)) throw new Error('envoy/demo.yaml has no listener "ingress" with a status page');
  return listener.replace('name: ingress', 'name: operators').replace(status, '$1unprotected: true\n');
}

// Returns envoy/demo.yaml, changed to use the dynamic module instead of the wasm module.
export function nativeExample(library) {
  return withLibrary(readFileSync(EXAMPLE, 'utf8'), library);
}

// Replaces the filter of the wasm module with the filter of the dynamic module. The policy stays
// the same.
function withLibrary(text, library) {
  const filter = /^( *)"@type": type\.googleapis\.com\/envoy\.extensions\.filters\.http\.wasm\.v3\.Wasm\n[^]*?^ *configuration:\n/m;
  if (!filter.test(text)) throw new Error('envoy/demo.yaml has no filter of the wasm module');
  return text.replace(filter, (_, indent) => [
    '"@type": type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter',
    'dynamic_module_config:',
    `  module: { local: { filename: ${JSON.stringify(library)} } }`,
    '  do_not_close: true',
    'filter_name: portcullis',
    'filter_config:',
  ].map((line) => `${indent}${line}\n`).join(''));
}

// Returns envoy/demo.yaml with the addresses and the module of this run, and with a listener for
// operators.
export function configuration({ upstream, authorizationServer, module, library }) {
  const at = (url) => `{ address: 127.0.0.1, port_value: ${new URL(url).port} }`;
  const replacements = [
    ['{ address: 127.0.0.1, port_value: 9901 }', '{ address: 127.0.0.1, port_value: 0 }'],
    ['{ address: 0.0.0.0, port_value: 10000 }', '{ address: 127.0.0.1, port_value: 0 }'],
    ['{ address: upstream, port_value: 8080 }', at(upstream)],
    ['{ address: authorization-server, port_value: 8081 }', at(authorizationServer)],
    ['filename: /etc/envoy/portcullis.wasm', `filename: ${JSON.stringify(module)}`],
  ];
  let text = readFileSync(EXAMPLE, 'utf8');
  for (const [from, to] of replacements) {
    if (text.split(from).length !== 2) throw new Error(`envoy/demo.yaml must contain this exactly once: ${from}`);
    text = text.replace(from, () => to);
  }
  if (library) text = withLibrary(text, library);
  const operators = operatorsListener(text);
  return text.replace('\n  clusters:', () => `\n${operators}\n  clusters:`);
}
