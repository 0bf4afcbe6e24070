// Helpers for tests in Node. They start Envoy and the demo's servers: the API and the authorization
// server.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { start, startServer } from '../envoy/demo/processes.mjs';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
export const { PORTCULLIS_ENVOY: ENVOY, PORTCULLIS_WASM: MODULE, PORTCULLIS_NATIVE: LIBRARY } = process.env;
export const inRepository = (path) => join(ROOT, path);
export const read = (path) => readFileSync(inRepository(path), 'utf8');

const workspace = mkdtempSync(join(tmpdir(), 'portcullis-test-'));
process.once('exit', () => rmSync(workspace, { recursive: true, force: true }));
let written = 0;

// Writes a file that is removed when the tests end, and returns its path.
export function temporary(name, content) {
  written += 1;
  const path = join(workspace, `${written}-${name}`);
  writeFileSync(path, content);
  return path;
}

export async function startServers() {
  const api = await startServer('API', inRepository('envoy/demo/upstream.mjs'), { HOST: '127.0.0.1', PORT: '0' });
  const authorizationServer = await startServer('authorization server', inRepository('envoy/authorization-server/server.mjs'), {
    HOST: '127.0.0.1', PORT: '0', ISSUER: 'https://login.example',
  });
  return { upstream: api.url, authorizationServer: authorizationServer.url };
}

// Starts Envoy. The result's `url` function returns the address of the listener with a given name.
export async function startEnvoy(configuration) {
  const log = [];
  const adminFile = temporary('admin', '');
  const envoy = start('Envoy', ENVOY, [
    '-c', temporary('envoy.yaml', configuration), '--use-dynamic-base-id', '--concurrency', '2', '--log-level', 'warn',
    '--admin-address-path', adminFile, '--file-flush-interval-msec', '50',
  ], { onLine: (text) => log.push(text) });
  const admin = await Promise.race([envoy.died, until('Envoy is ready', async () => {
    const address = readFileSync(adminFile, 'utf8').trim();
    return address && (await fetch(`http://${address}/ready`)).ok && `http://${address}`;
  })]);
  const { listener_statuses: listeners } = await (await fetch(`${admin}/listeners?format=json`)).json();
  const url = (wanted) => {
    const { address, port_value: port } = listeners.find(({ name }) => name === wanted).local_address.socket_address;
    return `http://${address}:${port}`;
  };
  return { admin, url, log };
}

// Returns the HTTP filter for the build under test: the dynamic module if PORTCULLIS_BUILD=native,
// otherwise the proxy-wasm module.
export function filter(vmId, configuration) {
  const type = (name) => `type.googleapis.com/envoy.extensions.filters.http.${name}`;
  if (process.env.PORTCULLIS_BUILD === 'native') {
    return {
      '@type': type('dynamic_modules.v3.DynamicModuleFilter'),
      dynamic_module_config: { module: { local: { filename: LIBRARY } }, do_not_close: true },
      filter_name: 'portcullis',
      filter_config: configuration,
    };
  }
  return {
    '@type': type('wasm.v3.Wasm'),
    config: {
      vm_config: { vm_id: vmId, runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: MODULE } } },
      configuration,
    },
  };
}

// Fails unless Envoy accepts the configuration.
export function validate(configuration) {
  execFileSync(ENVOY, ['--mode', 'validate', '--use-dynamic-base-id', '--log-level', 'error', '-c', temporary('envoy.yaml', configuration)], { stdio: 'pipe' });
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// Waits until `attempt` returns a truthy value, and returns that value.
export async function until(what, attempt) {
  for (let count = 0; count < 1200; count += 1) {
    try {
      const result = await attempt();
      if (result) return result;
    } catch {
      // The attempt failed. Try again.
    }
    await sleep(50, null, { ref: false });
  }
  throw new Error(`${what}: not within a minute`);
}
