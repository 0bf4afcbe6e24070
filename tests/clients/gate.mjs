// Starts Envoy with Portcullis in front of an MCP server, on free ports of 127.0.0.1. The
// environment variable PORTCULLIS_ENVOY names the Envoy program, and PORTCULLIS_WASM names the
// proxy-wasm module. If PORTCULLIS_BUILD is `native`, Envoy runs the dynamic module that
// PORTCULLIS_NATIVE names.
import { createServer, request as send } from 'node:http';

import { startServer } from '../../envoy/demo/processes.mjs';
import { filter, inRepository, startEnvoy } from '../envoy.mjs';

const type = (name) => `type.googleapis.com/${name}`;
const socket = (port) => ({ socket_address: { address: '127.0.0.1', port_value: Number(port) } });
const listen = (server) => new Promise((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(server.address().port));
});

// Starts the authorization server and returns its issuer. The issuer is the server's own address,
// so that clients find the server's metadata.
export async function startAuthorizationServer() {
  const { issuer } = await startServer('authorization server', inRepository('envoy/authorization-server/server.mjs'), {
    HOST: '127.0.0.1', PORT: '0', AT_TTL: '600',
  });
  return issuer;
}

// Returns a port that is free now. The port must be chosen before Envoy starts, because Envoy's
// configuration contains it in the URL of the resource.
async function freePort() {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

function policy(resource, issuer, rules) {
  return {
    providers: {
      login: {
        issuer,
        audiences: [resource],
        token_types: ['at+jwt'],
        from_headers: [{ name: 'Authorization', value_prefix: 'Bearer ' }],
        remote_jwks: { http_uri: { uri: `${issuer}/jwks`, cluster: 'login', timeout: '5s' } },
      },
    },
    protected_resources: [{ resource, mcp: { legacy: 'union' } }],
    rules,
  };
}

function bootstrap(port, upstream, issuer, plugin) {
  const cluster = (name, url) => ({
    name,
    connect_timeout: '2s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(new URL(url).port) } }] }],
    },
  });
  const manager = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'ingress',
    http_filters: [
      { name: 'portcullis', typed_config: filter('mcp-clients', plugin) },
      { name: 'router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } },
    ],
    route_config: {
      virtual_hosts: [{
        name: 'mcp', domains: ['*'],
        routes: [{ match: { prefix: '/' }, route: { cluster: 'mcp', timeout: '0s' } }],
      }],
    },
  };
  return {
    admin: { address: socket(0) },
    static_resources: {
      listeners: [{
        name: 'ingress', address: socket(port),
        filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
      }],
      clusters: [cluster('mcp', upstream), cluster('login', issuer)],
    },
  };
}

// Starts Envoy in front of the MCP server at `upstream`. Returns the URL that clients use.
export async function startGate(upstream, issuer, rules) {
  const port = await freePort();
  const resource = `http://127.0.0.1:${port}/mcp`;
  const plugin = { '@type': type('google.protobuf.Struct'), value: policy(resource, issuer, rules(resource)) };
  await startEnvoy(JSON.stringify(bootstrap(port, upstream, issuer, plugin)));
  return resource;
}

// Starts a proxy that adds a token to each request, for clients that cannot get a token. If the
// value of a header is the proxy's own address, the proxy replaces this value with the resource's
// host. The proxy changes nothing else.
export async function startTokenProxy(resource, token) {
  const { host, hostname, port } = new URL(resource);
  const proxy = createServer((incoming, response) => {
    const own = `127.0.0.1:${proxy.address().port}`;
    const headers = incoming.rawHeaders.map((text) => (text === own ? host : text));
    headers.push('authorization', `Bearer ${token}`);
    const outgoing = send({ hostname, port, method: incoming.method, path: incoming.url, headers, setHost: false }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  const address = await listen(proxy);
  proxy.unref();
  return `http://127.0.0.1:${address}/mcp`;
}
