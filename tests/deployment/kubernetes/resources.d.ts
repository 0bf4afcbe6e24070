// Types for resources of Envoy Gateway 1.9 and Istio 1.30 for which no package exists. The types have
// only the fields that envoy/kubernetes/ uses, so that a misspelt field is an error.
import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';

interface Target {
  group: string;
  kind: string;
  name: string;
}

export interface IEnvoyExtensionPolicy {
  apiVersion: 'gateway.envoyproxy.io/v1alpha1';
  kind: 'EnvoyExtensionPolicy';
  metadata: IObjectMeta;
  spec: {
    targetRefs: Target[];
    wasm?: Array<{
      name: string;
      rootID?: string;
      failOpen: false;
      code: { type: 'Image'; image: { url: string; sha256: string } };
      config: object;
    }>;
    dynamicModule?: Array<{ name: string; filterName: string; config: object }>;
  };
}

export interface IEnvoyProxy {
  apiVersion: 'gateway.envoyproxy.io/v1alpha1';
  kind: 'EnvoyProxy';
  metadata: IObjectMeta;
  spec: {
    bootstrap: {
      type: 'JSONPatch';
      jsonPatches: Array<{ op: 'add'; path: string; value: object }>;
    };
    dynamicModules?: Array<{
      name: string;
      source: { type: 'Local'; local: { path: string } };
      doNotClose: true;
    }>;
    provider?: {
      type: 'Kubernetes';
      kubernetes: {
        envoyDeployment: {
          pod: Pick<IPodSpec, 'volumes'>;
          container: Pick<IContainer, 'volumeMounts'>;
        };
      };
    };
  };
}

export interface ITrafficExtension {
  apiVersion: 'extensions.istio.io/v1alpha1';
  kind: 'TrafficExtension';
  metadata: IObjectMeta;
  spec: {
    targetRefs: Target[];
    phase: 'AUTHN' | 'AUTHZ' | 'STATS';
    wasm: {
      url: string;
      failStrategy: 'FAIL_CLOSE' | 'FAIL_RELOAD';
      pluginName: string;
      pluginConfig: object;
    };
  };
}
