// Sends the demo's requests to an Envoy, and shows the expected and the actual answers.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { demoCases } from './cases.mjs';

const colourful = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colourful ? `\x1b[${code}m${text}\x1b[0m` : text);
export const [bold, dim, red, green] = [paint(1), paint(2), paint(31), paint(32)];

// The widths of all columns but the last. With the check mark and the last column, a row has at
// most 100 characters.
const WIDTHS = [35, 22, 21];
const line = (cells) => cells.map((cell, i) => String(cell).padEnd(WIDTHS[i] ?? 0)).join(' ').trimEnd();

function send(base, { method, path, headers }) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => { body += chunk; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    outgoing.setTimeout(15_000, () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
    outgoing.on('error', reject).end();
  });
}

function answerOf({ status, headers }) {
  const error = /\berror="([^"]*)"/.exec(headers['www-authenticate'] ?? '')?.[1];
  return error ? `${status} ${error}` : String(status);
}

// Returns the differences between an answer and the expected answer.
function complaints(test, response, reason) {
  const wrong = [];
  if (answerOf(response) !== test.answer) wrong.push(`the answer is ${answerOf(response)}, not ${test.answer}`);
  if (test.answer.startsWith('401') && !response.headers['www-authenticate']) wrong.push('no challenge');
  const challenge = response.headers['www-authenticate'];
  if (test.challenge && challenge !== test.challenge) wrong.push(`the challenge is ${challenge}`);
  if (test.reason && reason !== test.reason) wrong.push(`reason ${reason}, not ${test.reason}`);
  if (!test.saw || response.status !== 200) return wrong;
  const seen = JSON.parse(response.body);
  for (const [name, value] of Object.entries(test.saw)) {
    const got = seen.headers[name] ?? null;
    if (got !== value) wrong.push(`the API saw ${name}: ${shown(got)}, not ${value}`);
  }
  if (test.sawPath && seen.path !== test.sawPath) wrong.push(`the API saw the path ${shown(seen.path)}`);
  return wrong;
}

// Replaces each token in a text with `<token>`. No program should print tokens, not even a demo.
const shown = (text) => String(text).replace(/eyJ[\w.-]+/g, '<token>');

function identitySeen(response) {
  if (response.status !== 200) return '';
  const { headers } = JSON.parse(response.body);
  if (!headers) return ''; // the request did not reach the API
  return headers['x-user'] ?? 'nobody';
}

// Returns the reason that the access log gives for a request. Envoy writes the log line shortly
// after the answer, or later if the machine is busy.
async function reasonOf(response, accessLog) {
  const id = response.headers['x-request-id'];
  for (let attempt = 0; id && attempt < 300; attempt += 1) {
    const entry = (await accessLog()).find((text) => text.includes(id));
    if (entry) {
      const details = JSON.parse(entry.slice(entry.indexOf('{'))).details ?? '';
      return /portcullis_denied\{([^}]*)\}/.exec(details)?.[1] ?? (details === 'via_upstream' ? '' : details);
    }
    await sleep(100);
  }
  return '';
}

// Sends all requests of the demo, and prints the results. `envoy` and `authorizationServer` are base
// URLs; `accessLog` returns the lines of the log so far. Returns the number of unexpected results.
export async function runTable({ envoy, authorizationServer, accessLog }) {
  const sections = await demoCases(authorizationServer);
  console.log(bold(`  ${line(['REQUEST', 'ANSWER', 'REASON IN THE LOG', 'X-USER AT THE API'])}`));
  let failed = 0;
  for (const { title, tests } of sections) {
    console.log(`\n${bold(title)}`);
    for (const test of tests) {
      if (!await runTest(test, envoy, accessLog)) failed += 1;
    }
  }
  const count = sections.flatMap(({ tests }) => tests).length;
  console.log(failed === 0
    ? green(`\nAll ${count} requests had the expected results.`)
    : red(`\n${failed} of ${count} requests had unexpected results.`));
  return failed;
}

async function runTest(test, envoy, accessLog) {
  const response = await send(envoy, test);
  const reason = await reasonOf(response, accessLog);
  const wrong = complaints(test, response, reason);
  const row = line([test.name, answerOf(response), reason, identitySeen(response)]);
  console.log(wrong.length > 0 ? red(`✗ ${row}`) : `${green('✓')} ${row}`);
  for (const text of wrong) console.log(red(`    ${text}`));
  return wrong.length === 0;
}
