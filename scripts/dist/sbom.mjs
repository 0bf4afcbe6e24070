// Makes the bill of materials in CycloneDX format. It lists the modules and the program, the crates
// that each of them contains, and the tools that built the release. Crates that run only during the
// build have the scope `excluded`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const cargo = (...args) => execFileSync('cargo', args, { encoding: 'utf8', maxBuffer: 1 << 28 });

export function billOfMaterials(artifacts, source, { rustc, tools }) {
  const about = crateFacts();
  const std = standardLibrary(rustc);
  const linked = new Set();
  const edges = new Map();
  for (const { name, package: root, target = rustc.host } of artifacts) {
    const runtime = tree(root, target, 'normal,no-proc-macro');
    runtime.ids.forEach((id) => linked.add(id));
    for (const [from, to] of [...runtime.edges, ...tree(root, target, 'normal,build').edges]) {
      edges.set(from, new Set([...(edges.get(from) ?? []), ...to]));
    }
    edges.set(name, new Set([runtime.root, std['bom-ref']]));
  }
  const crates = [...new Set([...edges].flatMap(([from, to]) => [from, ...to]))]
    .filter((id) => about.has(id)).sort()
    .map((id) => component(about.get(id), linked.has(id) ? 'required' : 'excluded'));
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      tools: { components: tools.map(tool) },
      component: release(source),
    },
    components: [...artifacts.map((artifact) => file(artifact, source)), std, ...crates],
    dependencies: [
      { ref: 'release', dependsOn: artifacts.map(({ name }) => name) },
      ...[...edges].sort(([a], [b]) => (a < b ? -1 : 1)).map(([ref, to]) => ({ ref, dependsOn: [...to].sort() })),
    ],
  };
}

function release({ version, license, description, revision }) {
  return {
    type: 'application',
    'bom-ref': 'release',
    name: 'portcullis',
    version,
    description,
    licenses: [{ expression: license }],
    ...(revision && { properties: [{ name: 'git:commit', value: revision }] }),
  };
}

function tool({ name, version, details = {} }) {
  const properties = Object.entries(details).map(([key, value]) => ({ name: `${name}:${key}`, value }));
  return { type: 'application', name, version, ...(properties.length > 0 && { properties }) };
}

function file({ name, sha256, target }, { version, license }) {
  return {
    type: 'file',
    'bom-ref': name,
    name,
    version,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: [{ expression: license }],
    ...(target && { properties: [{ name: 'rustc:target', value: target }] }),
  };
}

// Rust's standard library. The compiler links it, but cargo does not list it.
function standardLibrary({ release: version, 'commit-hash': commit }) {
  return {
    type: 'library',
    'bom-ref': `std@${version}`,
    name: 'std',
    version,
    scope: 'required',
    licenses: [{ expression: 'MIT OR Apache-2.0' }],
    properties: [{ name: 'git:commit', value: commit }],
  };
}

function component({ name, version, license, checksum, isOurs }, scope) {
  return {
    type: 'library',
    'bom-ref': `${name}@${version}`,
    name,
    version,
    scope,
    ...(checksum && { hashes: [{ alg: 'SHA-256', content: checksum }] }),
    // `MIT/Apache-2.0` is the older way to write `MIT OR Apache-2.0`.
    ...(license && { licenses: [{ expression: license.replaceAll('/', ' OR ') }] }),
    ...(!isOurs && { purl: `pkg:cargo/${name}@${encodeURIComponent(version)}` }),
  };
}

// The name, version, licence and checksum of each crate. The key is `name@version`.
function crateFacts() {
  const checksums = new Map(Array.from(
    readFileSync('Cargo.lock', 'utf8').matchAll(/name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"/g),
    ([, name, version, checksum]) => [`${name}@${version}`, checksum]));
  const { packages } = JSON.parse(cargo('metadata', '--locked', '--offline', '--format-version', '1'));
  return new Map(packages.map(({ name, version, license, source }) => {
    const id = `${name}@${version}`;
    return [id, { name, version, license, isOurs: source === null, checksum: checksums.get(id) }];
  }));
}

// The dependency tree of a package, resolved with the features that a build of this package enables.
function tree(root, target, kinds) {
  const lines = cargo('tree', '--locked', '--offline', '--package', root, '--target', target,
    '--edges', kinds, '--prefix', 'depth', '--format', ' {p}').trim().split('\n');
  const above = [];
  const edges = new Map();
  const ids = lines.filter((line) => line !== '').map((line) => {
    const [, depth, name, version] = /^(\d+) (\S+) v(\S+)/.exec(line);
    const id = `${name}@${version}`;
    above.length = Number(depth);
    const parent = above.at(-1);
    if (parent) edges.set(parent, new Set([...(edges.get(parent) ?? []), id]));
    above.push(id);
    return id;
  });
  return { root: ids[0], ids, edges };
}
