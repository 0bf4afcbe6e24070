// Tests the playground in Chromium. A local server serves the page over HTTP. `make browser` runs
// these tests. If the environment variable SCREENSHOTS names a folder, they save screenshots there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { errorsOf, launch, picture, violations } from './chromium.mjs';

const PAGE = new URL('../../target/playground/index.html', import.meta.url);
// A shared secret in the form in which an operator configures it: base64url of 32 octets.
const SECRET = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY';
const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

let server;
let url;
let browser;

before(async () => {
  const page = readFileSync(PAGE);
  server = createServer((request, response) => {
    if (request.url !== '/') return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  url = `http://127.0.0.1:${server.address().port}/`;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  server.close();
});

const verdict = (page) => page.locator('#verdict strong');
const says = (page, text) => verdict(page).filter({ hasText: text }).waitFor();

// Opens the page, and records its requests, errors and dialogs.
async function open(options = {}, hash = '') {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const [errors, requests] = [errorsOf(page), []];
  context.on('request', (request) => requests.push(request.url()));
  await page.goto(url + hash);
  await says(page, /Allowed|Refused|refused/);
  // Closes the page. Checks that there were no errors, that the page loaded no other resources, and
  // that the browser has stored nothing.
  const close = async () => {
    const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
    assert.deepEqual(kept, [0, 0, '']);
    assert.deepEqual(await context.storageState({ indexedDB: true }), { cookies: [], origins: [] });
    assert.deepEqual(errors, []);
    assert.deepEqual(requests.map((request) => request.split('#')[0]), [url], 'asks for the page, and for nothing else');
    await context.close();
  };
  return { context, page, close };
}

async function shared(page) {
  await page.getByRole('button', { name: 'Share' }).click();
  const link = await page.getByLabel('Link').inputValue();
  const fragment = new URL(link).hash.slice(1);
  return { link, state: JSON.parse(Buffer.from(fragment, 'base64url').toString()) };
}

test('explains the example, and again when anything is edited', async () => {
  const { page, close } = await open();
  assert.equal(await verdict(page).textContent(), 'Allowed');
  const headers = page.locator('#report dl').first();
  assert.match(await headers.innerText(), /x-user\s+alice/);
  await page.getByLabel('Method').selectOption('POST');
  await says(page, 'Refused: 403 insufficient_scope');
  assert.match(await page.locator('#verdict').innerText(), /the rule asks for all of orders\.write/);
  await page.getByRole('textbox', { name: 'Claims' }).fill('{"scope": "orders.write"}');
  await says(page, 'Allowed');
  await page.getByRole('textbox', { name: 'Claims' }).fill('{"scope": "orders.write", "aud": "other"}');
  await says(page, 'Refused: 401 audience');
  await page.locator('.step.failed', { hasText: 'audience' }).waitFor();
  await page.getByLabel('Path').fill('/healthz');
  await says(page, 'Allowed');
  await page.getByLabel('Path').fill('/orders');
  await page.getByLabel('No token').check();
  await says(page, 'Refused: 401 missing_credential');
  const policy = page.getByRole('textbox', { name: 'Policy' });
  const probe = 'prefix: /, headers: [{ name: x-probe, present_match: true }] }';
  await policy.fill((await policy.inputValue()).replace('path: /healthz }', probe));
  await page.getByLabel('Headers').fill('X-Probe: 1\nx-user: mallory');
  await says(page, 'Allowed');
  assert.match(await headers.innerText(), /x-probe\s+1/);
  assert.doesNotMatch(await headers.innerText(), /mallory/, 'no client can set the identity');
  await page.getByLabel('Headers').fill('X-Probe');
  await says(page, 'The headers cannot be used');
  await page.getByLabel('Headers').fill('');
  await says(page, 'Refused: 401 missing_credential');
  await policy.fill((await policy.inputValue()).replaceAll('provider_name: login', 'provider_name: login, allow: 1'));
  await says(page, 'The policy is refused');
  const finding = page.locator('.finding.error').first();
  assert.match(await finding.innerText(), /line \d+, column \d+ .*unknown field "allow"/);
  await finding.getByRole('button').click();
  const line = await page.evaluate(() => {
    const { value, selectionStart, selectionEnd } = document.querySelector('#policy');
    return value.slice(selectionStart, selectionEnd);
  });
  assert.match(line, /^allow: 1|^provider_name|^requires/, 'selects the place');
  await close();
});

test('verifies a signed token, and takes the keys of a provider that fetches them', async () => {
  const { page, close } = await open();
  await page.getByRole('button', { name: 'Example with a token' }).click();
  await says(page, 'Allowed');
  await page.locator('.step.passed', { hasText: 'signature' }).waitFor();
  const token = await page.getByRole('textbox', { name: 'Token' }).inputValue();
  const shown = await page.locator('#result').innerText();
  assert.ok(!shown.includes(token.split('.')[2]), 'the signature is not repeated');
  const policy = await page.getByRole('textbox', { name: 'Policy' }).inputValue();
  const [, jwks] = /inline_string: '(.*)'/.exec(policy);
  await page.getByRole('textbox', { name: 'Token' }).fill(`${token.slice(0, -8)}AAAAAAAA`);
  await says(page, 'Refused: 401 bad_signature');
  await page.getByRole('button', { name: 'Example', exact: true }).click();
  await page.getByLabel('Signed token').check();
  await says(page, 'No token yet');
  await page.getByRole('textbox', { name: 'Token' }).fill(`Bearer ${token}`);
  await says(page, 'Refused: 503 keys_unavailable');
  await page.getByLabel('Key set (JWKS)').fill(jwks);
  await says(page, 'Allowed');
  await close();
});

test('shares the policy without its secrets, and never the token', async () => {
  const { page, close } = await open();
  await page.getByRole('button', { name: 'Example with a token' }).click();
  const token = await page.getByRole('textbox', { name: 'Token' }).inputValue();
  const policy = page.getByRole('textbox', { name: 'Policy' });
  const secrets = `# formerly ${SECRET}\nshared_memory_key: ${SECRET}\n`;
  const partner = `providers:\n  partner:\n    issuer: https://partner.example\n    audiences: [orders]\n    shared_secrets: [{ secret: ${SECRET} }]\n`;
  await policy.fill(secrets + (await policy.inputValue()).replace('providers:\n', partner));
  await page.getByLabel('Path').fill(`/orders?access_token=${token}`);
  await page.getByLabel('Headers').fill(`x-gateway: ${SECRET}`);
  const { link, state } = await shared(page);
  const text = JSON.stringify(state);
  for (const secret of [SECRET, token, ...token.split('.')]) assert.ok(!text.includes(secret), text);
  assert.deepEqual(Object.keys(state).sort(), ['method', 'path', 'policy']);
  assert.equal(state.path, '/orders');
  assert.match(state.policy, /secret: removed-/);
  assert.match(await page.locator('#shared-note').innerText(), /no token/);
  assert.equal(page.url(), url, 'the address stays as it is');
  // A person who opens the link sees the policy and can try it.
  const other = await open({}, new URL(link).hash);
  assert.equal(await other.page.getByRole('textbox', { name: 'Policy' }).inputValue(), state.policy);
  assert.equal(await other.page.locator('.finding.error').count(), 0);
  await other.close();
  // The value of a misspelt field could be a secret, so the page makes no link.
  await policy.fill(`shared_memory_ky: ${SECRET}\n${await policy.inputValue()}`);
  await page.getByRole('button', { name: 'Share' }).click();
  await page.locator('#shared-note', { hasText: 'The page cannot make a link: correct the errors first' }).waitFor();
  await close();
});

test('shows hostile text as text', async () => {
  const state = { policy: `providers:\n  p: { '${HOSTILE}': 1 }\nrules: []\n`, method: 'GET', path: '/' };
  const { page, close } = await open({}, `#${Buffer.from(JSON.stringify(state)).toString('base64url')}`);
  await says(page, 'The policy is refused');
  assert.equal(await page.locator('img').count(), 0);
  await page.getByRole('button', { name: 'Example', exact: true }).click();
  await page.getByRole('textbox', { name: 'Claims' }).fill(JSON.stringify({ sub: HOSTILE, scope: 'orders.read' }));
  await page.getByText('Header and claims of the token').click();
  await page.locator('#contents dd', { hasText: 'onerror' }).waitFor();
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.title(), 'Portcullis playground');
  await close();
});

test('can make no request, whatever runs in it', async () => {
  const { page, context } = await open();
  const tried = await page.evaluate(async (other) => {
    const attempts = [
      () => fetch('/'), () => fetch(other), () => new Promise((resolve, reject) => {
        const image = new Image();
        image.onload = resolve;
        image.onerror = reject;
        image.src = other;
      }),
    ];
    return Promise.all(attempts.map((attempt) => attempt().then(() => 'made', () => 'refused')));
  }, `${url}elsewhere`);
  assert.deepEqual(tried, ['refused', 'refused', 'refused']);
  await context.close();
});

test('works with the keyboard alone', async () => {
  const { page, close } = await open();
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.value);
  const order = [];
  for (let count = 0; count < 11; count += 1) {
    await page.keyboard.press('Tab');
    order.push(await focused());
  }
  assert.deepEqual(order.slice(1, 9), ['example', 'signed', 'share', 'policy', 'method', 'path', 'headers', 'claims']);
  await page.locator('#share').focus();
  await page.keyboard.press('Enter');
  await page.locator('#shared').waitFor();
  assert.equal(await focused(), 'link');
  await page.locator('input[value=claims]').focus();
  await page.keyboard.press('ArrowRight');
  await says(page, 'No token yet');
  await page.keyboard.press('ArrowRight');
  await says(page, 'Refused: 401 missing_credential');
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'result');
  await page.locator('#verdict button').focus();
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'policy', 'leads to the rule');
  const outlined = await page.evaluate(() => getComputedStyle(document.querySelector('.editor')).outlineStyle);
  assert.equal(outlined, 'solid');
  await close();
});

