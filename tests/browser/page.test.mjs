// Tests the status page in Chromium. Envoy serves the page. `make browser` runs these tests. If the
// environment variable SCREENSHOTS names a folder, they save screenshots there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { stopAll } from '../../envoy/demo/processes.mjs';
import { until } from '../envoy.mjs';
import { errorsOf, launch, picture, violations } from './chromium.mjs';
import { COOKIE, HOSTILE, LONG, STATUS, report, startGate, token } from './gate.mjs';

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

// Opens the page as an operator. Fails if the page has errors or loads other resources.
async function open(options = {}, hash = '') {
  const context = await browser.newContext(options);
  await context.addCookies([{ name: COOKIE, value: token(), url }]);
  const page = await context.newPage();
  const [errors, requests] = [errorsOf(page), []];
  page.on('request', (request) => requests.push(request.url()));
  const response = await page.goto(url + STATUS + hash, { waitUntil: 'networkidle' });
  assert.equal(response.status(), 200);
  assert.deepEqual(requests.map((request) => request.split('#')[0]), [url + STATUS], 'loads nothing else');
  assert.deepEqual(errors, []);
  return { context, page, errors, response };
}

const table = (page) => page.getByRole('table', { name: 'Authorization servers' });
// The names of the servers that are shown, in order.
const names = (page) => table(page).locator('tbody tr:visible th > bdi').allTextContents();
const headings = (page) => table(page).locator('thead th:visible').allInnerTexts();
const EVERY = ['Name', 'Status', 'Description', 'Last successful fetch', 'Last error', 'Next fetch', 'Keys', 'Key source', 'Issuer'];
// The expected order of the servers: those with problems come first.
const ORDER = ['broken', LONG, 'login', 'operators', 'off'];
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

async function contrast(page) {
  return page.evaluate(() => {
    const { color, backgroundColor } = getComputedStyle(document.body);
    return { color, backgroundColor };
  });
}

test('shows each server, its keys, errors and decisions', async () => {
  await fetch(`${url}/orders`);
  // The proxy-wasm module counts a refusal only when its timer next fires.
  const headers = { accept: 'text/html', cookie: `${COOKIE}=${token()}` };
  const html = async () => (await fetch(`${url}${STATUS}`, { headers })).text();
  await until('the count', async () => (await html()).includes('missing_credential'));
  const { page, context } = await open();
  assert.equal(await page.title(), 'Portcullis status');
  await page.getByRole('heading', { name: 'Tokens of 2 of 4 enabled servers cannot be verified' }).waitFor();
  assert.deepEqual(await names(page), ORDER);
  assert.deepEqual(await headings(page), EVERY.filter((name) => !['Next fetch', 'Issuer'].includes(name)));
  const row = (name) => table(page).getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
  const cells = async (name) => (await row(name).getByRole('cell').allInnerTexts()).map((text) => text.replaceAll('\n', ' '));
  const EXACT = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/;
  const login = await cells('login');
  assert.deepEqual(login.slice(0, 2), ['Working enabled', 'Customers and partners']);
  assert.match(login[2], /^\d+ (second|minute)s? ago \d/);
  assert.match(login[2], EXACT);
  assert.deepEqual(login.slice(3), ['', '2 keys', 'https://login.example.com/keys remote_jwks, cluster keys']);
  const broken = await cells('broken');
  assert.deepEqual([broken[0], broken[2], broken[4]], ['Unavailable enabled, no keys', 'never', '0 keys']);
  assert.match(broken[3], /^the response has status 404 \d+ seconds? ago, \d/);
  assert.match(broken[3], EXACT);
  assert.equal((await cells('off'))[0], 'Disabled');
  assert.ok(!(await page.content()).includes('in-the-query'), 'a query may have a secret');
  await row('login').getByText('2 keys').click();
  await row('login').getByText('two OKP EdDSA').waitFor();
  const counts = page.getByRole('table', { name: 'Decisions' });
  await counts.getByRole('row', { name: 'denied missing_credential' }).waitFor();
  assert.equal((await report(url)).providers.length, 5);
  await context.close();
});

