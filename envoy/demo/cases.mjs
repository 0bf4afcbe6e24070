// The requests of the demo, each with its expected outcome. `answer` is the status, followed by the
// `error` of the challenge if the challenge has one. `reason` is the reason in Envoy's access log.
// `saw` contains the headers that the API must receive, with null for a header that it must not
// receive. `sawPath` is the path that the API must receive. `challenge` is the whole
// `WWW-Authenticate` header.
import { requestToken, signedByOther, unsigned, withClaims } from './tokens.mjs';

const API = 'https://api.example';
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const IDENTITY = { 'x-user': 'orders-service', 'x-client': 'orders-service', 'x-tenant': 'acme' };
const NOBODY = { 'x-user': null, 'x-client': null, 'x-tenant': null };

async function obtainTokens(url) {
  const token = (name, scope, more = {}) => requestToken(url, {
    resource: `${API}/${name}`, scope, ...more,
  });
  return {
    read: await token('orders', 'orders:read'),
    write: await token('orders', 'orders:read orders:write'),
    ps256: await token('ps256', 'orders:read'),
    es256: await token('es256', 'orders:read'),
    eddsa: await token('eddsa', 'orders:read'),
    es512: await token('es512', 'orders:read'),
    expired: await token('orders', 'orders:read', { ttl: '-600' }),
    elsewhere: await token('invoices', 'orders:read'),
    opaque: await requestToken(url, { scope: 'orders:read' }),
  };
}

// Describes a GET request for an order. `more` can set another method or path, and further
// expectations.
function get(name, headers, answer, more) {
  return { name, method: 'GET', path: '/orders/7', headers, answer, ...more };
}

export async function demoCases(authorizationServer) {
  const tokens = await obtainTokens(authorizationServer);
  return [
    { title: 'Who may enter', tests: entering(tokens) },
    { title: 'What a token allows', tests: authorization(tokens) },
    { title: 'What an MCP client may call', tests: tools(tokens) },
    { title: 'What a client can find out', tests: resource(tokens) },
    { title: 'Forgeries', tests: forgeries(tokens) },
    { title: 'What the API gets to see', tests: identity(tokens) },
    { title: 'What operators get to see', tests: status(tokens) },
  ];
}

function entering(tokens) {
  const invalid = (name, token, reason) => get(name, bearer(token), '401 invalid_token', { reason });
  return [
    get('no token', {}, '401', { reason: 'missing_credential' }),
    get('another scheme', { authorization: 'Basic b3JkZXJzOnNlY3JldA==' }, '401', { reason: 'missing_credential' }),
    get('good token, RS256', bearer(tokens.read), '200', { saw: { ...IDENTITY, authorization: null } }),
    get('good token, PS256', bearer(tokens.ps256), '200', { saw: IDENTITY }),
    get('good token, ES256', bearer(tokens.es256), '200', { saw: IDENTITY }),
    get('good token, EdDSA', bearer(tokens.eddsa), '200', { saw: IDENTITY }),
    get('good token in the query', {}, '200', {
      path: `/orders/7?access_token=${tokens.read}&page=2`, saw: IDENTITY, sawPath: '/orders/7?page=2',
    }),
    invalid('algorithm that is not listed', tokens.es512, 'algorithm'),
    invalid('expired', tokens.expired, 'expired'),
    invalid('for another audience', tokens.elsewhere, 'audience'),
    invalid('opaque token', tokens.opaque, 'malformed_token'),
  ];
}

function authorization(tokens) {
  return [
    get('POST with orders:read only', bearer(tokens.read), '403 insufficient_scope', {
      method: 'POST', reason: 'insufficient_scope',
    }),
    get('POST with orders:write', bearer(tokens.write), '200', { method: 'POST', saw: IDENTITY }),
    get('a path that no rule names', bearer(tokens.write), '403 insufficient_scope', {
      path: '/admin', reason: 'unmatched',
    }),
    get('the same without a token', {}, '401', { path: '/admin', reason: 'missing_credential' }),
  ];
}