test('is light or dark as the system is, wide or narrow, and accessible in each', async () => {
  const seen = new Set();
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 760, 320]) {
      const { page, close } = await open({ colorScheme, viewport: { width, height: 900 } });
      for (const view of ['allowed', 'denied', 'token', 'refused']) {
        if (view === 'denied') await page.getByLabel('Method').selectOption('DELETE');
        if (view === 'token') await page.getByRole('button', { name: 'Example with a token' }).click();
        if (view === 'refused') await page.getByRole('textbox', { name: 'Policy' }).fill('providers:\n  p:\n    isuer: x\nruls: []\n');
        await says(page, { allowed: 'Allowed', denied: 'Refused: 403', token: 'Allowed', refused: 'The policy is refused' }[view]);
        if (view === 'token') await page.getByRole('button', { name: 'Share' }).click();
        const name = `${colorScheme}-${width}-${view}`;
        if (width !== 760) assert.deepEqual(await violations(page), [], name);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${name}: ${overflow} pixels too wide`);
        await picture(page, `playground-${name}`);
      }
      // In a narrow window, the result is out of sight. A bar at the edge of the window shows the
      // result's title, and a click on the bar scrolls to the result.
      await page.evaluate(() => scrollTo(0, 0));
      const peek = page.locator('#peek');
      await peek.waitFor({ state: width < 1024 ? 'visible' : 'hidden' });
      if (width < 1024) {
        assert.equal(await peek.innerText(), 'The policy is refused');
        await peek.click();
        await peek.waitFor({ state: 'hidden' });
      }
      seen.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      await close();
    }
  }
  assert.equal(seen.size, 2, 'one look for light, one for dark');
});
