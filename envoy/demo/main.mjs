// `make demo`: runs an authorization server, an API, and Envoy with Portcullis in front of the API,
// on free ports of 127.0.0.1. Prints a table of requests, and exits with 1 if an answer is
// unexpected. With KEEP=1, everything stays up until Ctrl-C.
//
// Environment variables: ENVOY (the program), MODULE (the wasm file), and LIBRARY (the dynamic
// module; if it is set, it runs instead of the wasm file). `make demo` sets them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { CLIENT_ID, CLIENT_SECRET } from '../authorization-server/server.mjs';
import { configuration } from './configuration.mjs';
import { runAndStop, start, startServer, succeed } from './processes.mjs';
import { bold, dim, runTable } from './table.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { ENVOY = here('../../.tools/envoy/envoy') } = process.env;
const MODULE = resolve(process.env.MODULE
  ?? here('../../target/wasm32-unknown-unknown/release/portcullis.wasm'));
const LIBRARY = process.env.LIBRARY && resolve(process.env.LIBRARY);
const workspace = mkdtempSync(join(tmpdir(), 'portcullis-demo-'));
process.once('exit', () => rmSync(workspace, { recursive: true, force: true }));

async function startEnvoy(upstream, authorizationServer, accessLog) {
  const file = join(workspace, 'envoy.yaml');
  writeFileSync(file, configuration({ upstream, authorizationServer, module: MODULE, library: LIBRARY }));
  const adminFile = join(workspace, 'admin');
  const envoy = start('Envoy', ENVOY, [
    '-c', file, '--use-dynamic-base-id', '--concurrency', '2', '--log-level', 'warn',
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
${bold('Everything stays up until Ctrl-C. Commands to try:')}

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
  const envoy = await startEnvoy(upstream.url, authorizationServer.url, accessLog);
  console.log(dim(`Envoy ${envoy.url}, authorization server ${authorizationServer.url}, API ${upstream.url}\n`));
  const failed = await runTable({
    envoy: envoy.url, authorizationServer: authorizationServer.url, accessLog: () => accessLog,
  });
  if (process.env.KEEP) {
    printInvitation(envoy, authorizationServer.url);
    if (failed === 0) succeed();
    await envoy.process.died;
  }
  return failed === 0 ? 0 : 1;
}

await runAndStop(main);
