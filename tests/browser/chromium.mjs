// Helpers for the tests that open pages in Chromium.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { CHROMIUM = '/usr/bin/chromium', SCREENSHOTS } = process.env;

export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    // Chromium's sandbox does not work if Chromium runs as root.
    args: process.getuid() === 0 ? ['--no-sandbox'] : [],
  });
}

// Returns a list that records the console output, the errors and the dialogs of a page.
export function errorsOf(page) {
  const errors = [];
  page.on('console', (message) => errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('dialog', (dialog) => { errors.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  return errors;
}

// Returns the serious and critical findings of axe, a tool that tests accessibility.
export async function violations(page) {
  // `addScriptTag` cannot load axe, because the page's Content-Security-Policy forbids it.
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => window.axe.run());
  return found.filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

// Saves a screenshot if the environment variable SCREENSHOTS names a folder.
export async function picture(page, name) {
  if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
