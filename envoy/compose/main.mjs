// `make compose-demo`: starts the containers of a Compose file and sends the demo's requests to them. The
// containers use free ports and their own Compose project. The project is removed afterwards, unless
// KEEP=1 is set. The Compose file is prebuilt.yml, which uses a module that was built on this machine. With
// BUILD=1, it is docker-compose.yml, which needs nothing but Docker. If LIBRARY is the path of the dynamic
// module, Envoy loads this module in place of the wasm module.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { nativeExample } from '../demo/configuration.mjs';
import { bold, dim, runTable } from '../demo/table.mjs';

const { BUILD, KEEP, LIBRARY } = process.env;
const FILE = fileURLToPath(new URL(BUILD ? 'docker-compose.yml' : 'prebuilt.yml', import.meta.url));

// Finds Docker's Compose plugin, or the separate program that older Debian versions have.
function findCompose() {
  const candidates = [['docker', 'compose'], ['docker-compose']];
  const found = candidates.find(([command, ...args]) => (
    spawnSync(command, [...args, 'version'], { stdio: 'ignore' }).status === 0));
  if (!found) throw new Error('Docker Compose is missing: https://docs.docker.com/compose/install/');
  return found;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// Returns the variables that make Envoy's container use the dynamic module.
function nativeVariables(library) {
  const inEnvoy = '/etc/envoy/libportcullis.so';
  const folder = fileURLToPath(new URL('../../target/compose/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}envoy.yaml`, nativeExample(inEnvoy));
  return { ENVOY_YAML: `${folder}envoy.yaml`, MODULE_FILE: resolve(library), MODULE_IN_ENVOY: inEnvoy };
}

async function main() {
  const [command, ...prefix] = findCompose();
  const project = [...prefix, '-p', `portcullis-demo-${process.pid}`, '-f', FILE];
  const [envoyPort, serverPort] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    ...(LIBRARY ? nativeVariables(LIBRARY) : {}),
    ENVOY_PORT: String(envoyPort),
    AUTHORIZATION_SERVER_PORT: String(serverPort),
  };
  const compose = (...args) => execFileSync(command, [...project, ...args], { env, stdio: 'inherit' });
  const down = () => compose('down', '--volumes', '--timeout', '2');

  const read = promisify(execFile);
  const accessLog = async () => {
    const { stdout } = await read(command, [...project, 'logs', '--no-color', 'envoy'], { env });
    return stdout.split('\n');
  };

  process.once('SIGINT', () => { down(); process.exit(130); });
  process.once('SIGTERM', () => { down(); process.exit(143); });
  let keep = false;
  try {
    compose('up', '--detach', ...(BUILD ? ['--build'] : []));
    const envoy = `http://127.0.0.1:${envoyPort}`;
    const authorizationServer = `http://127.0.0.1:${serverPort}`;
    await healthy(() => read(command, [...project, 'ps', '-q', 'envoy'], { env }));
    console.log(dim(`\nEnvoy ${envoy}, authorization server ${authorizationServer}\n`));
    const failed = await runTable({ envoy, authorizationServer, accessLog });
    keep = Boolean(KEEP);
    if (keep) console.log(`\n${bold('The containers stay up. To remove them:')} ${[command, ...project].join(' ')} down`);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    compose('logs', '--no-color');
    throw error;
  } finally {
    if (!keep) down();
  }
}

// Waits until Docker reports that a container is healthy. `find` returns the container's ID.
async function healthy(find) {
  const { stdout } = await find();
  const id = stdout.trim();
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const state = execFileSync('docker', ['inspect', '--format', '{{.State.Health.Status}}', id]);
    if (state.toString().trim() === 'healthy') return;
    await new Promise((resolve) => { setTimeout(resolve, 500); });
  }
  throw new Error('Envoy did not become healthy within a minute');
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`The demo could not run: ${error.message}`);
  process.exitCode = 1;
}
