// Tests an MCP server behind Envoy and Portcullis with real MCP clients and with MCP's conformance
// suite. At first, a client knows only its own credentials and the URL of the MCP server. It gets 401,
// finds the metadata, requests a token from a real authorization server, and then uses the MCP server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { ClientCredentialsProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { CLIENT_ID, CLIENT_SECRET } from '../../envoy/authorization-server/server.mjs';
import { start, stopAll } from '../../envoy/demo/processes.mjs';
import { requestToken } from '../../envoy/demo/tokens.mjs';
import { startAuthorizationServer, startGate, startTokenProxy } from './gate.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const run = promisify(execFile);
const { PYTHON = 'python3', PROGRAM } = process.env;

let issuer;
let server;

before(async () => {
  issuer = await startAuthorizationServer();
  server = await new Promise((resolve, reject) => {
    const onLine = (line) => line.startsWith('{"ready": true') && resolve(JSON.parse(line).url);
    start('MCP server', PYTHON, [here('server.py')], { onLine }).died.catch(reject);
  });
});

after(stopAll);

// Returns the rules. Two tools need different scopes. Three other methods, and the GET and DELETE
// requests of older clients, need only a token.
function rules() {
  const rule = (call, scopes) => ({
    match: { path_separated_prefix: '/mcp', mcp: call },
    requires: { provider_name: 'login' },
    ...(scopes && { authorize: { scopes: { all_of: scopes } } }),
  });
  return [
    rule({ methods: ['tools/call'], names: ['list_orders'] }, ['orders:read']),
    rule({ methods: ['tools/call'], names: ['cancel_order'] }, ['orders:write']),
    rule({ methods: ['server/discover', 'tools/list', 'subscriptions/listen'] }),
    { match: { path_separated_prefix: '/mcp', methods: ['GET', 'DELETE'] }, requires: { provider_name: 'login' } },
  ];
}

test('the Python SDK finds the authorization server, and calls the tools that rules list', async () => {
  const url = await startGate(server, issuer, rules);
  const { stdout } = await run(PYTHON, [here('client.py')], {
    env: { ...process.env, URL: url, ISSUER: issuer, CLIENT_ID, CLIENT_SECRET },
  });
  const result = JSON.parse(stdout);
  assert.equal(result.listed, '7, 8');
  assert.equal(result.cancelled, 'cancelled 7');
  assert.notEqual(result.dropped, 'called', 'a tool that no rule lists');
  const [first] = result.requests;
  assert.equal(first.version, '2026-07-28');
  assert.equal(first.status, 401);
  assert.match(first.challenge, /resource_metadata="[^"]*\/\.well-known\/oauth-protected-resource\/mcp"/);
  const metadata = result.requests.find(({ path }) => path === '/.well-known/oauth-protected-resource/mcp');
  assert.equal(metadata.status, 200);
  assert.ok(result.requests.filter(({ path }) => path === '/mcp').slice(1).some(({ status }) => status === 200));
});

test('the TypeScript SDK, which speaks an older revision, needs the rights of all tools', async () => {
  const url = await startGate(server, issuer, rules);
  const connect = async (scope) => {
    const responses = [];
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      authProvider: new ClientCredentialsProvider({
        clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, expectedIssuer: issuer, scope,
      }),
      fetch: async (target, options) => {
        const response = await fetch(target, options);
        const challenge = response.headers.get('www-authenticate');
        responses.push({ path: new URL(target).pathname, status: response.status, challenge });
        return response;
      },
    });
    const connected = await client.connect(transport).then(() => true, () => false);
    return { client, connected, responses };
  };
  const some = await connect('orders:read');
  assert.equal(some.connected, false);
  const refusal = some.responses.find(({ status }) => status === 403);
  assert.match(refusal.challenge, /error="insufficient_scope", scope="orders:read orders:write"/);

  const { client, connected, responses } = await connect('orders:read orders:write');
  assert.equal(connected, true);
  assert.equal(responses[0].status, 401);
  assert.match(responses[0].challenge, /scope="orders:read orders:write", resource_metadata="/);
  assert.ok(responses.some(({ path, status }) => path === '/.well-known/oauth-protected-resource/mcp' && status === 200));
  const { content } = await client.callTool({ name: 'list_orders', arguments: {} });
  assert.equal(content[0].text, '7, 8');
  await client.close();
});

// Runs the conformance suite and returns the number of failed checks of each scenario.
async function conformance(url) {
  const suite = here('node_modules/@modelcontextprotocol/conformance/dist/index.js');
  const node = here(`node_modules/node-linux-${process.arch}/bin/node`);
  const args = [suite, 'server', '--url', url, '--requirements', '2026-07-28', '--timeout', '20000'];
  // The suite exits with an error code, because some scenarios test features that the server lacks.
  const { stdout } = await run(node, args, { maxBuffer: 1 << 26 }).catch((error) => error);
  const lines = stdout.matchAll(/^[✓✗] ([\w-]+): \d+ passed, (\d+) failed/gm);
  return Object.fromEntries(Array.from(lines, ([, scenario, failed]) => [scenario, Number(failed)]));
}

test('the conformance suite has the same result with and without the gate', async () => {
  const url = await startGate(server, issuer, () => [{
    match: { path_separated_prefix: '/mcp', mcp: { any: true } },
    requires: { provider_name: 'login' },
    authorize: { scopes: { all_of: ['orders:read'] } },
  }]);
  const token = await requestToken(issuer, { resource: url, scope: 'orders:read' });
  const alone = await conformance(server);
  for (const scenario of ['tools-call-simple-text', 'resources-read-text', 'prompts-get-simple', 'http-header-validation']) {
    assert.equal(alone[scenario], 0, `${scenario} without the gate`);
  }
  // Two checks send the protocol revision `v999.0.0` and expect an error from the MCP server. These
  // checks fail with the gate: a revision must be a date, so Portcullis refuses the requests itself.
  const expected = { ...alone, 'server-stateless': alone['server-stateless'] + 2 };
  assert.deepEqual(await conformance(await startTokenProxy(url, token)), expected);
});

test('check --mcp finds that the server compares headers with the body', async () => {
  const { stdout } = await run(PROGRAM, ['check', '--mcp', server]);
  assert.equal(stdout, `${server}: ok: the server compares headers with the body\n`);
});
