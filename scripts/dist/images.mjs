// Makes images of the module, in the three forms that Istio and Envoy Gateway pull:
//
//   oci/compat    an OCI image whose last layer has /plugin.wasm
//   oci/artifact  an OCI artifact whose last layer is the module itself
//   docker        the same as compat, as a Docker image
//
// The first two are OCI image layouts. The third is a folder in the format that skopeo reads with
// `dir:`. The third is not an OCI layout, because tools do not recognise Docker's media type in an
// OCI layout.
//
// https://github.com/solo-io/wasm/tree/master/spec describes the forms. Each OCI image is tagged with
// the version of the release.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker';
const WASM = 'application/vnd.module.wasm';

const sha256 = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const json = (value) => Buffer.from(JSON.stringify(value));

export function writeImages(module, source, folder) {
  const tar = tarOf(module);
  const layer = execFileSync('gzip', ['-9n'], { input: tar, maxBuffer: 1 << 28 });
  writeFolder(join(folder, 'docker'), {
    mediaType: `${DOCKER}.distribution.manifest.v2+json`,
    config: [`${DOCKER}.container.image.v1+json`, containerConfig(tar, source)],
    layers: [[`${DOCKER}.image.rootfs.diff.tar.gzip`, layer]],
  });
  writeLayout(join(folder, 'oci', 'compat'), source, {
    mediaType: `${OCI}.manifest.v1+json`,
    config: [`${OCI}.config.v1+json`, containerConfig(tar, source)],
    layers: [[`${OCI}.layer.v1.tar+gzip`, layer]],
    annotations: annotations(source),
  });
  // The programs that pull artifacts require two layers. The first layer says how to load the
  // module, and the second layer is the module.
  const runtime = json({ type: 'envoy_proxy', abiVersions: ['v0-2-1'], config: { rootIds: [] } });
  writeLayout(join(folder, 'oci', 'artifact'), source, {
    mediaType: `${OCI}.manifest.v1+json`,
    config: [`${WASM}.config.v1+json`, runtime],
    layers: [
      [`${WASM}.config.v1+json`, runtime, { 'org.opencontainers.image.title': 'runtime-config.json' }],
      [`${WASM}.content.layer.v1+wasm`, module, { 'org.opencontainers.image.title': 'plugin.wasm' }],
    ],
    annotations: annotations(source),
  });
}

// Makes an archive whose bytes depend only on its content. GNU tar and gzip write the same bytes on
// every machine, but the output of Node's own compression depends on the processor.
function tarOf(module) {
  const scratch = mkdtempSync(join(tmpdir(), 'portcullis-image-'));
  try {
    writeFileSync(join(scratch, 'plugin.wasm'), module);
    return execFileSync('tar', ['--format=ustar', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=0644',
      '-C', scratch, '-cf', '-', 'plugin.wasm'], { maxBuffer: 1 << 28 });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

// The module runs on every platform, but tools refuse an image that names no platform.
function containerConfig(tar, source) {
  return json({
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: annotations(source) },
    rootfs: { type: 'layers', diff_ids: [sha256(tar)] },
  });
}

function annotations({ version, license, revision }) {
  return {
    'org.opencontainers.image.title': 'portcullis',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': license,
    ...(revision && { 'org.opencontainers.image.revision': revision }),
  };
}

function writeLayout(folder, { version }, image) {
  mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true });
  const save = (digest, bytes) => writeFileSync(join(folder, 'blobs', ...digest.split(':')), bytes);
  const manifest = manifestOf(image, save);
  save(sha256(manifest), manifest);
  const tag = { 'org.opencontainers.image.ref.name': version };
  writeFileSync(join(folder, 'index.json'), json({
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: [{ ...descriptor(image.mediaType, manifest), annotations: tag }],
  }));
  writeFileSync(join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
}

function writeFolder(folder, image) {
  mkdirSync(folder, { recursive: true });
  const manifest = manifestOf(image, (digest, bytes) => writeFileSync(join(folder, digest.slice('sha256:'.length)), bytes));
  writeFileSync(join(folder, 'manifest.json'), manifest);
  writeFileSync(join(folder, 'version'), 'Directory Transport Version: 1.1\n');
}

const descriptor = (mediaType, bytes) => ({ mediaType, size: bytes.length, digest: sha256(bytes) });

// Makes the manifest of an image, and calls `save` to store each blob of the image.
function manifestOf({ mediaType, config, layers, annotations }, save) {
  const blob = ([type, bytes, more]) => {
    save(sha256(bytes), bytes);
    return { ...descriptor(type, bytes), ...(more && { annotations: more }) };
  };
  return json({
    schemaVersion: 2,
    mediaType,
    config: blob(config),
    layers: layers.map(blob),
    ...(annotations && { annotations }),
  });
}
