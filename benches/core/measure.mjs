// Measures the steps of benches/core. For the native build, valgrind counts the instructions of
// each step. For the WebAssembly build, the Node.js process that runs this script measures the
// microseconds of each step, except for the growth steps. Run this script with --no-liftoff, which
// turns off V8's baseline compiler, because Envoy does not use that compiler either. Prints a table
// and writes it to target/bench/core.md and core.json.
//
//   node --no-liftoff measure.mjs
//
// CASES is a comma-separated list of strings. If CASES is set, only steps whose names contain one
// of these strings are measured. WRITE_DOCS=1 also updates the tables in docs/performance.md, and
// draws docs/growth.svg.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { pictureOf, seriesOf, tableOf } from './growth.mjs';

// Each step runs FEW times in one run of the program and FEW + MORE times in another. The
// difference between the costs of the two runs does not contain the preparation.
const FEW = 2;
const MORE = 10;
const DOCUMENT = 'docs/performance.md';
const PICTURE = 'docs/growth.svg';
// The number of samples in Node, and the minimum duration of each sample.
const SAMPLES = 25;
const MILLISECONDS = 10;

const run = promisify(execFile);
const wanted = (process.env.CASES ?? '').split(',').filter(Boolean);

// Builds the program with the module's profile, and returns its path.
function build(...options) {
  const text = execFileSync('cargo', ['build', '--locked', '--release', '--package', 'portcullis-benches', '--bench', 'core',
    '--message-format', 'json-render-diagnostics', ...options], { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] });
  const messages = text.trim().split('\n').map((line) => JSON.parse(line));
  return messages.findLast(({ target, executable }) => target?.name === 'core' && executable).executable;
}

async function instructions(program, step) {
  const collected = async (times) => {
    const { stderr } = await run('valgrind', ['--tool=callgrind', '--callgrind-out-file=/dev/null', program, `${step}`, `${times}`]);
    return Number(/Collected : (\d+)/.exec(stderr)[1]);
  };
  const [few, more] = await Promise.all([collected(FEW), collected(FEW + MORE)]);
  return (more - few) / MORE;
}

// The median and the minimum of the samples, in microseconds.
function time(repeat, step) {
  const milliseconds = (times) => {
    const start = performance.now();
    repeat(step, times);
    return performance.now() - start;
  };
  repeat(step, 1);
  let times = 1;
  while (milliseconds(times) < MILLISECONDS) times *= 2;
  const samples = Array.from({ length: SAMPLES }, () => (1000 * milliseconds(times)) / times).sort((a, b) => a - b);
  return { median: samples[SAMPLES >> 1], least: samples[0] };
}

const program = build();
const { instance } = await WebAssembly.instantiate(readFileSync(build('--target', 'wasm32-unknown-unknown')), {});
const names = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');

const [rows, growth] = [[], []];
const header = '| step | instructions | µs as wasm | least |\n|---|--:|--:|--:|';
const line = (row) => {
  const cells = [row.step, row.instructions.toLocaleString('en'), row.median.toFixed(2), row.least.toFixed(2)];
  return `| ${cells.join(' | ')} |`;
};
console.log(`\n${header}`);
for (const [step, name] of names.entries()) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  const counted = { step: name, instructions: Math.round(await instructions(program, step)) };
  if (name.startsWith('growth/')) {
    growth.push(counted);
    console.log(`${name}: ${counted.instructions}`);
    continue;
  }
  const row = { ...counted, ...time(instance.exports.repeat, step) };
  rows.push(row);
  console.log(line(row));
}
const table = [`Node ${process.version}, V8 ${process.versions.v8}:`, '', header, ...rows.map(line)].join('\n');
mkdirSync('target/bench', { recursive: true });
writeFileSync('target/bench/core.md', `${table}\n`);
writeFileSync('target/bench/core.json', `${JSON.stringify({ node: process.version, v8: process.versions.v8, rows, growth }, null, 2)}\n`);
console.log('\ntarget/bench: core.md, core.json');
if (Number(process.env.WRITE_DOCS ?? 0) > 0) {
  const series = seriesOf(growth);
  replace('steps', table);
  replace('growth', tableOf(series));
  writeFileSync(PICTURE, pictureOf(series));
}

// Replaces the part of the document between `<!-- name -->` and `<!-- /name -->`.
function replace(name, text) {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->\n`];
  const [before, rest] = readFileSync(DOCUMENT, 'utf8').split(begin);
  writeFileSync(DOCUMENT, `${before}${begin}\n${text}\n\n${end}${rest.split(end)[1]}`);
}