// Tool calls by MCP clients. A header names the tool.
function tools(tokens) {
  const call = (name, token, tool, answer, more) => get(name, {
    ...bearer(token), 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': tool,
  }, answer, { method: 'POST', path: '/mcp', ...more });
  return [
    call('tool for orders:read', tokens.read, 'list_orders', '200', { saw: IDENTITY }),
    call('tool for orders:write', tokens.read, 'cancel_order', '403 insufficient_scope', {
      reason: 'insufficient_scope',
    }),
    call('the same with orders:write', tokens.write, 'cancel_order', '200', { saw: IDENTITY }),
    call('tool that no rule lists', tokens.write, 'drop_orders', '403 insufficient_scope', {
      reason: 'unmatched',
    }),
    call('two tools in one header', tokens.read, 'list_orders, cancel_order', '400', {
      reason: 'mcp_header',
    }),
  ];
}

// Requests for the protected resource https://api.example/orders. All other requests of the demo
// have Envoy's own address as their host.
function resource(tokens) {
  const host = 'api.example';
  const metadata = '/.well-known/oauth-protected-resource/orders';
  return [
    get('where to get a token', { host }, '200', { path: metadata, reason: 'portcullis_resource' }),
    get('the same at another host', { host: 'evil.example' }, '401', {
      path: metadata, reason: 'missing_credential',
    }),
    get('no token', { host }, '401', {
      reason: 'missing_credential',
      challenge: `Bearer realm="orders", scope="orders:read", resource_metadata="${API}${metadata}"`,
    }),
    get('token for this resource', { host, ...bearer(tokens.read) }, '200', { saw: IDENTITY }),
    get('no recent login', { host, ...bearer(tokens.write) }, '401 insufficient_user_authentication', {
      method: 'DELETE',
      reason: 'authentication',
      challenge: 'Bearer realm="orders", error="insufficient_user_authentication", max_age="300", '
        + `scope="orders:write", resource_metadata="${API}${metadata}"`,
    }),
  ];
}

function forgeries(tokens) {
  const raised = withClaims(tokens.read, { scope: 'orders:read orders:write' });
  return [
    get('scope raised, signature kept', bearer(raised), '401 invalid_token', {
      method: 'POST', reason: 'bad_signature',
    }),
    get('signed by another key, known kid', bearer(signedByOther(tokens.es256)), '401 invalid_token', {
      reason: 'bad_signature',
    }),
    get('signed by another key, unknown kid', bearer(signedByOther(tokens.es256, 'mine')), '401 invalid_token', {
      reason: 'unknown_key',
    }),
    get('alg none', bearer(unsigned(tokens.read)), '401 invalid_token', { reason: 'malformed_token' }),
    get('two tokens', bearer(tokens.read), '400 invalid_request', {
      path: `/orders/7?access_token=${tokens.write}`, reason: 'several_credentials',
    }),
    get('"Bearer" without a token', { authorization: 'Bearer' }, '400 invalid_request', {
      reason: 'malformed_credential',
    }),
    get('encoded slash in the path', bearer(tokens.read), '400', { path: '/orders%2f..%2fadmin' }),
    get('path parameters that evade a rule', bearer(tokens.read), '400', {
      path: '/orders;v=1/7', reason: 'ambiguous_path',
    }),
  ];
}

function identity(tokens) {
  return [
    get('x-user sent by the client', { ...bearer(tokens.read), 'x-user': 'admin' }, '200', { saw: IDENTITY }),
    get('x_user sent by the client', { ...bearer(tokens.read), x_user: 'admin' }, '200', {
      saw: { ...IDENTITY, x_user: null },
    }),
    get('x-user on an open path', { 'x-user': 'admin' }, '200', { path: '/healthz', saw: NOBODY }),
    get('CORS preflight', {
      origin: 'https://shop.example', 'access-control-request-method': 'POST',
    }, '204', { method: 'OPTIONS' }),
    get('OPTIONS that is not a preflight', {}, '401', { method: 'OPTIONS', reason: 'missing_credential' }),
  ];
}

function status(tokens) {
  const path = '/portcullis';
  return [
    get('state of the authorization server', bearer(tokens.read), '200', { path }),
    get('the same without a token', {}, '401', { path, reason: 'missing_credential' }),
    get('POST', bearer(tokens.read), '405', { path, method: 'POST', reason: 'method_not_allowed' }),
  ];
}
