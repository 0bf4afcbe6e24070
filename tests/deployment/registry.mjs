// Runs a registry (Debian's docker-registry) on the loopback interface, with a folder of its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { start } from '../../envoy/demo/processes.mjs';
import { freePort, inRepository, until } from '../envoy.mjs';

// Starts the registry. The result's `run` function runs a command from the documentation, with the
// documented registry name replaced by the address of this registry. If the command calls skopeo,
// skopeo gets additional options for a registry without TLS.
export async function startRegistry(program) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-registry-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const configuration = join(folder, 'registry.yml');
  writeFileSync(configuration, JSON.stringify({
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: join(folder, 'images') } },
    http: { addr: `127.0.0.1:${port}` },
  }));
  const { died } = start('registry', program, ['serve', configuration]);
  await Promise.race([died, until('the registry', async () => (await fetch(`${url}/v2/`)).ok)]);

  const tools = join(folder, 'bin');
  mkdirSync(tools);
  const skopeo = execFileSync('which', ['skopeo'], { encoding: 'utf8' }).trim();
  writeFileSync(join(tools, 'skopeo'), `#!/bin/sh\nexec ${skopeo} --insecure-policy --tls-verify=false "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${tools}:${process.env.PATH}` };
  const run = (command) => execFileSync('bash', ['-euc', command.replaceAll('registry.example.com', new URL(url).host)], { cwd: inRepository('.'), env, encoding: 'utf8', stdio: 'pipe' });
  return { url, run };
}

const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

// Pulls an image by digest or tag, as Istio and Envoy Gateway do.
export async function pull(url, name, reference) {
  const response = await fetch(`${url}/v2/${name}/manifests/${reference}`, { headers: { accept: MANIFESTS.join(', ') } });
  if (!response.ok) throw new Error(`${name}:${reference}: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const blob = async (digest) => Buffer.from(await (await fetch(`${url}/v2/${name}/blobs/${digest}`)).arrayBuffer());
  return { bytes, manifest: JSON.parse(bytes), blob };
}
