// Finds the module in an image by the rules of Istio (pkg/wasm/imagefetcher.go) and Envoy Gateway
// (internal/wasm/imagefetcher.go). Their rules are identical.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const WASM_LAYER = 'application/vnd.module.wasm.content.layer.v1+wasm';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

// Returns the module from the image that has this manifest. The function `blob` returns the blob
// with a given digest.
export async function moduleOf(manifest, blob) {
  const { mediaType, layers } = manifest;
  const last = layers.at(-1);
  if (mediaType === DOCKER_MANIFEST) {
    assert.equal(last.mediaType, DOCKER_LAYER);
    return pluginOf(await checked(last, blob));
  }
  if (last.mediaType === OCI_LAYER) return pluginOf(await checked(last, blob));
  assert.equal(layers.length, 2, 'an artifact has two layers');
  const layer = layers.find((one) => one.mediaType === WASM_LAYER);
  assert.ok(layer, `an artifact has a layer of type ${WASM_LAYER}`);
  return checked(layer, blob);
}

// Maps each image of a release to the function that reads it from a folder. The function returns
// the manifest, the manifest's bytes, and a function that reads a blob.
export const IMAGES = {
  'oci/compat': readLayout,
  'oci/artifact': readLayout,
  docker: readFolder,
};

// Reads an OCI image layout.
function readLayout(folder) {
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'oci-layout'))), { imageLayoutVersion: '1.0.0' });
  const blob = (digest) => readFileSync(join(folder, 'blobs', ...digest.split(':')));
  const { manifests } = JSON.parse(readFileSync(join(folder, 'index.json')));
  assert.equal(manifests.length, 1);
  const bytes = blob(manifests[0].digest);
  assert.equal(`sha256:${sha256(bytes)}`, manifests[0].digest);
  return { tag: manifests[0].annotations['org.opencontainers.image.ref.name'], bytes, manifest: JSON.parse(bytes), blob };
}

// Reads a folder that skopeo has written with its `dir:` transport. Such a folder contains no tag.
function readFolder(folder) {
  const bytes = readFileSync(join(folder, 'manifest.json'));
  return { bytes, manifest: JSON.parse(bytes), blob: (digest) => readFileSync(join(folder, digest.split(':')[1])) };
}

export async function checked({ digest, size }, blob) {
  const bytes = await blob(digest);
  assert.equal(`sha256:${sha256(bytes)}`, digest);
  assert.equal(bytes.length, size);
  return bytes;
}

// Returns the first file called plugin.wasm in the archive.
function pluginOf(archive) {
  const scratch = mkdtempSync(join(tmpdir(), 'portcullis-layer-'));
  try {
    const file = join(scratch, 'layer.tar.gz');
    writeFileSync(file, archive);
    const names = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trim().split('\n');
    const name = names.find((one) => basename(one) === 'plugin.wasm');
    assert.ok(name, 'the layer has plugin.wasm');
    return execFileSync('tar', ['-xzOf', file, name], { maxBuffer: 1 << 28 });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
