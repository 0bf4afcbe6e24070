//! Every command that accepts a policy also accepts a whole Envoy file.

use serde_json::{Value, json};

use super::{file, portcullis, stdout};
use support::folders::project;

/// A bootstrap file. Each case replaces a part of it.
const BOOTSTRAP: &str = r#"static_resources:
  listeners:
  - name: ingress
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          http_filters:
          - name: gate
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config:
                root_id: portcullis
                vm_config:
                  vm_id: portcullis
                  code: { local: { filename: portcullis.wasm } }
                failure_policy: FAIL_CLOSED
                configuration:
                  "@type": type.googleapis.com/google.protobuf.Struct
                  value:
                    providers:
                      okta:
                        issuer: https://example.okta.com
                        audiences: [orders]
                        remote_jwks:
                          http_uri: { uri: "https://example.okta.com/keys", cluster: okta, timeout: 5s }
                    requirement_map:
                      signed_in: { provider_name: okta }
                    rules:
                    - match: { path: /healthz }
                    - match: { prefix: / }
                      requires: { provider_name: okta }
          route_config:
            virtual_hosts:
            - name: api
              domains: ["*"]
              routes:
              - match: { prefix: /me }
                route: { cluster: api }
                metadata:
                  filter_metadata:
                    portcullis: { requirement_name: signed_in }
  clusters:
  - name: okta
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        common_tls_context:
          validation_context:
            trusted_ca: { filename: ca.crt }
            match_typed_subject_alt_names: [{ san_type: DNS, matcher: { exact: example.okta.com } }]
"#;

fn check(name: &str, text: &str) -> (i32, String) {
    let path = file(name, text);
    let path = path.to_str().unwrap();
    let output = portcullis(&["check", path], "");
    let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), said.replace(path, ""))
}

