// An OAuth 2.0 authorization server for the demo and the end-to-end tests. It runs npm's
// `oidc-provider`, a certified implementation. Its clients get access tokens (RFC 9068) with the grant
// `client_credentials`. Do not copy it for production: keys and clients are in memory, and secrets
// are in this file.
//
// The resource that a client asks for becomes the token's audience. The last segment of the
// resource chooses the signing algorithm: `https://api.example/es256` gives ES256, and a segment
// that names no algorithm gives RS256. The form field `ttl` is the token's lifetime in seconds; if
// it is negative, the token has already expired. Without a resource, the token is opaque.
//
//   curl -u orders-service:… -d grant_type=client_credentials -d scope=orders:read \
//        -d resource=https://api.example/orders http://127.0.0.1:8081/token
//
// Environment variables:
//
//   HOST         default: 127.0.0.1
//   PORT         default: 0, a free port
//   ISSUER       default: the URL that the server listens on
//   KEYS_FILE    a file with a private JWKS, created if missing. To rotate keys, replace the file and
//                restart the server. Without KEYS_FILE, the keys are in memory.
//   AT_TTL       the lifetime of access tokens in seconds; default: 600
//   CLIENT_JWKS  the public JWKS of a second client, `reporting-job`, which authenticates with
//                `private_key_jwt`
//
// When the server is ready, it prints one line of JSON on stdout:
// {"ready":true,"issuer","url","pid"}.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

import { exportJWK, generateKeyPair } from 'jose';

export const CLIENT_ID = 'orders-service';
export const CLIENT_SECRET = 'orders-service-secret-0123456789abcdef0123456789';
const SCOPES = ['orders:read', 'orders:write', 'cloud.example::4711::auditor'];
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

async function generateKeys() {
  // The key IDs contain the time, so that keys from different calls have different IDs.
  const generation = Date.now().toString(36);
  const keys = await Promise.all(ALGORITHMS.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `${alg.toLowerCase()}-${generation}`;
    return { ...(await exportJWK(privateKey)), use: 'sig', alg, kid };
  }));
  return { keys };
}

async function loadKeys(file) {
  if (file && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const keys = await generateKeys();
  if (file) writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
  return keys;
}

function algorithmOf(resource) {
  const name = resource.split('/').pop().toLowerCase();
  return ALGORITHMS.find((algorithm) => algorithm.toLowerCase() === name) ?? 'RS256';
}

function configuration(jwks, lifetime, clientJwks) {
  const client = {
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope: SCOPES.join(' '),
  };
  const clients = [{
    ...client,
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    token_endpoint_auth_method: 'client_secret_basic',
  }];
  if (clientJwks) {
    clients.push({
      ...client,
      client_id: 'reporting-job',
      jwks: JSON.parse(clientJwks),
      token_endpoint_auth_method: 'private_key_jwt',
    });
  }
  return {
    jwks,
    clients,
    scopes: SCOPES,
    // This list of algorithms for ID tokens also limits the algorithms for access tokens.
    enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          audience: resource,
          scope: SCOPES.join(' '),
          accessTokenFormat: 'jwt',
          accessTokenTTL: lifetime,
          jwt: { sign: { alg: algorithmOf(resource) } },
        }),
      },
    },
    ttl: { ClientCredentials: lifetime },
    extraTokenClaims: () => ({ roles: ['clerk'], tenant: 'acme' }),
    formats: {
      customizers: {
        jwt(ctx, token, { payload }) {
          const ttl = Number.parseInt(ctx.oidc.body?.ttl, 10);
          if (Number.isNaN(ttl)) return;
          payload.exp = Math.floor(Date.now() / 1000) + ttl;
          payload.iat = Math.min(payload.iat, payload.exp - 1);
        },
      },
    },
  };
}

// Suppresses two warnings. One concerns the in-memory store, which is intended. The other says that the
// library needs a newer version of Node, but it also runs on Node 20.
async function createProvider(issuer, options) {
  const { warn } = console;
  console.warn = (line, ...rest) => {
    if (!/Unsupported runtime|in-memory adapter/.test(line)) warn(line, ...rest);
  };
  try {
    const { Provider } = await import('oidc-provider');
    return new Provider(issuer, options);
  } finally {
    console.warn = warn;
  }
}

async function main() {
  const { HOST: host = '127.0.0.1', PORT: port = '0', AT_TTL: lifetime = '600' } = process.env;
  const keys = await loadKeys(process.env.KEYS_FILE);
  // The server listens before it knows its issuer, because the default issuer contains the port.
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(Number(port), host, resolve);
  });
  const url = `http://${host}:${server.address().port}`;
  const issuer = process.env.ISSUER ?? url;
  const options = configuration(keys, Number(lifetime), process.env.CLIENT_JWKS);
  const provider = await createProvider(issuer, options);
  provider.on('server_error', (ctx, error) => console.error('server_error', error));
  provider.on('grant.error', (ctx, error) => console.error('grant.error', error.error_description));
  server.on('request', provider.callback());

  const stop = () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  console.log(JSON.stringify({ ready: true, issuer, url, pid: process.pid }));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
