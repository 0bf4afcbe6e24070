// Translates manifests into Envoy's configuration of the filter, as each controller would. This code
// mirrors Envoy Gateway (internal/xds/translator/{wasm,dynamicmodule}.go) and Istio
// (pilot/pkg/model/extensions.go and pilot/pkg/networking/core/extension/extensionfilter.go). For
// Istio, the result is the configuration that Envoy gets after Istio's agent has stored the module
// in a file. Test servers stand in for the API and the authorization server.
import { parse } from 'yaml';

import { only } from './manifests.mjs';

const TYPES = 'type.googleapis.com/envoy.extensions.filters.http';
const text = (policy) => ({ '@type': 'type.googleapis.com/google.protobuf.StringValue', value: JSON.stringify(policy) });
const loopback = (port) => ({ address: { socket_address: { address: '127.0.0.1', port_value: Number(port) } } });

// Returns a cluster from a manifest, changed so that it leads to a test server. TLS is removed,
// because the test server does not support it.
function redirect(cluster, url) {
  const { transport_socket: tls, ...rest } = cluster;
  const { trusted_ca: trusted, match_typed_subject_alt_names: names } = tls?.typed_config.common_tls_context.validation_context ?? {};
  if (tls && !(trusted && names.length > 0)) throw new Error(`${cluster.name}: the certificate is not checked`);
  return { ...rest, load_assignment: assignment(cluster.name, url) };
}

const assignment = (name, url) => ({
  cluster_name: name,
  endpoints: [{ lb_endpoints: [{ endpoint: loopback(new URL(url).port) }] }],
});
const clusterOf = (name, url) => ({ name, type: 'STATIC', load_assignment: assignment(name, url) });

