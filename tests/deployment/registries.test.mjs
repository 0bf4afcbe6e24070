// Pushes the images of `make dist` to a registry with the commands of docs/install.md, and tests
// that the registry returns the images unchanged. Also tests that Envoy downloads the module and
// checks its digest.
// Environment: DIST (the folder of the release) and REGISTRY (the program that runs a registry).
import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { after, before, test } from 'node:test';
import { join } from 'node:path';

import { parse } from 'yaml';

import { configuration } from '../../envoy/demo/configuration.mjs';
import { stopAll } from '../../envoy/demo/processes.mjs';
import { requestToken } from '../../envoy/demo/tokens.mjs';
import { MODULE, freePort, read, startEnvoy, startServers, temporary, until } from '../envoy.mjs';
import { IMAGES, moduleOf, sha256 } from './image.mjs';
import { pull, startRegistry } from './registry.mjs';

const { DIST, REGISTRY } = process.env;
const PAGE = read('docs/install.md');

let registry;
let files;
let servers;
before(async () => {
  registry = await startRegistry(REGISTRY);
  servers = await startServers();
  files = await serve(readFileSync(MODULE));
});
after(async () => {
  files.server.close();
  files.server.closeAllConnections();
  await stopAll();
});

// Returns the next version of the module: the same code, with an empty custom section at the end.
const next = (module) => Buffer.concat([module, Buffer.from([0, 2, 1, 0x6e])]);

// Starts an HTTP server that serves the module and its next version.
async function serve(module) {
  const answers = { '/portcullis.wasm': module, '/next.wasm': next(module) };
  const server = createServer((request, response) => {
    const answer = answers[request.url];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/wasm' }).end(answer);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { server, port: server.address().port };
}

// Returns the command of docs/install.md that starts with `beginning`, changed to use another
// repository.
function command(beginning, repository) {
  const written = PAGE.split('\n').find((line) => line.startsWith(beginning));
  assert.ok(written, `docs/install.md has: ${beginning}`);
  return written.replace('/portcullis:', `/${repository}:`);
}

for (const [name, readImage] of Object.entries(IMAGES)) {
  test(`a registry returns the image ${name} unchanged`, async () => {
    const repository = name.split('/').pop();
    const image = readImage(join(DIST, name));
    const [, source] = new RegExp(`^\\| \`${repository}\`.*\`(.*)\` \\|$`, 'm').exec(PAGE);
    registry.run(command('skopeo copy', repository).replace(/oci:\S+/, source));
    const digest = `sha256:${registry.run(command('skopeo inspect', repository)).slice(0, 64)}`;
    assert.equal(digest, `sha256:${sha256(image.bytes)}`);
    for (const reference of ['0.2.0', digest]) {
      const { bytes, manifest, blob } = await pull(registry.url, repository, reference);
      assert.equal(`sha256:${sha256(bytes)}`, digest);
      assert.equal(sha256(await moduleOf(manifest, blob)), sha256(readFileSync(join(DIST, 'portcullis.wasm'))));
    }
  });
}

// Returns the demo's configuration, changed so that Envoy downloads the module from `path`, as in
// docs/install.md.
function downloading(path, digest) {
  const [, block] = /```yaml\n(code:\n[^]*?)```/.exec(PAGE);
  const { code: { remote } } = parse(block);
  const { cluster } = remote.http_uri;
  remote.http_uri.uri = new URL(path, remote.http_uri.uri).href;
  remote.sha256 = digest;
  const text = configuration({ ...servers, module: 'REMOTE' })
    .replaceAll('local: { filename: "REMOTE" }', `remote: ${JSON.stringify(remote)}`);
  return `${text}
    - name: ${cluster}
      type: STATIC
      load_assignment:
        cluster_name: ${cluster}
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${files.port} } } } }] }]
`;
}

// Sends a request with a valid token, and returns the status of the answer. Each request uses a new
// connection, because only new connections reach the newest listener.
async function status(url) {
  const token = await requestToken(servers.authorizationServer, { resource: 'https://api.example/orders', scope: 'orders:read' });
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get(`${url}/orders/7`, { agent: false, headers }, (response) => resolve(response.resume().statusCode)).once('error', reject);
  });
}

const moduleDigest = () => sha256(readFileSync(MODULE));
const withMistake = (text) => text.replace('providers:', 'provider:');

test('Envoy downloads the module by its digest', { timeout: 120_000 }, async () => {
  const envoy = await startEnvoy(downloading('/portcullis.wasm', moduleDigest()));
  await until('a good token passes', async () => await status(envoy.url('ingress')) === 200);
});

for (const [what, path, digest] of [
  ['another digest', '/portcullis.wasm', () => '0'.repeat(64)],
  ['no such file', '/missing', moduleDigest],
]) {
  test(`with ${what}, Envoy answers 503 to everyone`, { timeout: 120_000 }, async () => {
    const envoy = await startEnvoy(downloading(path, digest()));
    const failures = async () => (await fetch(`${envoy.admin}/stats?filter=remote_load_fetch_failures`)).text();
    await until('Envoy gave up', async () => /: [1-9]/.test(await failures()));
    assert.equal(await status(envoy.url('ingress')), 503);
  });
}

// Starts Envoy with a listener that Envoy reads from a file. The result's `update` function
// replaces that listener.
async function startDiscovered(text) {
  const port = await freePort();
  const listener = (changed) => JSON.stringify({ resources: [{
    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
    ...parse(changed).static_resources.listeners.find(({ name }) => name === 'ingress'),
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
  }] });
  const file = temporary('listener.json', listener(text));
  const bootstrap = parse(text);
  bootstrap.node = { id: 'test', cluster: 'test' };
  bootstrap.static_resources.listeners = [];
  bootstrap.dynamic_resources = { lds_config: { path_config_source: { path: file } } };
  const { admin } = await startEnvoy(JSON.stringify(bootstrap));
  const updates = async (name) => {
    const stats = await (await fetch(`${admin}/stats?filter=listener_manager`)).text();
    return Number(new RegExp(`lds\\.update_${name}: (\\d+)`).exec(stats)[1]);
  };
  return { updates, url: `http://127.0.0.1:${port}`, update: (changed) => renameSync(temporary('update.json', listener(changed)), file) };
}

test('with a mistake in the policy, Envoy keeps the old policy if it has the module, and otherwise answers 503', { timeout: 180_000 }, async () => {
  const text = downloading('/portcullis.wasm', moduleDigest());
  const { updates, update, url } = await startDiscovered(text);
  await until('a good token passes', async () => await status(url) === 200);
  update(withMistake(text));
  await until('the refusal', async () => await updates('rejected') === 1);
  assert.equal(await status(url), 200);
  update(withMistake(downloading('/next.wasm', sha256(next(readFileSync(MODULE))))));
  await until('the update', async () => await updates('success') === 2);
  await until('no request passes', async () => await status(url) === 503);
});
