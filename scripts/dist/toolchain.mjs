// The sources and tools of a release. A different compiler version produces different bytes, so
// rebuilding a release needs the same versions of all tools.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' }).trim();

// Returns the version, and also the commit if the folder is a clone without uncommitted changes. A
// build with uncommitted changes does not correspond to any commit.
export function describeSource() {
  const { packages } = JSON.parse(run('cargo', 'metadata', '--locked', '--offline', '--no-deps', '--format-version', '1'));
  const { version, license, description } = packages.find(({ name }) => name === 'portcullis');
  return { version, license, description, revision: revision() };
}

function revision() {
  try {
    return run('git', 'status', '--porcelain', '--untracked-files=no') === '' ? run('git', 'rev-parse', 'HEAD') : undefined;
  } catch {
    return undefined; // The folder is not a clone. It contains only the sources.
  }
}

// The tools whose versions determine the bytes of the release.
export function describeTools() {
  const rustc = Object.fromEntries(run('rustc', '-vV').split('\n').slice(1).map((line) => line.split(': ')));
  const binaryen = JSON.parse(readFileSync(new URL('../link-module/node_modules/binaryen/package.json', import.meta.url), 'utf8'));
  const first = (command) => run(command, '--version').split('\n')[0];
  return {
    rustc,
    tools: [
      { name: 'rustc', version: rustc.release, details: { 'commit-hash': rustc['commit-hash'], host: rustc.host, LLVM: rustc['LLVM version'] } },
      { name: 'binaryen', version: binaryen.version },
      { name: 'cc', version: first('cc') },
      { name: 'ld', version: first('ld') },
      { name: 'libc', version: run('getconf', 'GNU_LIBC_VERSION') },
      { name: 'tar', version: first('tar') },
      { name: 'gzip', version: first('gzip') },
    ],
  };
}
