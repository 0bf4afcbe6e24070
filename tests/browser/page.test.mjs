// Tests the status page, served by Envoy, in Chromium. `make browser` runs these tests. With
// SCREENSHOTS=folder, they save screenshots in that folder.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { stopAll } from '../../envoy/demo/processes.mjs';
import { errorsOf, launch, picture, violations } from './chromium.mjs';
import { COOKIE, HOSTILE, STATUS, report, startGate, token } from './gate.mjs';

let url;
let browser;

before(async () => {
  url = await startGate();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await stopAll();
});

// Opens the page as an operator. Fails if the page has errors or makes other requests.
async function open(options = {}) {
  const context = await browser.newContext(options);
  await context.addCookies([{ name: COOKIE, value: token(), url }]);
  const page = await context.newPage();
  const [errors, requests] = [errorsOf(page), []];
  page.on('request', (request) => requests.push(request.url()));
  const response = await page.goto(url + STATUS, { waitUntil: 'networkidle' });
  assert.equal(response.status(), 200);
  assert.deepEqual(requests, [url + STATUS], 'loads nothing else');
  assert.deepEqual(errors, []);
  return { context, page, errors, response };
}

const table = (page) => page.getByRole('table', { name: 'Authorization servers' });
const names = (page) => table(page).locator('tbody th > bdi').allTextContents();

async function contrast(page) {
  return page.evaluate(() => {
    const { color, backgroundColor } = getComputedStyle(document.body);
    return { color, backgroundColor };
  });
}

test('shows each server, its keys, errors and decisions', async () => {
  await fetch(`${url}/orders`);
  const { page, context } = await open();
  assert.equal(await page.title(), 'Portcullis status');
  const row = (name) => table(page).getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
  const cells = async (name) => (await row(name).getByRole('cell').allInnerTexts()).map((text) => text.replaceAll('\n', ' '));
  const login = await cells('login');
  assert.deepEqual(login.slice(0, 3), ['enabled', 'https://login.example.com', '2 keys remote_jwks']);
  assert.match(login[3], /^\d+ (second|minute)s? ago$/);
  assert.equal(login[4], 'none');
  assert.match(login[5], /^in \d+ minutes$/);
  const broken = await cells('broken');
  assert.equal(broken[2], 'none remote_jwks');
  assert.match(broken[4], /^the response has status 404 \d+ seconds? ago$/);
  assert.equal((await cells('off'))[0], 'disabled');
  await row('login').getByText('2 keys').click();
  await row('login').getByText('two OKP EdDSA').waitFor();
  const counts = page.getByRole('table', { name: 'Decisions' });
  await counts.getByRole('row', { name: 'denied missing_credential' }).waitFor();
  assert.equal((await report(url)).providers.length, 4);
  await context.close();
});

test('shows hostile text as text', async () => {
  const { page, context, errors, response } = await open();
  assert.equal(await table(page).getByText(HOSTILE, { exact: true }).count(), 1);
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.locator('script').count(), 1);
  assert.equal(await page.title(), 'Portcullis status');
  // Even if hostile text became HTML, the page's Content-Security-Policy would stop the script.
  await page.evaluate((html) => { document.querySelector('main').innerHTML += html; }, HOSTILE);
  await page.waitForTimeout(100);
  assert.equal(await page.title(), 'Portcullis status');
  assert.match(errors.join('\n'), /Content Security Policy/);
  assert.match(response.headers()['content-security-policy'], /^default-src 'none'; /);
  await context.close();
});

test('sorts by each column, and says so', async () => {
  const { page, context } = await open();
  assert.deepEqual(await names(page), ['broken', 'login', 'off', 'operators']);
  const server = table(page).getByRole('columnheader', { name: 'Server' });
  await server.getByRole('button').click();
  assert.equal(await server.getAttribute('aria-sort'), 'ascending');
  await server.getByRole('button').press('Enter');
  assert.equal(await server.getAttribute('aria-sort'), 'descending');
  assert.deepEqual(await names(page), ['operators', 'off', 'login', 'broken']);
  await table(page).getByRole('columnheader', { name: 'Keys' }).getByRole('button').click();
  assert.equal(await server.getAttribute('aria-sort'), null);
  assert.equal((await names(page)).at(-1), 'login', 'two keys are more than one and none');
  for (const button of await page.getByRole('button').all()) await button.click();
  await context.close();
});

test('is there without JavaScript', async () => {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 360, height: 740 }]) {
    const { page, context } = await open({ javaScriptEnabled: false, viewport });
    assert.deepEqual(await names(page), ['broken', 'login', 'off', 'operators']);
    assert.equal(await page.getByRole('button').count(), 0, 'nothing that would do nothing');
    assert.ok(await table(page).getByText('the response has status 404').isVisible());
    await picture(page, `no-script-${viewport.width}`);
    await context.close();
  }
});

test('is light or dark as the system is, wide or narrow, and accessible in each', async () => {
  const seen = new Set();
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 760, 320]) {
      const { page, context } = await open({ colorScheme, viewport: { width, height: 800 } });
      await page.locator('summary').first().click();
      assert.deepEqual(await violations(page), [], `${colorScheme} ${width}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${colorScheme} ${width}: ${overflow} pixels too wide`);
      seen.add(JSON.stringify(await contrast(page)));
      await picture(page, `${colorScheme}-${width}`);
      await context.close();
    }
  }
  assert.equal(seen.size, 2, 'one look for light, one for dark');
});

test('is for operators alone', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  for (const value of [null, token(-600), 'junk']) {
    if (value) await context.addCookies([{ name: COOKIE, value, url }]);
    const response = await page.goto(url + STATUS);
    assert.ok([400, 401].includes(response.status()), `${response.status()}`);
    assert.equal(await page.getByRole('table').count(), 0);
  }
  await context.close();
});
