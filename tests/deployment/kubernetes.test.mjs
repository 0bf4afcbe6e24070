// Tests envoy/kubernetes/: the manifests and the policies in them. Also runs the real Envoy with the
// configuration that each controller generates from the manifests.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { parse } from 'yaml';

import { startServer, stopAll } from '../../envoy/demo/processes.mjs';
import { requestToken, signedByOther } from '../../envoy/demo/tokens.mjs';
import { LIBRARY, MODULE, freePort, inRepository, read as readFile, startEnvoy, temporary, until } from '../envoy.mjs';
import { NAMES, checkByDefinition, mistypings, only, read, validate } from './kubernetes/manifests.mjs';
import { extensionOf, fileOf, pluginOf, policyOf, translate } from './kubernetes/translation.mjs';

const PROGRAM = inRepository('target/release/portcullis');
const DIGEST = /\b0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\b/;
const FILES = Object.fromEntries(NAMES.map((name) => [name, withSecret(read(name))]));
const ISTIO = NAMES.filter((name) => name.startsWith('istio-'));

let servers;
before(async () => {
  const HOST = '127.0.0.1';
  const api = await startServer('API', inRepository('envoy/demo/upstream.mjs'), { HOST, PORT: '0' });
  const server = await startServer('authorization server', inRepository('envoy/authorization-server/server.mjs'), {
    HOST, PORT: '0', ISSUER: 'https://idp.example.com',
  });
  servers = { upstream: api.url, authorizationServer: server.url, module: MODULE, library: LIBRARY };
});
after(stopAll);

// Replaces REPLACE-ME in the manifests with a random secret, as a user would.
function withSecret(resources) {
  return JSON.parse(JSON.stringify(resources).replace('REPLACE-ME', randomBytes(32).toString('base64url')));
}

function check(text) {
  return execFileSync(PROGRAM, ['check', '--strict', temporary('checked.yaml', text)], { encoding: 'utf8', stdio: 'pipe' });
}

test('every field is one that its kind has, with a value of its type', { timeout: 300_000 }, () => {
  assert.deepEqual(mistypings(FILES), []);
  const [policy] = JSON.parse(JSON.stringify(FILES['istio-wasm-plugin.yaml'])).filter(({ kind }) => kind === 'WasmPlugin');
  policy.spec.failStratgy = policy.spec.failStrategy;
  assert.match(mistypings({ misspelt: [policy] }).join(), /failStratgy/);
});

for (const name of NAMES) {
  test(`an API server would accept ${name}`, async () => {
    for (const resource of FILES[name]) {
      await validate(resource);
      if (process.env.PORTCULLIS_CRDS) checkByDefinition(resource, process.env.PORTCULLIS_CRDS);
    }
  });

  test(`${name} pins an image by its digest, and never fails open`, () => {
    const text = JSON.stringify(FILES[name]);
    assert.match(text, DIGEST);
    assert.doesNotMatch(text, /(failure_policy|failStrategy)\W+FAIL_OPEN|fail_?open\W+true|"Remote"/i);
  });

  test(`the policy in ${name} has no error and no warning`, () => {
    check(JSON.stringify(policyOf(FILES[name])));
  });
}

test('all files have the same policy', () => {
  const policies = NAMES.map((name) => {
    const { shared_memory_key: key, ...policy } = policyOf(FILES[name]);
    assert.equal(Boolean(key), ISTIO.includes(name), `${name}: only Istio gives the module no vm_id`);
    return JSON.parse(JSON.stringify(policy).replace('outbound|443||idp.example.com', 'idp'));
  });
  for (const policy of policies) assert.deepEqual(policy, policies[0]);
});

test('images are named with the versions that are tested', () => {
  const [, envoy] = /^ENVOY_VERSION := (.*)$/m.exec(readFile('Makefile'));
  const [, rust] = /^rust-version = "(.*)"$/m.exec(readFile('Cargo.toml'));
  for (const path of ['Dockerfile', 'envoy/compose/prebuilt.yml', 'envoy/kubernetes/deployment.yaml']) {
    const named = Array.from(readFile(path).matchAll(/envoyproxy\/envoy:(?:distroless-)?v(\S+)/g), ([, version]) => version);
    assert.deepEqual([...new Set(named)], [envoy], path);
  }
  assert.match(readFile('Dockerfile'), new RegExp(`^FROM rust:${rust}-`, 'm'));
});

test('the labels of metrics are those of envoy/observability/', () => {
  const { stats_config: { stats_tags: tags } } = parse(readFile('envoy/observability/stats-tags.yaml'));
  const patches = ({ spec }) => spec.bootstrap.jsonPatches.filter(({ path }) => path === '/stats_config/stats_tags/-');
  for (const name of NAMES.filter((one) => one.startsWith('envoy-gateway'))) {
    assert.deepEqual(patches(only(FILES[name], 'EnvoyProxy')).map(({ value }) => value), tags);
  }
  assert.deepEqual(parse(fileOf(FILES['deployment.yaml'])).stats_config.stats_tags, tags);
});