#[test]
fn what_spans_several_places_of_an_envoy_file_is_checked() {
    let good = check("envoy.yaml", BOOTSTRAP);
    assert_eq!(good, (0, "ok: 1 provider, 2 rules\n".to_owned()));
    let metadata = "metadata:\n                  filter_metadata:\n                    portcullis: { requirement_name: signed_in }";
    let typed = "typed_per_filter_config:\n                  gate:\n                    \"@type\": type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilterPerRoute\n                    filter_name: portcullis\n                    filter_config: { disabled: true }";
    let switched_off = "typed_per_filter_config:\n                  gate: { \"@type\": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true }";
    let mut wrong = Vec::new();
    for (written, instead, code, expected) in [
        (
            "provider_name: okta }\n          route",
            "provder_name: okta }\n          route",
            1,
            ":33:35: error: rules[1].requires: unknown field \"provder_name\", did you mean",
        ),
        (
            "rules:\n",
            "route_policies: off\n                    rules:\n",
            1,
            ":44:21: error: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0].metadata.filter_metadata.portcullis: route_policies is off, so requests can miss this policy",
        ),
        (
            "requirement_name: signed_in",
            "requirement_name: signd_in",
            1,
            ":43:35: error: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0].metadata.filter_metadata.portcullis.requirement_name: unknown requirement \"signd_in\", did you mean \"signed_in\"?",
        ),
        (
            "requirement_name: signed_in",
            "disabled: false",
            1,
            ":43:21: error: ",
        ),
        (
            "requirement_name: signed_in",
            "requirement: signed_in",
            1,
            ":43:35: error: ",
        ),
        (
            "FAIL_CLOSED",
            "FAIL_OPEN",
            1,
            ":18:17: error: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[0].typed_config.config.failure_policy: a client can get in without a token by making the module fail; write FAIL_CLOSED",
        ),
        (
            "failure_policy: FAIL_CLOSED",
            "fail_open: true",
            1,
            ":18:17: error: ",
        ),
        (
            "  vm_id: portcullis\n                ",
            "",
            0,
            ":15:17: warning: shared_memory_key: ",
        ),
        (
            "cluster: okta,",
            "cluster: otka,",
            1,
            ":27:77: error: providers.okta.remote_jwks.http_uri.cluster: Envoy has no cluster \"otka\"; add it",
        ),
        (
            "            trusted_ca: { filename: ca.crt }\n",
            "",
            0,
            ":46:5: warning: static_resources.clusters[0].transport_socket: \"okta\" accepts any certificate, so an attacker on the network can replace the keys and sign tokens; add trusted_ca",
        ),
        (
            "            match_typed_subject_alt_names: [{ san_type: DNS, matcher: { exact: example.okta.com } }]\n",
            "",
            0,
            ":46:5: warning: ",
        ),
        (
            "- name: gate\n",
            "- name: gate\n            is_optional: true\n",
            1,
            ":11:13: error: ",
        ),
        (metadata, typed, 1, ":42:19: error: "),
        (metadata, switched_off, 0, ":42:19: warning: "),
        (
            "    transport_socket:",
            "    other_socket:",
            0,
            ":45:5: warning: static_resources.clusters[0]: keys are fetched from an https URL through \"okta\" without TLS",
        ),
    ] {
        let text = BOOTSTRAP.replacen(written, instead, 1);
        assert_ne!(text, BOOTSTRAP, "{written}");
        let (exit, said) = check("envoy-wrong.yaml", &text);
        if exit != code || !said.starts_with(expected) || said.lines().count() != 1 {
            wrong.push(format!(
                "{instead}\n  expected {expected}\n  found {exit}: {said}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// If Envoy cannot download a filter's library, it serves requests without the filter, unless the
/// configuration sets `nack_on_cache_miss`.
#[test]
fn refuses_a_library_without_which_envoy_would_serve() {
    let library = json!({ "remote": { "http_uri": {}, "sha256": "" } });
    for (module, waits, is_refused) in [
        (library.clone(), Value::Null, true),
        (library.clone(), json!(false), true),
        (library, json!(true), false),
        (
            json!({ "local": { "filename": "/opt/libportcullis.so" } }),
            Value::Null,
            false,
        ),
    ] {
        let document = json!({ "http_filters": [{ "name": "gate", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": {
                "module": module, "do_not_close": true, "nack_on_cache_miss": waits,
            },
            "filter_name": "portcullis",
            "filter_config": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": "{\"unmatched\": \"allow\"}",
            },
        } }] });
        let (_, said) = check("remote.json", &document.to_string());
        let expected = "error: http_filters[0].typed_config.dynamic_module_config.module.remote: if Envoy cannot download";
        assert_eq!(said.contains(expected), is_refused, "{waits}: {said}");
    }
}

#[test]
fn warns_of_a_namespace_that_nothing_writes_to() {
    let document = BOOTSTRAP.replace(
        "                    requirement_map:",
        "                    metadata_namespace: com.example\n                    requirement_map:",
    );
    let (_, said) = check("namespace.yaml", &document);
    let expected = "value.metadata_namespace: the proxy-wasm module writes no dynamic metadata";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn the_native_build_reads_typed_policies_alone() {
    let module = |do_not_close: bool| {
        json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": { "name": "portcullis", "do_not_close": do_not_close },
            "filter_name": "portcullis",
            "filter_config": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": "{\"unmatched\": \"allow\", \"route_policies\": \"off\"}",
            },
        })
    };
    let typed = |config: Value| {
        json!({
            "match": { "prefix": "/" },
            "route": { "cluster": "api" },
            "metadata": { "filter_metadata": { "portcullis": { "disabled": true } } },
            "typed_per_filter_config": { "gate": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilterPerRoute",
                "per_route_config_name": "portcullis",
                "filter_config": { "@type": "type.googleapis.com/google.protobuf.Struct", "value": config },
            } },
        })
    };
    let mut untyped = typed(Value::Null);
    untyped
        .as_object_mut()
        .unwrap()
        .remove("typed_per_filter_config");
    // The module refuses two members with the same name, because the second could hide a
    // requirement.
    let mut twice = typed(Value::Null);
    twice["typed_per_filter_config"]["gate"]["filter_config"] = json!({
        "@type": "type.googleapis.com/google.protobuf.StringValue",
        "value": "{\"disabled\": true, \"disabled\": true}",
    });
    for (stays, route, expected) in [
        (true, typed(json!({ "disabled": true })), None),
        (
            true,
            twice,
            Some(
                "error: route_config.virtual_hosts[0].routes[0].typed_per_filter_config.gate.filter_config.value: a name occurs twice in one object",
            ),
        ),
        (
            false,
            typed(json!({ "disabled": true })),
            Some("warning: http_filters[0].typed_config.dynamic_module_config: Envoy may unload"),
        ),
        (
            true,
            typed(json!({ "disabeld": true })),
            Some(
                "error: route_config.virtual_hosts[0].routes[0].typed_per_filter_config.gate.filter_config.value.disabeld: unknown field",
            ),
        ),
        (
            true,
            typed(json!({ "disabled": true, "requirement_name": "any" })),
            Some(
                "error: route_config.virtual_hosts[0].routes[0].typed_per_filter_config.gate.filter_config.value: not one of the three forms of a route's policy; write \"disabled\": true, or",
            ),
        ),
        (
            true,
            untyped,
            Some(
                "error: route_config.virtual_hosts[0].routes[0].metadata.filter_metadata.portcullis: the dynamic module does not read metadata, so requests to this route get 500",
            ),
        ),
    ] {
        let document = json!({
            "http_filters": [{ "name": "gate", "typed_config": module(stays) }],
            "route_config": { "virtual_hosts": [{ "domains": ["*"], "routes": [route] }] },
        });
        let (_, said) = check("native.json", &document.to_string());
        let said: Vec<&str> = said
            .lines()
            .filter(|line| !line.contains("rules: ") && !line.contains("unmatched: "))
            .collect();
        match expected {
            None => assert!(said.is_empty(), "{said:?}"),
            Some(expected) => {
                assert!(said.len() == 1 && said[0].contains(expected), "{said:?}");
                assert!(said[0].starts_with(":1:"), "{said:?}");
            }
        }
    }
}

#[test]
fn json_within_a_text_has_its_own_lines() {
    let text = "http_filters:\n- name: gate\n  typed_config:\n    \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n    config:\n      root_id: portcullis\n      configuration:\n        \"@type\": type.googleapis.com/google.protobuf.StringValue\n        value: |\n          {\n            \"rulez\": []\n          }\n";
    let (code, said) = check("string-value.yaml", text);
    assert_eq!(code, 1);
    assert!(
        said.starts_with(
            ":11:13: error: configuration: unknown field \"rulez\", did you mean \"rules\"?"
        ),
        "{said}"
    );
    let (_, said) = check("string-value.yaml", &text.replace("[]", "[],"));
    assert!(said.starts_with(":12:11: error: "), "{said}");
}

#[test]
fn an_istio_filter_is_found_and_chosen_by_name() {
    let filter = |name: &str, unmatched: &str| {
        format!(
            "
  - applyTo: HTTP_FILTER
    patch:
      operation: INSERT_BEFORE
      value:
        name: {name}
        typed_config:
          \"@type\": type.googleapis.com/udpa.type.v1.TypedStruct
          type_url: type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
          value:
            config:
              root_id: portcullis
              vm_config: {{ vm_id: {name} }}
              configuration:
                \"@type\": type.googleapis.com/google.protobuf.StringValue
                value: '{{\"unmatched\": \"{unmatched}\"}}'"
        )
    };
    let text = format!(
        "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nspec:\n  configPatches:{}{}\n",
        filter("open", "allow"),
        filter("closed", "deny")
    );
    let path = file("envoy-filter.yaml", &text);
    let path = path.to_str().unwrap();
    let request = r#"{"path":"/"}"#;
    for (name, decision) in [("open", "allow"), ("closed", "deny")] {
        let output = portcullis(&["decide", "--config", path, "--filter", name], request);
        let said: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(said["decision"], decision);
    }
    for (arguments, expected) in [
        (
            &["decide", "--config", path][..],
            "several Portcullis filters; choose one with --filter: open, closed",
        ),
        (
            &["decide", "--config", path, "--filter", "other"],
            "no Portcullis filter with this name; its filters are open, closed",
        ),
        (
            &["check", path, "--filter", "other"],
            "no Portcullis filter with this name; its filters are open, closed",
        ),
    ] {
        let output = portcullis(arguments, request);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn our_own_envoy_files_are_good() {
    for name in ["demo", "routes", "metadata", "status"] {
        let path = project().join("envoy").join(format!("{name}.yaml"));
        let output = portcullis(&["check", path.to_str().unwrap()], "");
        let said = stdout(&output);
        assert!(!said.contains(": error: "), "{said}");
    }
}

/// In the example, the operators' listener has a copy of the API's filter. The filter and the copy
/// have the same `vm_id`, because they are meant to share memory.
#[test]
fn a_copy_of_a_filter_needs_a_name_of_its_own_but_no_vm_id() {
    let example = std::fs::read_to_string(project().join("envoy/status.yaml")).unwrap();
    let shared = "has the same vm_id";
    let (_, said) = check("copy.yaml", &example);
    assert!(!said.contains(shared), "{said}");
    let open = "status: anyone can see which authorization servers are configured";
    let warnings = said.lines().filter(|line| line.contains("warning"));
    assert!(
        warnings.clone().count() == 1 && said.contains(open),
        "{said}"
    );
    let other = example.replacen("/etc/envoy/portcullis.wasm", "/etc/envoy/other.wasm", 1);
    let (_, said) = check("copy-other.yaml", &other);
    assert_eq!(said.matches(shared).count(), 2, "{said}");

    let alike = example.replace("- name: portcullis-status", "- name: portcullis");
    for (name, text, arguments, expected) in [
        (
            "copy-alike.yaml",
            &alike,
            &[][..],
            "several Portcullis filters have the name \"portcullis\"; give each filter its own \
             \"name\", and choose one with --filter",
        ),
        (
            "copy-alike.yaml",
            &alike,
            &["--filter", "portcullis"],
            "several Portcullis filters have the name \"portcullis\"",
        ),
        (
            "copy.yaml",
            &example,
            &[],
            "several Portcullis filters; choose one with --filter: portcullis, portcullis-status",
        ),
    ] {
        let path = file(name, text);
        let decide = ["decide", "--config", path.to_str().unwrap()];
        let output = portcullis(&[&decide, arguments].concat(), r#"{"path":"/"}"#);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    let path = file("copy.yaml", &example);
    let arguments = [
        "decide",
        "--config",
        path.to_str().unwrap(),
        "--filter",
        "portcullis-status",
    ];
    let output = portcullis(&arguments, r#"{"path":"/portcullis"}"#);
    let said: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(said["status"], 200, "{said}");
}

#[test]
fn several_files_are_checked_in_one_run_and_as_json() {
    let good = file("several-good.yaml", BOOTSTRAP);
    let bad = file("several-bad.yaml", "rules: 7\n");
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let output = portcullis(&["check", good, bad], "");
    let expected = format!(
        "{bad}:1:1: error: rules: expected a list, found 7; write \"- \" before each rule\n{good}: ok: 1 provider, 2 rules\n"
    );
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), expected));
    let output = portcullis(&["check", "--json", good, bad], "");
    let said: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        said,
        json!({
            "ok": false,
            "findings": [{
                "severity": "error", "file": bad, "line": 1, "column": 1, "path": "rules",
                "message": "expected a list, found 7; write \"- \" before each rule",
            }],
            "policies": [{ "file": good, "providers": 1, "rules": 2 }],
        })
    );
    let output = portcullis(&["check", "--color", "always", bad], "");
    assert!(
        stdout(&output).contains("\u{1b}[31merror:\u{1b}[0m rules"),
        "{}",
        stdout(&output)
    );
}

/// The document of a manifest that has this kind.
fn kubernetes(manifest: &str, kind: &str) -> String {
    let path = project().join(format!("envoy/kubernetes/{manifest}.yaml"));
    let text = std::fs::read_to_string(path).unwrap();
    let is_wanted = |text: &&str| text.contains(&format!("kind: {kind}\n"));
    let document = text.split("---\n").find(is_wanted).unwrap();
    let key = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFA";
    document.replace("REPLACE-ME", key)
}

#[test]
fn reads_the_policy_of_each_kubernetes_resource() {
    for (manifest, kind) in [
        ("envoy-gateway", "EnvoyExtensionPolicy"),
        ("envoy-gateway-native", "EnvoyExtensionPolicy"),
        ("istio-traffic-extension", "TrafficExtension"),
        ("istio-wasm-plugin", "WasmPlugin"),
    ] {
        let text = kubernetes(manifest, kind);
        let path = file(&format!("{manifest}.yaml"), &text);
        let output = portcullis(&["check", "--strict", path.to_str().unwrap()], "");
        assert_eq!(stdout(&output), "ok: 1 provider, 2 rules\n", "{manifest}");
        assert_eq!(output.status.code(), Some(0), "{manifest}");
    }
}

#[test]
fn a_resource_that_lets_requests_pass_without_the_module_is_an_error() {
    for (manifest, kind, from, to, at) in [
        (
            "envoy-gateway",
            "EnvoyExtensionPolicy",
            "failOpen: false",
            "failOpen: true",
            "spec.wasm[0].failOpen: while the module is missing",
        ),
        (
            "istio-traffic-extension",
            "TrafficExtension",
            "FAIL_CLOSE ",
            "FAIL_OPEN ",
            "spec.wasm.failStrategy: while the module is missing",
        ),
        (
            "istio-wasm-plugin",
            "WasmPlugin",
            "FAIL_CLOSE ",
            "FAIL_OPEN ",
            "spec.failStrategy: while the module is missing",
        ),
    ] {
        let text = kubernetes(manifest, kind);
        assert!(text.contains(from), "{manifest}");
        let (code, said) = check(&format!("open-{manifest}.yaml"), &text.replace(from, to));
        assert_eq!(code, 1, "{manifest}");
        assert!(said.contains(at), "{manifest}: {said}");
    }
}
