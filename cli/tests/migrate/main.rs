//! Runs `portcullis migrate` as a user does.
//!
//! `filters/` contains `jwt_authn` configurations. The tests embed each of them in an Envoy
//! configuration. `documents/` contains whole Envoy files. Next to each file are the expected
//! standard output (`.out`) and the expected standard error (`.err`). `PORTCULLIS_BLESS=1`
//! overwrites the expected output with the actual output. If Envoy and the module are installed,
//! Envoy validates each bootstrap file before and after the rewrite.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that fails may panic"
)]

mod metadata;
mod opened;
mod refused;
mod rollout;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use portcullis::config::Config;
use portcullis_cli::migrate::{Deviation, Obstacle, configuration};
use serde_json::{Value, json};

/// The key set that one case reads from an environment variable.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"e","x":"rgvbd-gRuo5y7perHm04oqvtq2A4Ak80WzBTaKORFWc"}]}"#;

/// The Envoy configuration around a case's filter.
const ENVOY: &str = r#"static_resources:
  listeners:
  - name: ingress
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          http_filters:
          - name: envoy.filters.http.jwt_authn
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
FILTER
          - name: envoy.filters.http.router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{ match: { prefix: / }, direct_response: { status: 200 } }]
  clusters:
  - name: idp
    type: STATIC
    connect_timeout: 1s
    load_assignment: { cluster_name: idp, endpoints: [] }
"#;

/// Documents that Envoy cannot validate, because they are not bootstrap files.
const RESOURCES: [&str; 3] = ["extensions", "listeners", "routes_alone"];

fn folder() -> PathBuf {
    support::folders::project().join("cli/tests/migrate")
}

/// The configurations in a folder, each with its name.
fn cases(kind: &str) -> Vec<(String, PathBuf)> {
    let mut cases: Vec<_> = fs::read_dir(folder().join(kind))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("yaml" | "json"))
        })
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, path)
        })
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn migrate(file: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .arg("migrate")
        .arg(file)
        .args(arguments)
        .current_dir(folder())
        .env("PORTCULLIS_TEST_JWKS", KEYS)
        .output()
        .unwrap()
}

fn file(name: &str, text: &str) -> PathBuf {
    support::folders::write("migrate", name, text)
}

/// The case's configuration, embedded in an Envoy configuration.
fn embedded(name: &str, filter: &str) -> PathBuf {
    let indented: Vec<String> = filter
        .lines()
        .map(|line| format!("              {line}"))
        .collect();
    // An empty configuration (`{}`) adds no line after `@type`.
    let indented = indented.join("\n").replace("              {}", "");
    file(&format!("{name}.yaml"), &ENVOY.replace("FILTER", &indented))
}