test('the secret in the files of Istio must be replaced', () => {
  for (const name of ISTIO) {
    const policy = policyOf(read(name));
    assert.throws(() => check(JSON.stringify(policy)), ({ stdout }) => stdout.includes('shared_memory_key'));
  }
});

test('the Envoy file of the Deployment has no error and no warning', () => {
  check(fileOf(FILES['deployment.yaml']));
});

// Starts Envoy with the configuration that the controller would generate from the manifests. The
// result's `update` function replaces the resource that Istio sends through ECDS, Envoy's discovery
// service for filter configurations.
async function start(name, resources = FILES[name]) {
  const extension = ISTIO.includes(name) ? temporary('extension.json', extensionOf(pluginOf(resources), MODULE)) : undefined;
  const envoy = await startEnvoy(translate(resources, { ...servers, extension, admin: await freePort() }));
  const update = (plugin) => renameSync(temporary('update.json', extensionOf(plugin, MODULE)), extension);
  return { ...envoy, update };
}

const tokenFor = (scope) => requestToken(servers.authorizationServer, { resource: 'https://api.example.com', scope });

async function request(envoy, path, token, headers = {}) {
  const authorization = token ? { authorization: `Bearer ${token}` } : {};
  const response = await fetch(`${envoy.url('ingress')}${path}`, { headers: { ...headers, ...authorization } });
  return { status: response.status, body: await response.text() };
}

for (const name of NAMES.filter((one) => LIBRARY || !one.includes('native'))) {
  test(`Envoy with ${name} lets in good tokens only`, { timeout: 120_000 }, async () => {
    const envoy = await start(name);
    const good = await tokenFor('orders:read');
    await until('keys', async () => (await request(envoy, '/orders/7', good)).status === 200);
    const wrong = [undefined, signedByOther(good), await tokenFor('orders:write')];
    const answers = await Promise.all(wrong.map((token) => request(envoy, '/orders/7', token)));
    assert.deepEqual(answers.map(({ status }) => status), [401, 401, 403]);
    assert.equal((await request(envoy, '/healthz')).status, 200);
    // Envoy or Portcullis refuses the escaped slash. With the manifests for Envoy Gateway, Envoy
    // redirects to the unescaped path instead, and that path needs a token.
    assert.ok([400, 401].includes((await request(envoy, '/healthz/..%2forders')).status));
    const { body } = await request(envoy, '/orders/7', good, { 'x-user': 'admin' });
    assert.equal(JSON.parse(body).headers['x-user'], 'orders-service');
    const metrics = async () => (await fetch(`${envoy.admin}/stats/prometheus`)).text();
    const denied = /portcullis_denied\{portcullis_reason="missing_credential"\} [12]$/m;
    if (!ISTIO.includes(name)) await until('the counter', async () => denied.test(await metrics()));
  });
}

// Returns the number of ECDS updates that Envoy has rejected.
async function refusals(envoy) {
  const stats = await (await fetch(`${envoy.admin}/stats?filter=config_discovery`)).text();
  return Number(/\.update_rejected: (\d+)/.exec(stats)?.[1]);
}

test('an update by Istio takes effect, and an update with a mistake changes nothing', { timeout: 120_000 }, async () => {
  const envoy = await start(ISTIO[0]);
  const good = await tokenFor('orders:read');
  const status = async () => (await request(envoy, '/orders/7', good)).status;
  const changed = (from, to) => JSON.parse(JSON.stringify(pluginOf(FILES[ISTIO[0]])).replace(from, to));
  await until('keys', async () => await status() === 200);
  envoy.update(changed('"providers"', '"provider"'));
  await until('the refusal', async () => await refusals(envoy) === 1);
  assert.equal(await status(), 200);
  envoy.update(changed('orders:read', 'orders:admin'));
  await until('the new policy', async () => await status() === 403);
});

test('with a mistake in the first policy of Istio, no request passes', { timeout: 120_000 }, async () => {
  const envoy = await start(ISTIO[0], read(ISTIO[0]));
  assert.equal(await refusals(envoy), 1);
  assert.equal((await request(envoy, '/orders/7', await tokenFor('orders:read'))).status, 500);
  assert.equal((await request(envoy, '/healthz')).status, 500);
});

test('the kubelet reaches two paths of the admin interface, and no others', async () => {
  const envoy = await start('deployment.yaml');
  const get = async (path, method = 'GET') => (await fetch(`${envoy.url('operations')}${path}`, { method })).status;
  assert.deepEqual([await get('/ready'), await get('/stats/prometheus')], [200, 200]);
  assert.deepEqual([await get('/config_dump'), await get('/ready/../quitquitquit', 'POST'), await get('/ready', 'POST')], [404, 404, 404]);
});