test('shows the servers that the viewer looks for, and keeps that in the address', async () => {
  const { page, context } = await open();
  const search = page.getByRole('searchbox', { name: 'Filter servers' });
  const found = page.getByRole('status');
  await search.pressSequentially('Customers EXAMPLE');
  assert.deepEqual(await names(page), ['login']);
  assert.equal(await found.innerText(), '1 of 5 shown');
  await page.reload();
  assert.equal(await search.inputValue(), 'Customers EXAMPLE');
  assert.deepEqual(await names(page), ['login']);
  await search.fill('');
  const unavailable = page.getByRole('button', { name: '2 unavailable' });
  await unavailable.click();
  assert.equal(await unavailable.getAttribute('aria-pressed'), 'true');
  assert.deepEqual(await names(page), ['broken', LONG]);
  assert.match(page.url(), /#health=unavailable$/);
  await search.fill('<img');
  assert.deepEqual(await names(page), ['broken']);
  await search.fill('nothing like it');
  assert.deepEqual(await names(page), []);
  assert.equal(await found.innerText(), '0 of 5 shown');
  await search.fill('');
  await unavailable.click();
  assert.deepEqual(await names(page), ORDER);
  assert.equal(await found.innerText(), '');
  await context.close();
});

test('has the columns that the viewer chose, and keeps them in the address', async () => {
  const { page, context } = await open();
  await page.getByText('Columns').click();
  for (const name of ['Description', 'Last error', 'Keys', 'Key source']) await page.getByLabel(name, { exact: true }).uncheck();
  await page.getByLabel('Issuer').check();
  const chosen = ['Name', 'Status', 'Last successful fetch', 'Issuer'];
  assert.deepEqual(await headings(page), chosen);
  await page.keyboard.press('Escape');
  assert.equal(await page.getByLabel('Issuer').isVisible(), false);
  const other = await open({}, new URL(page.url()).hash);
  assert.deepEqual(await headings(other.page), chosen);
  await other.context.close();
  const none = await open({}, '#columns=name');
  assert.deepEqual(await headings(none.page), ['Name']);
  await none.context.close();
  // Anyone can send an operator a link with a hostile fragment.
  const hostile = await open({}, `#filter=${encodeURIComponent(HOSTILE)}&columns=status,x&health=x&sort=-x&refresh=x`);
  assert.deepEqual(await names(hostile.page), []);
  assert.equal(await hostile.page.title(), 'Portcullis status');
  assert.equal(await hostile.page.locator('img').count(), 0);
  await hostile.context.close();
  await context.close();
});

test('refreshes when the viewer asks, or by itself', async () => {
  const { page, context } = await open();
  await page.clock.install();
  const again = (act) => Promise.all([page.waitForEvent('load'), act()]);
  await again(() => page.getByRole('button', { name: 'Refresh' }).click());
  const row = table(page).getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'login' }) });
  const shown = await row.locator('time').first().innerText();
  await page.clock.runFor(3_600_000);
  assert.notEqual(await row.locator('time').first().innerText(), shown, 'the relative time is updated');
  await page.getByLabel('every 10 s').check();
  await again(() => page.clock.runFor(11_000));
  assert.equal(await page.getByLabel('every 10 s').isChecked(), true, 'the URL keeps the setting');
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

test('sorts by each column, and shows which one', async () => {
  const { page, context } = await open();
  const server = table(page).getByRole('columnheader', { name: 'Name' });
  await server.getByRole('button').click();
  assert.equal(await server.getAttribute('aria-sort'), 'ascending');
  await server.getByRole('button').press('Enter');
  assert.equal(await server.getAttribute('aria-sort'), 'descending');
  assert.deepEqual(await names(page), ['operators', 'off', 'login', LONG, 'broken']);
  await page.reload();
  assert.equal(await server.getAttribute('aria-sort'), 'descending', 'the URL keeps the setting');
  await table(page).getByRole('columnheader', { name: 'Keys' }).getByRole('button').click();
  assert.equal(await server.getAttribute('aria-sort'), null);
  assert.equal((await names(page)).at(-1), 'login', 'the server with most keys is last');
  await table(page).getByRole('columnheader', { name: 'Status' }).getByRole('button').click();
  assert.deepEqual(await names(page), ORDER, 'by urgency');
  for (const button of await page.locator('thead button:visible').all()) await button.click();
  await context.close();
});

test('works without JavaScript', async () => {
  for (const viewport of [{ width: 1440, height: 900 }, { width: 360, height: 740 }]) {
    const { page, context } = await open({ javaScriptEnabled: false, viewport });
    assert.deepEqual(await names(page), ORDER);
    const controls = page.locator('button, input, select, a');
    assert.equal(await controls.count(), 0, 'no controls that need JavaScript');
    assert.ok(await table(page).getByText('the response has status 404').first().isVisible());
    assert.ok(await table(page).getByText('https://operators.example').isVisible(), 'every column');
    assert.ok(await overflow(page) <= 0);
    await picture(page, `no-script-${viewport.width}`);
    await context.close();
  }
});

test('follows the light or dark theme of the system, and is accessible at every width', async () => {
  const seen = new Set();
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1440, 900, 320]) {
      const { page, context } = await open({ colorScheme, viewport: { width, height: 800 } });
      await page.locator('td summary').first().click();
      await page.getByText('Columns').click();
      assert.deepEqual(await violations(page), [], `${colorScheme} ${width}`);
      assert.ok(await overflow(page) <= 0, `${colorScheme} ${width}: ${await overflow(page)} pixels too wide`);
      seen.add(JSON.stringify(await contrast(page)));
      await picture(page, `${colorScheme}-${width}`);
      await context.close();
    }
  }
  assert.equal(seen.size, 2, 'one look for light, one for dark');
});

test('fits every width, with any columns', async () => {
  const every = `#columns=${EVERY.map((name) => name.toLowerCase().replaceAll(' ', '-')).join()}`;
  for (const hash of ['', every]) {
    const { page, context } = await open({}, hash);
    for (const width of [320, 360, 640, 760, 897, 940, 980, 1100, 1248, 1249, 1280, 1440, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok(await overflow(page) <= 0, `${width}${hash}: ${await overflow(page)} pixels too wide`);
    }
    await context.close();
  }
});

test('is shown only to operators', async () => {
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
