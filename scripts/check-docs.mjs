// Checks the documentation and the examples in envoy/. An Envoy configuration must pass Envoy's own validation with the
// built modules, a `make` command must name an existing target, and a link must lead to an existing page and heading.
// tests/docs.rs checks the examples that are policies.
//
//   node check-docs.mjs ENVOY MODULE LIBRARY
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const [envoy, module, library] = process.argv.slice(2);
const makefile = readFileSync('Makefile', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'portcullis-docs-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

function markdownFiles() {
  const within = (folder) => readdirSync(folder, { recursive: true }).map((name) => `${folder}/${name}`);
  return [...readdirSync('.'), ...within('docs'), ...within('examples')].filter((name) => name.endsWith('.md'));
}

// The fenced blocks of a page, each with the line where it starts.
function blocks(path) {
  const found = [];
  let open = null;
  readFileSync(path, 'utf8').split('\n').forEach((line, index) => {
    const fence = /^(\s*)```(\w*)/.exec(line);
    if (open && fence) {
      found.push(open);
      open = null;
    } else if (open) {
      open.lines.push(line.slice(open.indent));
    } else if (fence) {
      open = { place: `${path}:${index + 1}`, indent: fence[1].length, language: fence[2], lines: [] };
    }
  });
  return found.map(({ lines, ...rest }) => ({ ...rest, text: `${lines.join('\n')}\n` }));
}

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? null : `${stdout}${stderr}`.trim();
}

// Describes what is wrong with a block. Returns null if the block is correct, and undefined if there
// is no check for this kind of block.
function complaint({ language, text }) {
  if (['sh', 'bash', 'console', 'shell'].includes(language)) {
    const targets = Array.from(text.matchAll(/^(?:\$ )?make((?: [a-z][a-z0-9-]*)+)/gm), ([, names]) => names.trim().split(' '));
    if (targets.length === 0) return undefined;
    const unknown = targets.flat().filter((name) => !new RegExp(`^${name}:`, 'm').test(makefile));
    return unknown.length > 0 ? `make has no target ${unknown.join(', ')}` : null;
  }
  if (language === 'yaml' && /^(static_resources|stats_config):/m.test(text)) {
    const file = join(folder, 'envoy.yaml');
    const installed = { wasm: module, so: library };
    writeFileSync(file, text.replace(/filename: [^ ]*\.(wasm|so)\b/g, (_, kind) => `filename: ${JSON.stringify(resolve(installed[kind]))}`));
    return run(envoy, ['--mode', 'validate', '--use-dynamic-base-id', '--log-level', 'error', '-c', file]);
  }
  return undefined;
}

// Describes what is missing from an Envoy file that users copy. The file must open the admin port, write to the access
// log why a request was refused, and mark each line that users have to change.
function gap({ place, text }) {
  const isStart = /^(README|docs\/providers\/)/.test(place) && /^static_resources:/m.test(text) && text.includes('http_filters');
  if (!isStart) return null;
  const missing = ['admin:', 'RESPONSE_CODE_DETAILS'].filter((part) => !text.includes(part));
  const isOwn = (line) => /\b(issuer|audiences|scopes|sni|exact): |\buri: http/.test(line);
  const unmarked = text.split('\n').filter((line) => isOwn(line) && !line.includes('# yours'));
  const wrong = [...missing.map((part) => `lacks ${part}`), ...unmarked.map((line) => `not marked "# yours": ${line.trim()}`)];
  return wrong.length > 0 ? wrong.join('; ') : null;
}

// The anchors that GitHub gives to a page's headings.
function anchors(path) {
  return readFileSync(path, 'utf8').split('\n').filter((line) => /^#+ /.test(line)).map((line) =>
    line.replace(/^#+ /, '').toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-'));
}

// The broken links of a page. A link is broken if the page or the heading that it leads to does not exist.
function broken(path) {
  const links = Array.from(readFileSync(path, 'utf8').matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link)).filter((link) => {
    const [file, anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    return !existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor));
  });
}

let checked = 0;
let failed = 0;
for (const path of markdownFiles()) {
  for (const link of broken(path)) {
    failed += 1;
    console.error(`${path}: broken link: ${link}`);
  }
}
const examples = readdirSync('envoy').filter((name) => name.endsWith('.yaml')).map((name) =>
  ({ place: `envoy/${name}`, language: 'yaml', text: readFileSync(`envoy/${name}`, 'utf8') }));
for (const block of [...markdownFiles().flatMap(blocks), ...examples]) {
  const wrong = gap(block) ?? complaint(block);
  if (wrong !== undefined) checked += 1;
  if (wrong) {
    failed += 1;
    console.error(`${block.place}: ${wrong}`);
  }
}
console.log(`${checked} examples of the documentation checked, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