fn printed(output: &Output) -> String {
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{messages}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The messages of a run, with the file's name in place of its path.
fn messages(output: &Output, file: &Path) -> String {
    let messages = String::from_utf8_lossy(&output.stderr);
    let name = file.file_name().unwrap().to_str().unwrap();
    messages.replace(file.to_str().unwrap(), name)
}

fn expect(path: &Path, extension: &str, found: &str) {
    let path = path.with_extension(extension);
    if env::var_os("PORTCULLIS_BLESS").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{}", path.display());
}

/// Fails unless the module accepts each configuration.
fn expect_accepted(name: &str, documents: &str) {
    for document in documents.split("\n---\n") {
        let value: Value = serde_saphyr::from_str(document).unwrap();
        if let Err(error) = Config::parse(value.to_string().as_bytes()) {
            panic!("{name}: {error}\n{document}");
        }
    }
}

#[test]
fn prints_the_equivalent_of_each_configuration() {
    for (name, path) in cases("filters") {
        let envoy = embedded(
            &format!("printed-{name}"),
            &fs::read_to_string(&path).unwrap(),
        );
        let output = migrate(&envoy, &[]);
        let found = printed(&output);
        expect_accepted(&name, &found);
        expect(&path, "out", &found);
        expect(&path, "err", &messages(&output, &envoy));
    }
}

#[test]
fn rewrites_whole_documents() {
    for (name, path) in cases("documents") {
        let output = migrate(
            &path,
            &["--rewrite", "--module", "/etc/envoy/portcullis.wasm"],
        );
        expect(&path, "out", &printed(&output));
        expect(&path, "err", &messages(&output, &path));
        if name != "routes_alone" {
            expect_accepted(&name, &printed(&migrate(&path, &[])));
        }
    }
}

/// After the rewrite, nothing is left to migrate, except in the documents in `APART`. Overrides and
/// guards (filters that refuse every request) remain in these documents, because a roll-out needs
/// them.
#[test]
fn leaves_only_the_guards_of_a_roll_out_behind() {
    const APART: [&str; 3] = ["listeners", "routes_alone", "several"];
    for (name, path) in cases("documents") {
        let rewritten = printed(&migrate(&path, &["--rewrite", "--module", "m.wasm"]));
        if !APART.contains(&name.as_str()) {
            let again = migrate(&file(&format!("{name}.again"), &rewritten), &[]);
            assert_eq!(again.status.code(), Some(1), "{name}");
            assert!(!rewritten.contains("jwt_authn.v3"), "{name}");
        }
    }
}

/// Whether the files exist. If a file is missing, a test that needs Envoy fails in CI, and is
/// skipped everywhere else.
fn are_installed(files: [&Path; 2], targets: &str) -> bool {
    let missing: Vec<_> = files.iter().filter(|file| !file.exists()).collect();
    assert!(
        missing.is_empty() || env::var("CI").as_deref() != Ok("true"),
        "missing: {missing:?}"
    );
    if !missing.is_empty() {
        eprintln!("SKIPPED in Envoy: run `make {targets}`");
    }
    missing.is_empty()
}

/// The bootstrap file of every case that has one, with the case's name.
fn bootstraps(prefix: &'static str) -> impl Iterator<Item = (String, PathBuf)> {
    let filters = cases("filters").into_iter().map(move |(name, path)| {
        let text = fs::read_to_string(path).unwrap();
        let whole = embedded(&format!("{prefix}-{name}"), &text);
        (name, whole)
    });
    let all = filters.chain(cases("documents"));
    all.filter(|(name, _)| !RESOURCES.contains(&name.as_str()))
}

/// Envoy accepts the rewritten file if it accepts the original.
#[test]
fn envoy_accepts_every_rewritten_file() {
    let envoy = tool("PORTCULLIS_ENVOY", ".tools/envoy/envoy");
    let module = tool(
        "PORTCULLIS_WASM",
        "target/wasm32-unknown-unknown/release/portcullis.wasm",
    );
    if !are_installed([&envoy, &module], "envoy wasm") {
        return;
    }
    for (name, before) in bootstraps("validated") {
        validate(&envoy, &before);
        let arguments = ["--rewrite", "--module", module.to_str().unwrap()];
        let rewritten = printed(&migrate(&before, &arguments));
        validate(&envoy, &file(&format!("{name}.rewritten.yaml"), &rewritten));
    }
}

/// Envoy also accepts the file that is rewritten for the dynamic module. To validate a file, Envoy
/// loads the module, so the module itself checks the policies of filters and routes.
#[test]
fn envoy_accepts_every_rewritten_file_in_native() {
    let envoy = tool("PORTCULLIS_ENVOY", ".tools/envoy/envoy");
    let library = tool("PORTCULLIS_NATIVE", "target/native/libportcullis.so");
    if !are_installed([&envoy, &library], "envoy native") {
        return;
    }
    for (name, before) in bootstraps("native") {
        let arguments = ["--rewrite", "--native", library.to_str().unwrap()];
        let rewritten = printed(&migrate(&before, &arguments));
        validate(&envoy, &file(&format!("{name}.native.yaml"), &rewritten));
    }
}

/// Other filters still find the claims in dynamic metadata. Each route keeps its policy, as typed
/// configuration for the dynamic module.
#[test]
fn rewrites_for_the_dynamic_module() {
    let routes = folder().join("documents/routes.yaml");
    let arguments = ["--rewrite", "--native", "/opt/libportcullis-1.so"];
    let output = migrate(&routes, &arguments);
    let rewritten = printed(&output);
    let count = |text: &str| rewritten.matches(text).count();
    assert_eq!(count("filters.http.wasm"), 0);
    assert_eq!(count("v3.DynamicModuleFilter\n"), 1);
    assert_eq!(count("metadata_namespace: envoy.filters.http.jwt_authn"), 1);
    let policies = count("v3.DynamicModuleFilterPerRoute\n");
    assert!(policies > 0, "{rewritten}");
    // Each route that has `filter_metadata` must also have a `DynamicModuleFilterPerRoute`.
    // Otherwise, its requests would get status 500.
    assert_eq!(count("filter_metadata:\n"), policies);
    assert_eq!(count("filename: /opt/libportcullis-1.so"), policies + 1);
    assert_eq!(count("do_not_close: true"), policies + 1);
    let both = migrate(
        &routes,
        &["--rewrite", "--native", "a.so", "--module", "a.wasm"],
    );
    assert_eq!(both.status.code(), Some(2));
    assert_eq!(migrate(&routes, &["--rewrite"]).status.code(), Some(2));
}

/// Envoy before 1.40 finds the library by its name, and Envoy 1.38 accepts a route's policy only as
/// a string.
#[test]
fn rewrites_for_an_envoy_that_knows_the_library_by_name() {
    let routes = folder().join("documents/routes.yaml");
    let rewritten = printed(&migrate(&routes, &["--rewrite", "--native", "portcullis"]));
    let count = |text: &str| rewritten.matches(text).count();
    let policies = count("v3.DynamicModuleFilterPerRoute\n");
    assert!(policies > 0, "{rewritten}");
    assert_eq!(count("dynamic_module_config:\n"), policies + 1);
    assert_eq!(count("per_route_config_name: portcullis\n"), policies);
    assert_eq!(count("google.protobuf.StringValue\n"), policies);
    assert_eq!((count("filter_name:"), count("filename:")), (1, 0));
}

fn tool(variable: &str, default: &str) -> PathBuf {
    let chosen = env::var_os(variable).map(PathBuf::from);
    chosen.unwrap_or_else(|| support::folders::project().join(default))
}

fn validate(envoy: &Path, file: &Path) {
    let output = Command::new(envoy)
        .args(["--mode", "validate", "--use-dynamic-base-id"])
        .args(["--log-level", "error", "--config-path"])
        .arg(file)
        .current_dir(folder())
        .env("PORTCULLIS_TEST_JWKS", KEYS)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", file.display());
}

/// In `jwt_authn`, a field that is null counts as absent. In Portcullis, some fields must not be
/// null.
#[test]
fn leaves_out_fields_that_are_null_and_reports_them() {
    let provider =
        json!({ "issuer": "a", "audiences": null, "local_jwks": { "inline_string": KEYS } });
    let condition = json!({ "prefix": "/", "headers": [{ "name": "x-a", "exact_match": null }] });
    let filter = json!({
        "providers": { "a": provider },
        "rules": [{ "match": condition, "requires": null }],
        "filter_state_rules": null,
    });
    let migrated = configuration(&filter).unwrap();
    let carried = &migrated.configuration;
    Config::parse(carried.to_string().as_bytes()).unwrap();
    let condition = json!({ "prefix": "/", "headers": [{ "name": "x-a" }] });
    assert_eq!(carried["rules"], json!([{ "match": condition }]));
    let empty = migrated.differences.iter();
    let empty = empty.filter(|one| one.what == Deviation::EmptyField);
    let places: Vec<String> = empty.map(|one| one.at.to_string()).collect();
    let expected = [
        "filter_state_rules",
        "providers.a.audiences",
        "rules[0].match.headers[0].exact_match",
        "rules[0].requires",
    ];
    assert_eq!(places, expected);
}

/// Other programs call `configuration` to convert a single `jwt_authn` message.
#[test]
fn migrates_a_single_message() {
    let provider = json!({ "issuer": "a", "localJwks": { "inlineString": KEYS } });
    let filter = json!({
        "providers": { "a b": provider },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "providerName": "a b" } }],
    });
    let migrated = configuration(&filter).unwrap();
    let carried = &migrated.configuration;
    Config::parse(carried.to_string().as_bytes()).unwrap();
    assert_eq!(carried["rules"][0]["requires"]["provider_name"], "a_b");
    assert_eq!(carried["providers"]["a_b"]["token_types"], json!(["*"]));
    let renamed = Deviation::Renamed { to: "a_b".into() };
    assert!(migrated.differences.iter().any(|one| one.what == renamed));
    assert!(
        migrated
            .differences
            .iter()
            .all(|one| one.what != Deviation::EmptyField)
    );
    let error = configuration(&json!({ "provders": {} })).unwrap_err();
    assert_eq!(error.reason, Obstacle::UnknownField);
    assert!(configuration(&json!("text")).is_err());
}
