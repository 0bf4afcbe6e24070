// Tests the release that `make dist` builds. The environment variable DIST names the folder of the
// release.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

import Ajv from 'ajv';
import addFormats from 'ajv-formats';

import { IMAGES, checked, moduleOf, sha256 } from './image.mjs';

const DIST = process.env.DIST;
const read = (name) => readFileSync(join(DIST, name));
const bill = () => JSON.parse(read('sbom.cdx.json'));

function files() {
  return readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(DIST, join(entry.parentPath ?? entry.path, entry.name)));
}

test('has every file under the name that the documentation uses', () => {
  const names = files().filter((name) => !/^(oci|docker)\//.test(name) && !name.startsWith('man/portcullis-')).sort();
  assert.deepEqual(names, [
    'SHA256SUMS',
    ...['bash', 'elvish', 'fish', 'powershell', 'zsh'].map((shell) => `completions/portcullis.${shell}`),
    'libportcullis.so', 'man/portcullis.1', 'portcullis', 'portcullis.schema.json', 'portcullis.wasm', 'sbom.cdx.json',
  ]);
  assert.equal(statSync(join(DIST, 'portcullis')).mode & 0o111, 0o111);
  assert.ok(WebAssembly.validate(read('portcullis.wasm')));
});

test('the digests are those of all files', () => {
  const listed = read('SHA256SUMS').toString().trim().split('\n').map((line) => line.slice(66));
  assert.deepEqual(listed, files().filter((name) => name !== 'SHA256SUMS').sort());
  execFileSync('sha256sum', ['--quiet', '--check', 'SHA256SUMS'], { cwd: DIST });
});

test('no file contains a folder of the machine that built it', () => {
  const folders = [process.cwd(), process.env.CARGO_HOME ?? join(homedir(), '.cargo')];
  for (const name of files()) {
    for (const folder of folders) assert.ok(!read(name).includes(folder), `${name} contains ${folder}`);
  }
});

test('the bill of materials follows the schema of CycloneDX', () => {
  const schemas = join(dirname(createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')), 'res', 'schema');
  const schema = (name) => JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`)));
  const ajv = addFormats(new Ajv({ strict: false })).addFormat('idn-email', true).addFormat('iri-reference', true);
  for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) {
    ajv.addSchema({ ...schema(name), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` });
  }
  const isValid = ajv.compile(schema('bom-1.6'));
  assert.ok(isValid(bill()), JSON.stringify(isValid.errors?.slice(0, 3)));
});

test('the bill of materials lists what is linked, with licences and digests', () => {
  const { components, dependencies, metadata } = bill();
  const named = new Map(components.map((component) => [component['bom-ref'], component]));
  for (const name of ['portcullis.wasm', 'libportcullis.so', 'portcullis']) {
    assert.equal(named.get(name).hashes[0].content, sha256(read(name)));
  }
  const crates = components.filter(({ purl }) => purl);
  assert.ok(crates.length > 50);
  for (const { name, hashes, licenses } of crates) assert.ok(hashes && licenses, name);
  const of = (name) => crates.find((crate) => crate.name === name)?.scope;
  assert.equal(of('serde_json'), 'required');
  assert.equal(of('serde_derive'), 'excluded');
  assert.equal(of('proptest'), undefined, 'tests are not part of a release');
  for (const { ref, dependsOn } of dependencies) {
    for (const one of [ref, ...dependsOn]) assert.ok(one === 'release' || named.has(one), one);
  }
  assert.ok(metadata.tools.components.some(({ name, version }) => name === 'rustc' && version));
});

for (const [name, readImage] of Object.entries(IMAGES)) {
  test(`Istio and Envoy Gateway find the module in the image ${name}`, async () => {
    const { tag, manifest, blob } = readImage(join(DIST, name));
    if (tag) assert.equal(tag, bill().metadata.component.version);
    assert.equal(sha256(await moduleOf(manifest, blob)), sha256(read('portcullis.wasm')));
    await checked(manifest.config, blob);
  });
}
