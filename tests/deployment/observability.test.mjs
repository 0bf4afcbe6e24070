// Tests envoy/observability/ with the demo. A real Prometheus scrapes Envoy and evaluates every
// expression of the dashboard and of the alerts. Prometheus must find each metric that an expression
// names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';

import { configuration } from '../../envoy/demo/configuration.mjs';
import { start, stopAll } from '../../envoy/demo/processes.mjs';
import { requestToken } from '../../envoy/demo/tokens.mjs';
import { LIBRARY, MODULE, freePort, inRepository, read, startEnvoy, startServers, temporary, until } from '../envoy.mjs';

const { PROMETHEUS, PROMTOOL } = process.env;
const FOLDER = inRepository('envoy/observability');
const dashboard = JSON.parse(read('envoy/observability/dashboard.json'));
const expressions = [
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$instance', '.*'))),
  ...Array.from(read('envoy/observability/alerts.yaml').matchAll(/expr: (?:\|\n)?((?:.+\n)(?: {12}.+\n)*)/g), ([, expr]) => expr),
];
// Matches the names of metrics, but not those of labels.
const METRIC = /\b(?:portcullis_(?!reason\b|provider\b)|envoy_http_downstream_)\w+/g;
const named = [...new Set(expressions.flatMap((expr) => expr.match(METRIC)))].sort();

let servers;
let gates;

// Returns the demo's configuration with three additions: the tags and the audit log of
// envoy/observability/, and a provider `never` whose keys never arrive.
function observed(library) {
  const log = read('envoy/observability/audit-log.yaml').replace(/^/gm, ' '.repeat(18));
  const never = `providers:
                              never:
                                issuer: https://never.example
                                audiences: [never]
                                remote_jwks:
                                  http_uri: { uri: https://never.example/none, cluster: authorization_server, timeout: 2s }
`;
  const text = configuration({ ...servers, module: MODULE, library })
    .replace(/^ {16}access_log:\n/m, (line) => `${line}${log}\n`)
    .replace('providers:\n', () => never);
  return `${text}\n${read('envoy/observability/stats-tags.yaml')}`;
}

before(async () => {
  servers = await startServers();
  gates = { wasm: await startEnvoy(observed()) };
  if (LIBRARY) gates.native = await startEnvoy(observed(LIBRARY));
});
after(stopAll);

async function traffic(gate) {
  const token = await requestToken(servers.authorizationServer, { resource: 'https://api.example/orders', scope: 'orders:read' });
  const url = `${gate.url('ingress')}/orders/7`;
  for (const authorization of [`Bearer ${token}`, `Bearer ${token}`, 'Bearer SECRET.SECRET.SECRET', '']) {
    await (await fetch(`${url}?access=SECRET`, { headers: authorization ? { authorization } : {} })).text();
  }
}

test('the alerts raise what their tests say', () => {
  execFileSync(PROMTOOL, ['check', 'rules', 'alerts.yaml'], { cwd: FOLDER });
  execFileSync(PROMTOOL, ['test', 'rules', 'alerts.test.yaml'], { cwd: FOLDER, encoding: 'utf8' });
});

test('the documentation lists the alerts with their metrics', () => {
  const rows = read('docs/operations.md').matchAll(/^\| `(\w+)` \| (.*) \| .* \|$/gm);
  const listed = new Map(Array.from(rows, ([, alert, raised]) => [alert, raised]));
  const rules = Array.from(read('envoy/observability/alerts.yaml').matchAll(/alert: (\w+)\n {8}expr: (?:\|\n)?((?:.+\n)(?: {12}.+\n)*)/g));
  assert.ok(rules.length > 4);
  for (const [, alert, expr] of rules) {
    for (const metric of expr.match(METRIC)) assert.ok(listed.get(alert)?.includes(`\`${metric}\``), `${alert}: ${metric}`);
  }
});

for (const build of LIBRARY ? ['wasm', 'native'] : ['wasm']) {
  test(`every metric that the dashboard and the alerts name exists: ${build}`, async () => {
    await traffic(gates[build]);
    const stats = async () => (await fetch(`${gates[build].admin}/stats/prometheus`)).text();
    await until('the alert of missing keys', async () => /keys_missing\{portcullis_provider="never"\} 1/.test(await stats()));
    // The proxy-wasm module does not count a refusal until its timer next fires.
    await until('the counters', async () => /denied\{portcullis_reason="missing_credential"\} 1/.test(await stats()));
    // prometheus.yaml removes this prefix from the names.
    const text = (await stats()).replaceAll('envoy_dynamicmodulescustom_portcullis_', 'portcullis_');
    for (const name of named) assert.match(text, new RegExp(`^${name}\\{`, 'm'));
    assert.match(text, /^portcullis_denied\{portcullis_reason="missing_credential"\} 1$/m);
    assert.match(text, /^portcullis_provider_keys\{portcullis_provider="example"\} [1-9]/m);
  });

  test(`the audit log has a line for each refusal, without any token: ${build}`, async () => {
    const lines = () => gates[build].log.filter((line) => line.includes('"event":"portcullis_denied"'));
    await until('the lines', () => lines().length >= 2);
    const entries = lines().map((line) => JSON.parse(line));
    assert.deepEqual(entries.map(({ details }) => details), ['portcullis_denied{malformed_token}', 'portcullis_denied{missing_credential}']);
    for (const { time, path, status, client } of entries) {
      assert.ok(time && client);
      assert.deepEqual([path, String(status)], ['/orders/7', '401']);
    }
    assert.ok(!gates[build].log.some((line) => line.includes('SECRET')));
  });
}

test('Prometheus scrapes Envoy and evaluates every expression', async () => {
  const targets = Object.values(gates).map(({ admin }) => new URL(admin).host);
  const shipped = read('envoy/observability/prometheus.yaml')
    .replace('127.0.0.1:9901', targets.join(', '))
    .replace('alerts.yaml', `${FOLDER}/alerts.yaml`);
  const file = temporary('prometheus.yaml', `global: { scrape_interval: 1s, evaluation_interval: 1s }\n${shipped}`);
  const port = await freePort();
  const server = `http://127.0.0.1:${port}`;
  start('Prometheus', PROMETHEUS, [`--config.file=${file}`, `--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${file}.data`]);
  const query = async (expr) => (await fetch(`${server}/api/v1/query?${new URLSearchParams({ query: expr })}`)).json();
  for (const name of named) {
    await until(name, async () => {
      await Promise.all(Object.values(gates).map(traffic));
      const { data } = await query(name);
      return targets.every((target) => data.result.some(({ metric }) => metric.instance === target));
    });
  }
  for (const expr of expressions) assert.equal((await query(expr)).status, 'success', expr);
  await until('the alert', async () => {
    const { data } = await (await fetch(`${server}/api/v1/alerts`)).json();
    return data.alerts.some(({ labels }) => labels.alertname === 'PortcullisKeysMissing' && labels.portcullis_provider === 'never');
  });
});
