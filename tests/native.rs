//! Facts about Envoy that the dynamic module relies on.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::{Value, json};

use support::{
    authorization_server::AuthorizationServer,
    driver::{Build, Setup},
    envoy::{binary, bootstrap, is_installed, library, process, version},
    folders, http,
};

/// The names in one block of the function table in `envoy/native/src/abi.rs`.
fn declared(block: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(folders::project().join("envoy/native/src/abi.rs")).unwrap();
    let (_, table) = source.split_once("\ncallbacks! {").unwrap();
    let (_, rest) = table.split_once(&format!("{block} {{")).unwrap();
    let (names, _) = rest.split_once("\n    }").unwrap();
    let lines = names.lines().map(str::trim);
    let names: BTreeSet<_> = lines
        .filter_map(|line| Some(line.split_once(": fn(")?.0.to_owned()))
        .collect();
    assert!(!names.is_empty(), "{block}");
    names
}

/// Returns whether a binary file contains a symbol with this name.
fn has_symbol(file: &[u8], name: &str) -> bool {
    let symbol = [&b"\0"[..], name.as_bytes(), b"\0"].concat();
    file.windows(symbol.len()).any(|window| window == symbol)
}

#[test]
fn envoy_has_every_function_that_is_required() {
    if !is_installed(&library()) || version() < (1, 38) {
        return;
    }
    let envoy = fs::read(binary()).unwrap();
    let lacks = |names: BTreeSet<String>| {
        let names = names.into_iter();
        names
            .filter(|name| !has_symbol(&envoy, &format!("envoy_dynamic_module_callback_{name}")))
            .collect::<Vec<_>>()
    };
    assert_eq!(lacks(declared("required")), [""; 0]);
    if version() >= (1, 40) {
        assert_eq!(lacks(declared("younger")), [""; 0]);
    }
}

/// Envoy refuses to load a library that lacks one of these hooks. Only some builds of Envoy require
/// the last one.
#[test]
fn the_library_has_every_hook_that_envoy_calls() {
    if !is_installed(&library()) {
        return;
    }
    let library = fs::read(library()).unwrap();
    for hook in [
        "program_init",
        "http_filter_config_new",
        "http_filter_config_destroy",
        "http_filter_per_route_config_new",
        "http_filter_per_route_config_destroy",
        "http_filter_new",
        "http_filter_destroy",
        "http_filter_request_headers",
        "http_filter_request_body",
        "http_filter_request_trailers",
        "http_filter_response_headers",
        "http_filter_response_body",
        "http_filter_response_trailers",
        "http_filter_stream_complete",
        "http_filter_scheduled",
        "http_filter_config_scheduled",
        "http_filter_config_http_callout_done",
        "http_filter_http_callout_done",
        "http_filter_http_stream_headers",
        "http_filter_http_stream_data",
        "http_filter_http_stream_trailers",
        "http_filter_http_stream_complete",
        "http_filter_http_stream_reset",
        "http_filter_downstream_above_write_buffer_high_watermark",
        "http_filter_downstream_below_write_buffer_low_watermark",
        "http_filter_local_reply",
    ] {
        assert!(
            has_symbol(&library, &format!("envoy_dynamic_module_on_{hook}")),
            "{hook}"
        );
    }
}

/// During an upgrade, some routes may still have policies that the old version of the library
/// loaded. For such a route, Envoy passes the new version a pointer that the old version returned.
/// If the new version mistook it for a pointer of its own, the route could get the policy of
/// another route.
#[test]
fn a_policy_that_another_version_loaded_refuses_every_request() {
    if !is_installed(&library()) || version() < (1, 40) {
        return;
    }
    let folder = process::new_folder();
    let other = folder.join("other.so");
    fs::copy(library(), &other).unwrap();
    let configuration = json!({
        "providers": { "login": {
            "issuer": "https://login.example.com",
            "audiences": ["orders"],
            "shared_secrets": [{ "secret": "A".repeat(64) }],
        } },
        "requirement_map": { "signed_in": { "provider_name": "login" } },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "login" } }],
    });
    let setup = Setup {
        build: Build::Native,
        ..Setup::new(configuration.clone())
    };
    let mut listener = bootstrap::listener(&folder, &setup, &configuration);
    let route = |path: &str, library: &Path, policy: Value| {
        json!({
            "match": { "path": path },
            "direct_response": { "status": 200 },
            "typed_per_filter_config": { "portcullis": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilterPerRoute",
                "dynamic_module_config": {
                    "module": { "local": { "filename": library } }, "do_not_close": true,
                },
                "filter_name": "portcullis",
                "filter_config": { "@type": "type.googleapis.com/google.protobuf.Struct", "value": policy },
            } },
        })
    };
    let of_other = ["/0", "/1", "/2", "/3", "/4", "/5"];
    let signed_in = json!({ "requirement_name": "signed_in" });
    let mut routes: Vec<_> = of_other
        .iter()
        .map(|path| route(path, &other, signed_in.clone()))
        .collect();
    routes.push(route("/open", &library(), json!({ "disabled": true })));
    *listener
        .pointer_mut("/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts")
        .unwrap() = json!([{ "name": "api", "domains": ["*"], "routes": routes }]);
    let admin = json!({ "socket_address": { "address": "127.0.0.1", "port_value": 0 } });
    let whole = json!({
        "admin": { "address": admin },
        "static_resources": { "listeners": [listener] },
    });
    let envoy = process::EnvoyProcess::spawn(folder, &whole, 1);
    let address = envoy.wait_for("a listener", || envoy.listener());
    let status = |path: &str| http::get(address, path).unwrap().0;
    assert_eq!(status("/open"), 200);
    for path in of_other {
        assert_eq!(status(path), 403, "{path}");
    }
}

/// `envoy --mode validate` only checks a configuration, so it must not fetch keys.
#[test]
fn envoy_validates_a_configuration_without_a_fetch() {
    if !is_installed(&library()) || version() < (1, 38) {
        return;
    }
    let server = AuthorizationServer::new();
    let listening = server.listen().unwrap();
    let configuration = |audiences: &Value| {
        json!({
            "providers": { "login": {
                "issuer": "https://login.example.com",
                "audiences": audiences,
                "remote_jwks": { "http_uri": {
                    "uri": "https://login.example.com/jwks", "cluster": "login", "timeout": "1s",
                } },
            } },
            "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "login" } }],
        })
    };
    let clusters = ["login", bootstrap::UPSTREAM];
    let clusters = clusters.map(|name| bootstrap::cluster(name, listening.address()));
    for (audiences, is_valid) in [(json!(["orders"]), true), (json!([]), false)] {
        let folder = process::new_folder();
        let configuration = configuration(&audiences);
        let setup = Setup {
            build: Build::Native,
            ..Setup::new(configuration.clone())
        };
        let listener = bootstrap::listener(&folder, &setup, &configuration);
        let whole = json!({
            "static_resources": { "clusters": clusters, "listeners": [listener] },
        });
        let file = folder.join("bootstrap.json");
        fs::write(&file, whole.to_string()).unwrap();
        let output = Command::new(binary())
            .args(["--mode", "validate", "--config-path"])
            .arg(file)
            .envs(
                library()
                    .parent()
                    .map(|folder| (process::LIBRARIES, folder)),
            )
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), is_valid, "{log}");
        assert_eq!(log.contains("portcullis: configuration refused"), !is_valid);
        fs::remove_dir_all(folder).unwrap();
    }
    assert_eq!(server.fetches("/jwks"), 0);
}
