// Runs Envoy with the module in front of an API, on free ports of 127.0.0.1. The configuration has
// working, unavailable and disabled authorization servers. The environment variable
// PORTCULLIS_ENVOY names the Envoy program, and PORTCULLIS_WASM names the proxy-wasm module. If
// PORTCULLIS_BUILD is `native`, Envoy runs the dynamic module that PORTCULLIS_NATIVE names.
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

import { filter, startEnvoy, until } from '../envoy.mjs';

export const STATUS = '/portcullis';
export const COOKIE = 'session';
// A value with two scripts. If the page ran one of the scripts, the page's title would change.
export const HOSTILE = '"><img src=x onerror="document.title=1"></bdi><script>document.title=2</script>';
// The longest name that an authorization server may have. It has no space, so the page cannot break
// it into several lines.
export const LONG = 'l'.repeat(64);
const SECRET = Buffer.alloc(32, 7);

// A token for operators. The tests send it as a cookie, because a browser sends cookies by itself.
export function token(lifetime = 600) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const input = [
    { alg: 'HS256', kid: 'operators-1' },
    { iss: 'https://operators.example', aud: 'status', exp: now + lifetime },
  ].map(encode).join('.');
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
}

// Starts a server, and returns its port. The server publishes two keys at /keys.
async function startKeyServer() {
  const keys = ['one', 'two'].map((kid) => ({
    ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA',
  }));
  const server = createServer(({ url }, response) => {
    response.writeHead(url.split('?')[0] === '/keys' ? 200 : 404).end(JSON.stringify({ keys }));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  server.unref();
  return server.address().port;
}

function configuration() {
  const audiences = ['orders'];
  const fetched = (uri) => ({ http_uri: { uri, cluster: 'keys', timeout: '2s' }, cache_duration: '600s' });
  return {
    providers: {
      login: {
        description: 'Customers and partners',
        issuer: 'https://login.example.com', audiences, remote_jwks: fetched('https://login.example.com/keys?key=in-the-query'),
      },
      broken: {
        description: HOSTILE,
        issuer: 'https://broken.example.com', audiences, remote_jwks: fetched('https://broken.example.com/gone'),
      },
      [LONG]: {
        description: 'd'.repeat(256),
        issuer: `https://${'long-'.repeat(10)}.example.com`, audiences,
        remote_jwks: fetched(`https://long.example.com/${'gone'.repeat(50)}?key=in-the-query`),
      },
      off: {
        enabled: false, issuer: 'https://off.example.com', audiences, remote_jwks: fetched('https://off.example.com/keys'),
      },
      operators: {
        issuer: 'https://operators.example', audiences: ['status'],
        shared_secrets: [{ kid: 'operators-1', secret: SECRET.toString('base64url') }],
        from_cookies: [COOKIE],
      },
    },
    rules: [{ match: { prefix: '/' }, requires: { provider_name: 'login' } }],
    status: { path: STATUS, requires: { provider_name: 'operators' }, base_url: 'https://api.example.com/v1' },
  };
}

function bootstrap(keyServer) {
  const socket = (port) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const type = (name) => `type.googleapis.com/${name}`;
  const plugin = { '@type': type('google.protobuf.Struct'), value: configuration() };
  const manager = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'ingress',
    http_filters: [
      { name: 'portcullis', typed_config: filter('browser-test', plugin) },
      { name: 'router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } },
    ],
    route_config: {
      virtual_hosts: [{
        name: 'api', domains: ['*'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 204 } }],
      }],
    },
  };
  return {
    admin: { address: socket(0) },
    static_resources: {
      listeners: [{
        name: 'ingress', address: socket(0),
        filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
      }],
      clusters: [{
        name: 'keys', connect_timeout: '2s',
        load_assignment: {
          cluster_name: 'keys',
          endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(keyServer) } }] }],
        },
      }],
    },
  };
}

// Starts the gate. Returns its address when the first fetch from every authorization server has
// ended.
export async function startGate() {
  const envoy = await startEnvoy(JSON.stringify(bootstrap(await startKeyServer())));
  const url = envoy.url('ingress');
  await until('the first fetches', async () => {
    const { providers } = await report(url);
    return providers.every(({ health }) => health !== 'starting');
  });
  return url;
}

export async function report(url) {
  return (await fetch(`${url}${STATUS}`, { headers: { cookie: `${COOKIE}=${token()}` } })).json();
}
