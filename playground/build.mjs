// Writes the playground as a single HTML file:
//
//   node build.mjs GLUE MODULE PAGE
//
// The program in tests/wasm makes GLUE (the JavaScript bindings) and MODULE from the playground's
// crate.
//
// The page contains everything that it needs, so it makes no requests and also works as a local
// file. The Content-Security-Policy blocks fetches from the network, and blocks every script and
// style whose hash it does not list.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';

const [glueFile, moduleFile, pageFile] = process.argv.slice(2);
const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const glue = readFileSync(glueFile, 'utf8');
const parts = { style: read('page.css'), script: read('page.js'), glue };
for (const [name, text] of Object.entries(parts)) {
  // An end tag or a comment in the text would break the script or style element that contains it.
  if (/<\/(script|style)|<!--/i.test(text)) throw new Error(`${name} contains the end of an element`);
}
const policy = [
  "default-src 'none'",
  `script-src ${hash(glue)} ${hash(parts.script)} 'wasm-unsafe-eval'`,
  `style-src ${hash(parts.style)}`,
  'img-src data:', // the empty icon. Without an icon, a browser would request /favicon.ico
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join('; ');
const module = gzipSync(readFileSync(moduleFile), { level: 9 }).toString('base64');

const values = { ...parts, policy, module };
const page = read('page.html').replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]);
mkdirSync(dirname(pageFile), { recursive: true });
writeFileSync(pageFile, page);
console.log(`${pageFile}: ${Math.ceil(page.length / 1000)} kB`);
