// Reads the manifests of envoy/kubernetes/, and checks them more strictly than an API server would.
// An API server silently drops misspelt and misplaced fields. If it dropped `failStrategy`, for
// example, Envoy could fail open. To find such fields, this file compares each manifest with the
// TypeScript type of its resource kind. The npm packages that contain these types also contain
// validators. The validators check what types cannot express, such as patterns.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import Ajv from 'ajv';
import typescript from 'typescript';
import { parseAllDocuments } from 'yaml';

import { inRepository } from '../../envoy.mjs';

const FOLDER = inRepository('envoy/kubernetes');
const OWN_TYPES = './resources.js';
export const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')).sort();

// The npm modules that contain the types and the validator of each kind of resource. If no module
// is listed for a kind, its types are in OWN_TYPES, and it has no validator.
const PACKAGES = {
  'apps/v1': 'kubernetes-models/apps/v1',
  'gateway.networking.k8s.io/v1': '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1',
  'networking.istio.io/v1': '@kubernetes-models/istio/networking.istio.io/v1',
  v1: 'kubernetes-models/v1',
};
const KINDS = { WasmPlugin: '@kubernetes-models/istio/extensions.istio.io/v1alpha1' };

export function read(name) {
  const documents = parseAllDocuments(readFileSync(join(FOLDER, name), 'utf8'));
  for (const { errors } of documents) assert.deepEqual(errors, [], name);
  return documents.map((document) => document.toJS());
}

export const only = (resources, kind) => {
  const found = resources.filter((resource) => resource.kind === kind);
  assert.equal(found.length, 1, kind);
  return found[0];
};

function homeOf({ apiVersion, kind }) {
  const home = KINDS[kind] ?? PACKAGES[apiVersion];
  return home ? `${home}/${kind}` : OWN_TYPES;
}

// Returns the type errors that the TypeScript compiler finds in the manifests of these files.
export function mistypings(files) {
  const lines = Object.values(files).flat().flatMap((resource, index) => {
    const type = `Type${index}`;
    return [
      `import type { I${resource.kind} as ${type} } from '${homeOf(resource)}';`,
      `export const resource${index}: ${type} = ${JSON.stringify(resource)};`,
    ];
  });
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const file = join(folder, 'manifests.ts');
  const options = { module: typescript.ModuleKind.NodeNext, moduleResolution: typescript.ModuleResolutionKind.NodeNext,
    noEmit: true, strict: true, skipLibCheck: true, types: [], target: typescript.ScriptTarget.ES2022 };
  const host = typescript.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, ...more) => (path === file
    ? typescript.createSourceFile(path, lines.join('\n'), typescript.ScriptTarget.ES2022)
    : getSourceFile(path, ...more));
  const program = typescript.createProgram([file], options, host);
  return typescript.getPreEmitDiagnostics(program).map(({ messageText }) => typescript.flattenDiagnosticMessageText(messageText, ' '));
}

// Fails if the validator of the resource's package rejects the resource.
export async function validate(resource) {
  const home = homeOf(resource);
  if (home === OWN_TYPES) return;
  const { [resource.kind]: Model } = await import(home);
  new Model(resource).validate();
}

// Checks a resource against the custom resource definitions of Envoy Gateway and Istio, which are
// in `folder` (the environment variable PORTCULLIS_CRDS). Unknown fields are errors. Returns false
// if the folder contains no definition of the resource's kind.
export function checkByDefinition(resource, folder) {
  const [group, version] = resource.apiVersion.split('/');
  for (const name of readdirSync(folder)) {
    for (const document of parseAllDocuments(readFileSync(join(folder, name), 'utf8'))) {
      const { spec } = document.toJS() ?? {};
      if (spec?.group !== group || spec.names.kind !== resource.kind) continue;
      const { schema } = spec.versions.find((one) => one.name === version);
      const ajv = new Ajv({ strict: false, validateFormats: false });
      const isValid = ajv.compile(closed(schema.openAPIV3Schema.properties.spec));
      assert.ok(isValid(resource.spec), JSON.stringify(isValid.errors));
      return true;
    }
  }
  return false;
}

// Returns a copy of the schema in which each object that lists its fields also has
// `additionalProperties: false`. Objects that allow unknown fields stay as they are.
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] || schema.additionalProperties;
  if (schema.type === 'object' && schema.properties && !isOpen) copy.additionalProperties = false;
  return copy;
}
