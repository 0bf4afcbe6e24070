// Tokens for the demo. Genuine tokens come from the authorization server, through the grant
// `client_credentials`. Forged tokens are made here, as an attacker would make them.
import { generateKeyPairSync, sign } from 'node:crypto';

import { CLIENT_ID, CLIENT_SECRET } from '../authorization-server/server.mjs';

// Gets a token from the authorization server at `url`. `form` contains the form field `scope`, and
// optionally `resource` and `ttl`. Only the demo's server understands `ttl`.
export async function requestToken(url, form) {
  const basic = Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64');
  const response = await fetch(`${url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...form }),
  });
  const answer = await response.json();
  if (!answer.access_token) throw new Error(`no token from ${url}: ${JSON.stringify(answer)}`);
  return answer.access_token;
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

// Returns the token with some of its claims replaced by `claims`. The signature is not changed, so
// it no longer matches.
export function withClaims(token, claims) {
  const [header, payload, signature] = token.split('.');
  return [header, encode({ ...decode(payload), ...claims }), signature].join('.');
}

export function unsigned(token) {
  return `${encode({ alg: 'none', typ: 'at+jwt' })}.${token.split('.')[1]}.`;
}

// Returns a well-formed ES256 token that is signed with the attacker's own key. The `kid` in its
// header is the argument `kid` or, by default, that of the genuine token.
export function signedByOther(token, kid) {
  const [header, payload] = token.split('.');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = `${encode({ ...decode(header), alg: 'ES256', ...(kid && { kid }) })}.${payload}`;
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' };
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}