function bootstrap({ filter, routes, clusters, manager, tags = [] }) {
  return JSON.stringify({
    stats_config: { stats_tags: tags },
    node: { id: 'test', cluster: 'test' },
    admin: loopback(0),
    static_resources: {
      listeners: [{
        name: 'ingress',
        ...loopback(0),
        filter_chains: [{ filters: [{
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'ingress',
            normalize_path: true,
            ...manager,
            http_filters: [filter, { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPES}.router.v3.Router` } }],
            route_config: { virtual_hosts: [{ name: 'api', domains: ['*'], routes }] },
          },
        }] }],
      }],
      clusters,
    },
  });
}

function ofEnvoyGateway(resources, { upstream, authorizationServer, module, library }) {
  const { metadata, spec } = only(resources, 'EnvoyExtensionPolicy');
  const added = (list) => only(resources, 'EnvoyProxy').spec.bootstrap.jsonPatches
    .filter(({ path }) => path === `${list}/-`).map(({ value }) => value);
  const kind = spec.wasm ? 'wasm' : 'dynamic-module';
  const id = `envoyextensionpolicy/${metadata.namespace}/${metadata.name}/${kind}/0`;
  const name = `envoy.filters.http.${spec.wasm ? 'wasm' : 'dynamic_modules'}/${id}`;
  const config = spec.wasm
    ? wasmOfEnvoyGateway(spec.wasm[0], id, module)
    : dynamicModuleOfEnvoyGateway(spec.dynamicModule[0], only(resources, 'EnvoyProxy').spec.dynamicModules, library);
  return bootstrap({
    // The filter is off by default. Each route that the policy targets turns it on.
    filter: { name, disabled: true, typed_config: config },
    routes: [{
      match: { prefix: '/' },
      route: { cluster: 'api' },
      typed_per_filter_config: { [name]: { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', config: {} } },
    }],
    clusters: [clusterOf('api', upstream), ...added('/static_resources/clusters').map((cluster) => redirect(cluster, authorizationServer))],
    tags: added('/stats_config/stats_tags'),
    manager: {
      merge_slashes: true,
      path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT',
      use_remote_address: true,
      common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' },
    },
  });
}

const wasmOfEnvoyGateway = (wasm, id, module) => ({
  '@type': `${TYPES}.wasm.v3.Wasm`,
  config: {
    name: wasm.name,
    root_id: wasm.rootID,
    vm_config: { vm_id: id, runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: module } } },
    configuration: text(wasm.config),
    fail_open: wasm.failOpen,
  },
});

const dynamicModuleOfEnvoyGateway = (filter, registered, library) => ({
  '@type': `${TYPES}.dynamic_modules.v3.DynamicModuleFilter`,
  dynamic_module_config: {
    do_not_close: registered.find(({ name }) => name === filter.name).doNotClose,
    module: { local: { filename: library } },
  },
  filter_name: filter.filterName,
  filter_config: text(filter.config),
});

// Returns the plugin's fields, which are the same in both kinds of Istio manifests.
export function pluginOf(resources) {
  const extension = resources.find(({ kind }) => kind === 'TrafficExtension');
  const { metadata, spec } = extension ?? only(resources, 'WasmPlugin');
  return { ...metadata, ...(extension ? spec.wasm : spec) };
}

// Returns the resource that Istio sends through ECDS. The resource has no vm_id, and its policy is
// a string.
export const extensionOf = (plugin, module) => JSON.stringify({
  version_info: '1',
  resources: [{
    '@type': 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
    name: `extensions.istio.io/trafficextension/${plugin.namespace}.${plugin.name}`,
    typed_config: {
      '@type': `${TYPES}.wasm.v3.Wasm`,
      config: {
        name: `${plugin.namespace}.${plugin.name}`,
        root_id: plugin.pluginName,
        vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: module } } },
        configuration: text(plugin.pluginConfig),
        failure_policy: { FAIL_CLOSE: 'FAIL_CLOSED', FAIL_RELOAD: 'FAIL_RELOAD' }[plugin.failStrategy],
      },
    },
  }],
});

function ofIstio(resources, { upstream, authorizationServer, extension }) {
  const plugin = pluginOf(resources);
  const { hosts: [host], ports: [{ number }] } = only(resources, 'ServiceEntry').spec;
  const rule = only(resources, 'DestinationRule').spec;
  if (rule.host !== host || rule.trafficPolicy.tls.mode !== 'SIMPLE') throw new Error('no TLS to the authorization server');
  return bootstrap({
    filter: {
      name: `extensions.istio.io/trafficextension/${plugin.namespace}.${plugin.name}`,
      config_discovery: {
        config_source: { path_config_source: { path: extension }, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
        type_urls: [`${TYPES}.wasm.v3.Wasm`, `${TYPES}.rbac.v3.RBAC`],
      },
    },
    routes: [{ match: { prefix: '/' }, route: { cluster: 'api' } }],
    clusters: [clusterOf('api', upstream), clusterOf(`outbound|${number}||${host}`, authorizationServer)],
    manager: {},
  });
}

// Returns the Envoy configuration file from the manifests for a plain Deployment.
export const fileOf = (resources) => only(resources, 'ConfigMap').data['envoy.yaml'];

function ofDeployment(resources, { upstream, authorizationServer, module, admin }) {
  const file = parse(fileOf(resources));
  const { clusters, listeners } = file.static_resources;
  file.admin = loopback(admin);
  for (const listener of listeners) Object.assign(listener, loopback(0));
  const urls = { api: upstream, idp: authorizationServer, admin: `http://127.0.0.1:${admin}` };
  file.static_resources.clusters = clusters.map((cluster) => (urls[cluster.name] ? redirect(cluster, urls[cluster.name]) : cluster));
  return JSON.stringify(file).replace('/etc/portcullis/plugin.wasm', () => module);
}

// Returns an Envoy configuration with the filter and the policy from these manifests.
export function translate(resources, servers) {
  const kinds = resources.map(({ kind }) => kind);
  if (kinds.includes('EnvoyExtensionPolicy')) return ofEnvoyGateway(resources, servers);
  if (kinds.includes('ServiceEntry')) return ofIstio(resources, servers);
  return ofDeployment(resources, servers);
}

export function policyOf(resources) {
  const kinds = resources.map(({ kind }) => kind);
  if (kinds.includes('EnvoyExtensionPolicy')) {
    const { wasm, dynamicModule } = only(resources, 'EnvoyExtensionPolicy').spec;
    return (wasm ?? dynamicModule)[0].config;
  }
  if (kinds.includes('ServiceEntry')) return pluginOf(resources).pluginConfig;
  const { http_filters: filters } = parse(fileOf(resources)).static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  return filters[0].typed_config.config.configuration.value;
}
