// `make dist`: puts all parts of a release into one folder. The same sources and tools
// produce identical bytes in any folder and for any user, because nothing depends on the time, on the machine's
// folders or on the order of files.
//
//   node main.mjs MODULE LIBRARY PROGRAM FOLDER
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { writeImages } from './images.mjs';
import { billOfMaterials } from './sbom.mjs';
import { describeSource, describeTools } from './toolchain.mjs';

const SHELLS = ['bash', 'elvish', 'fish', 'powershell', 'zsh'];

const [module, library, program, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node main.mjs MODULE LIBRARY PROGRAM FOLDER');
  process.exit(2);
}

// The build's outputs, under the names that the documentation uses.
const ARTIFACTS = [
  { name: 'portcullis.wasm', from: module, mode: 0o644, package: 'portcullis-wasm', target: 'wasm32-unknown-unknown' },
  { name: 'libportcullis.so', from: library, mode: 0o644, package: 'portcullis-native' },
  { name: 'portcullis', from: program, mode: 0o755, package: 'portcullis-cli' },
];

rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'completions'), { recursive: true });
for (const { name, from, mode } of ARTIFACTS) {
  copyFileSync(from, join(folder, name));
  chmodSync(join(folder, name), mode);
}
writePrinted();
const source = describeSource();
writeImages(readFileSync(module), source, folder);
writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(
  billOfMaterials(ARTIFACTS.map((artifact) => ({ ...artifact, sha256: digest(artifact.name) })), source, describeTools()),
  null, 2)}\n`);
writeDigests();

// Writes what the program itself prints: its completions, its manual and the schema.
function writePrinted() {
  const built = join(folder, 'portcullis');
  for (const shell of SHELLS) {
    writeFileSync(join(folder, 'completions', `portcullis.${shell}`), execFileSync(built, ['completions', shell]));
  }
  execFileSync(built, ['man', join(folder, 'man')]);
  writeFileSync(join(folder, 'portcullis.schema.json'), execFileSync(built, ['schema']));
}

function digest(name) {
  return createHash('sha256').update(readFileSync(join(folder, name))).digest('hex');
}

// Writes SHA256SUMS, which `sha256sum --check` reads.
function writeDigests() {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
  writeFileSync(join(folder, 'SHA256SUMS'), names.map((name) => `${digest(name)}  ${name}\n`).join(''));
  console.log(`${folder}: ${names.length} files, ${source.version}${source.revision ? ` (${source.revision.slice(0, 12)})` : ''}`);
}
