// `make demo`: runs an authorization server, an API and Envoy with Portcullis between them, on free
// ports of 127.0.0.1, and prints a table of requests. Exits with 1 if an answer is unexpected. With
// KEEP=1, everything stays up until Ctrl-C.
//
// Environment: ENVOY (the program), MODULE (the wasm file); `make demo` sets both.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { CLIENT_ID, CLIENT_SECRET } from '../authorization-server/server.mjs';
import { runAndStop, start, startServer } from './processes.mjs';
import { bold, dim, runTable } from './table.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { ENVOY = here('../../.tools/envoy/envoy') } = process.env;
const MODULE = resolve(process.env.MODULE
  ?? here('../../target/wasm32-unknown-unknown/release/portcullis.wasm'));
const workspace = mkdtempSync(join(tmpdir(), 'portcullis-demo-'));
process.once('exit', () => rmSync(workspace, { recursive: true, force: true }));

// A copy of the API's listener for operators: on the loopback interface, where the status page
// needs no token.
function operatorsListener(text) {
  const start = text.indexOf('    - name: ingress\n');
  const listener = text.slice(start, text.indexOf('\n  clusters:', start));
  const status = /^( *)requires: \{ provider_name: example \}\n *authorize: \{ client_ids: .*\n/m;
  if (start < 0 || !status.test(listener)) throw new Error('envoy/demo.yaml has no listener "ingress" with a status page');
  return listener.replace('name: ingress', 'name: operators').replace(status, '$1unprotected: true\n');
}

// The shipped configuration with the addresses of this run, and a listener for operators.
function writeConfiguration(upstream, authorizationServer) {
  const at = (url) => `{ address: 127.0.0.1, port_value: ${new URL(url).port} }`;
  const replacements = [
    ['{ address: 127.0.0.1, port_value: 9901 }', '{ address: 127.0.0.1, port_value: 0 }'],
    ['{ address: 0.0.0.0, port_value: 10000 }', '{ address: 127.0.0.1, port_value: 0 }'],
    ['{ address: upstream, port_value: 8080 }', at(upstream)],
    ['{ address: authorization-server, port_value: 8081 }', at(authorizationServer)],
    ['filename: /etc/envoy/portcullis.wasm', `filename: ${JSON.stringify(MODULE)}`],
  ];
  let text = readFileSync(here('../demo.yaml'), 'utf8');
  for (const [from, to] of replacements) {
    if (text.split(from).length !== 2) throw new Error(`envoy/demo.yaml must hold once: ${from}`);
    text = text.replace(from, () => to);
  }
  const path = join(workspace, 'envoy.yaml');
  const own = operatorsListener(text);
  writeFileSync(path, text.replace('\n  clusters:', () => `\n${own}\n  clusters:`));
  return path;
}

async function startEnvoy(configuration, accessLog) {
  const adminFile = join(workspace, 'admin');
  const envoy = start('Envoy', ENVOY, [
    '-c', configuration, '--use-dynamic-base-id', '--concurrency', '2', '--log-level', 'warn',
    '--admin-address-path', adminFile, '--file-flush-interval-msec', '50',
  ], { onLine: (text) => accessLog.push(text) });
  const admin = await Promise.race([envoy.died, ready(adminFile)]);
  const { listener_statuses: listeners } = await (await fetch(`${admin}/listeners?format=json`)).json();
  const urlOf = (wanted) => {
    const { address, port_value: port } = listeners.find(({ name }) => name === wanted).local_address.socket_address;
    return `http://${address}:${port}`;
  };
  return { admin, url: urlOf('ingress'), operators: urlOf('operators'), process: envoy };
}

async function ready(adminFile) {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    try {
      const admin = `http://${readFileSync(adminFile, 'utf8').trim()}`;
      if ((await fetch(`${admin}/ready`)).ok) return admin;
    } catch {
      // The admin interface is not ready yet.
    }
    await sleep(50, null, { ref: false });
  }
  throw new Error('Envoy was not ready within a minute');
}

function printInvitation({ url: envoy, admin, operators }, authorizationServer) {
  console.log(`
${bold('Everything stays up until Ctrl-C. To try:')}

  TOKEN=$(curl -s -u ${CLIENT_ID}:${CLIENT_SECRET} \\
    -d grant_type=client_credentials -d scope=orders:read -d resource=https://api.example/orders \\
    ${authorizationServer}/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

  curl -i -w '\\n' ${envoy}/orders/7
  curl -i -w '\\n' -H "Authorization: Bearer $TOKEN" ${envoy}/orders/7
  curl -i -w '\\n' -H "Authorization: Bearer $TOKEN" -X POST ${envoy}/orders
  curl -s -w '\\n' -H "Authorization: Bearer $TOKEN" ${envoy}/portcullis
  curl -s '${admin}/stats?filter=portcullis&usedonly'

The status page, for a browser on this machine: ${bold(`${operators}/portcullis`)}
`);
}

async function main() {
  const accessLog = [];
  const upstream = await startServer('API', here('upstream.mjs'), { HOST: '127.0.0.1', PORT: '0' });
  const authorizationServer = await startServer(
    'authorization server',
    here('../authorization-server/server.mjs'),
    { HOST: '127.0.0.1', PORT: '0', ISSUER: 'https://login.example' },
  );
  const configuration = writeConfiguration(upstream.url, authorizationServer.url);
  const envoy = await startEnvoy(configuration, accessLog);
  console.log(dim(`Envoy ${envoy.url}, authorization server ${authorizationServer.url}, API ${upstream.url}\n`));
  const failed = await runTable({
    envoy: envoy.url, authorizationServer: authorizationServer.url, accessLog: () => accessLog,
  });
  if (process.env.KEEP) {
    printInvitation(envoy, authorizationServer.url);
    await envoy.process.died;
  }
  return failed === 0 ? 0 : 1;
}

await runAndStop(main);
