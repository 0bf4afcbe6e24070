//! Migrations that could let requests pass although `jwt_authn` refuses them. The program refuses
//! each such migration, or reports a danger.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    configuration, embedded, file, migrate, printed,
    refused::{PER_ROUTE, PROVIDER, manager, messages, routes},
};
use portcullis_cli::migrate::{Deviation, Obstacle};

const REWRITE: [&str; 3] = ["--rewrite", "--module", "m"];

/// The dangers that a successful migration reports.
fn dangers(file: &Path, arguments: &[&str]) -> Vec<String> {
    let output = migrate(file, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let lines = said.lines().filter(|line| line.contains(": danger: "));
    lines.map(str::to_owned).collect()
}

/// An Envoy without WebAssembly support would skip an optional module and let every request pass.
#[test]
fn leaves_no_module_optional() {
    let envoy = std::fs::read_to_string(embedded("optional", PROVIDER)).unwrap();
    let entry = "- name: envoy.filters.http.jwt_authn\n";
    for field in ["is_optional", "isOptional"] {
        let optional = format!("{entry}            {field}: true\n");
        let path = file("optional.yaml", &envoy.replace(entry, &optional));
        let rewritten = printed(&migrate(&path, &REWRITE));
        assert!(rewritten.contains("portcullis"), "{rewritten}");
        assert!(!rewritten.contains(field), "{rewritten}");
    }
}

const OTHER_MODULE: &str = r#"
  - name: device
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
      config:
        root_id: portcullis
        vm_config: { vm_id: device, code: { local: { filename: /etc/m.wasm } } }"#;

/// A route's metadata reaches every Portcullis filter, not only the one that replaces `jwt_authn`.
#[test]
fn overrides_for_jwt_authn_disable_no_other_portcullis() {
    let off = routes(&format!("{{ jwt: {{ {PER_ROUTE}, disabled: true }} }}"));
    let with = |routes: &str, module: &str| {
        let filters = format!("http_filters:{module}");
        let manager = manager("jwt", routes).replace("http_filters:", &filters);
        format!("resources:\n{manager}")
    };
    let own = format!("route_config: {off}");
    let policy = OTHER_MODULE.replace(
        "root_id: portcullis",
        "configuration: { value: '{\"providers\":{},\"rules\":[]}' }",
    );
    let other = OTHER_MODULE.replace("root_id: portcullis", "root_id: waf");
    for (name, module, is_refused) in [
        ("root-id", OTHER_MODULE, true),
        ("policy", &policy, true),
        ("waf", &other, false),
    ] {
        let path = file(&format!("module-{name}.yaml"), &with(&own, module));
        let arguments: [&[&str]; 2] = [&REWRITE, &[]];
        for arguments in arguments {
            if is_refused {
                let said = messages(&path, arguments, 1);
                assert!(
                    said.contains("would disable this filter too"),
                    "{name}: {said}"
                );
                assert!(said.contains("http_filters[0]: "), "{name}: {said}");
            } else {
                assert_eq!(migrate(&path, arguments).status.code(), Some(0), "{name}");
            }
        }
    }
    let says = |dangers: Vec<String>| {
        let mut dangers = dangers.iter();
        dangers.any(|line| line.contains("every Portcullis filter in its listener"))
    };
    let alone = file("module-alone.yaml", &format!("resources: [{off}]"));
    assert!(says(dangers(&alone, &REWRITE)));
    let apart = with("rds: { route_config_name: r }", OTHER_MODULE);
    assert!(says(dangers(&file("module-apart.yaml", &apart), &REWRITE)));
}

/// If a route already has metadata for Portcullis, the module would obey it, or the rewrite would
/// lose it.
#[test]
fn neither_obeys_nor_loses_existing_metadata() {
    let strict = format!("{{ jwt: {{ {PER_ROUTE}, requirement_name: strict }} }}");
    let there = |overrides: &str, metadata: &str| {
        routes(overrides).replace(
            "typed_per_filter_config",
            &format!("metadata: {{ filter_metadata: {{ portcullis: {metadata} }} }}, typed_per_filter_config"),
        )
    };
    let in_listener = |routes: &str| {
        let manager = manager("jwt", &format!("route_config: {routes}"));
        format!("resources:\n{manager}")
    };
    let alone = |routes: &str| format!("resources: [{routes}]");
    let authorize = "{ requirement_name: strict, authorize: { roles: { any_of: [root] } } }";
    let equal = "{ requirementName: strict }".replace("requirementName", "requirement_name");
    for (name, overrides, metadata, is_refused) in [
        ("obeyed", "{}", "{ disabled: true }", true),
        ("replaced", strict.as_str(), authorize, true),
        ("equal", strict.as_str(), equal.as_str(), false),
    ] {
        let routes = there(overrides, metadata);
        for (place, document) in [("with", in_listener(&routes)), ("alone", alone(&routes))] {
            let path = file(&format!("there-{name}-{place}.yaml"), &document);
            if is_refused {
                let said = messages(&path, &REWRITE, 1);
                assert!(
                    said.contains("already has metadata for Portcullis"),
                    "{said}"
                );
            } else {
                let rewritten = printed(&migrate(&path, &REWRITE));
                let again = file(&format!("there-{name}-{place}.again.yaml"), &rewritten);
                if place == "alone" {
                    assert_eq!(printed(&migrate(&again, &REWRITE)), rewritten);
                }
            }
        }
    }
    // In this document, another listener has already been migrated.
    let migrated = manager("x", &format!("route_config: {}", there("{}", authorize)));
    let (migrated, _) = migrated.split_once("  http_filters:").unwrap();
    let document = format!(
        "resources:\n{}{migrated}  http_filters: [{{ name: router }}]\n",
        manager("jwt", &format!("route_config: {}", routes("{}")))
    );
    let rewritten = printed(&migrate(&file("there-other.yaml", &document), &REWRITE));
    assert!(rewritten.contains("- root"), "{rewritten}");
}

/// The module does not write the dynamic metadata of `jwt_authn`, so a request could take a
/// different route than before.
#[test]
fn no_route_is_chosen_by_metadata_of_jwt_authn() {
    let metadata = "filter: envoy.filters.http.jwt_authn, path: [{ key: jwt }, { key: blocked }]";
    let matched = format!(
        "prefix: /, dynamic_metadata: [{{ {metadata}, value: {{ bool_match: true }} }}] }}"
    );
    let matched = routes("{}").replace("prefix: / }", &matched);
    let input = format!(
        "{{ \"@type\": type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput, {metadata} }}"
    );
    for (name, more) in [
        ("route", format!("route_config: {matched}")),
        ("input", format!("a: {{ typed_config: {input} }}")),
    ] {
        let document = format!("resources:\n{}", manager("jwt", &more));
        let path = file(&format!("chosen-{name}.yaml"), &document);
        let said = messages(&path, &REWRITE, 1);
        assert!(
            said.contains("this choice depends on the dynamic metadata"),
            "{said}"
        );
        let dangers = dangers(&path, &[]);
        assert!(
            dangers.iter().any(|line| line.contains("LETS THEM IN")),
            "{name}: {dangers:?}"
        );
    }
}

/// After the module has edited headers, Envoy chooses among the scoped routes again. The module
/// would not check the requirements of the routes that Envoy chooses the second time.
#[test]
fn no_scope_is_chosen_by_headers_that_the_module_edits() {
    let over = format!("{{ jwt: {{ {PER_ROUTE}, requirement_name: strict }} }}");
    let scoped = |header: &str, more: &str| {
        let scopes = format!(
            "scoped_routes: {{ name: s, scope_key_builder: {{ fragments: [{{ \
             header_value_extractor: {{ name: {header} }} }}] }}, {more} }}"
        );
        let document = format!("resources:\n{}", manager("jwt", &scopes)).replace(
            "issuer: a,",
            "issuer: a, claim_to_headers: [{ header_name: x-user, claim_name: sub }],",
        );
        file(&format!("scoped-{header}-{}.yaml", more.len()), &document)
    };
    let listed = format!(
        "scoped_route_configurations_list: {{ scoped_route_configurations: [{{ \
         route_configuration: {} }}] }}",
        routes(&over)
    );
    for header in ["X-User", "x_user", "x.user"] {
        let said = messages(&scoped(header, &listed), &REWRITE, 1);
        assert!(said.contains("fragments[0]: a route matches"), "{said}");
    }
    assert_eq!(
        migrate(&scoped("x-env", &listed), &REWRITE).status.code(),
        Some(0)
    );
    // The routes and their requirements are in another file.
    let apart = dangers(&scoped("x-user", "scoped_rds: {}"), &REWRITE);
    assert!(
        apart.iter().any(|line| line.contains("NEVER CHECKED")),
        "{apart:?}"
    );
}

fn rules(condition: &Value) -> Value {
    json!({
        "providers": { "p": { "issuer": "a", "localJwks": { "inlineString": super::KEYS } } },
        "rules": [{ "match": condition, "requires": { "providerName": "p" } }],
    })
}

/// The module compares the decoded query, so a condition on encoded text would never match.
#[test]
fn writes_no_rule_for_a_query_in_its_encoded_form() {
    let param = |name: &str, pattern: Value| {
        let one = json!({ "name": name, "stringMatch": pattern });
        rules(&json!({ "prefix": "/", "queryParameters": [one] }))
    };
    let regex = |regex: &str| json!({ "safeRegex": { "regex": regex } });
    for (name, pattern) in [
        ("file", json!({ "exact": "a%2Fb" })),
        ("lang", json!({ "exact": "c++" })),
        ("a%5B%5D", json!({ "prefix": "" })),
        ("x+y", json!({ "prefix": "" })),
        ("file", json!({ "prefix": "%2F" })),
        ("file", regex(".*%3D.*")),
    ] {
        let error = configuration(&param(name, pattern)).unwrap_err();
        assert_eq!(error.reason, Obstacle::QueryEncoded, "{name}");
        let place = "rules[0].match.queryParameters[0]";
        assert!(error.at.to_string().ends_with(place), "{}", error.at);
    }
    // No client sends a query with an unencoded space, so the rule never matched in `jwt_authn`.
    let migrated = configuration(&param("q", json!({ "exact": "a b" }))).unwrap();
    let mut differences = migrated.differences.iter();
    assert!(differences.any(|one| one.what == Deviation::QueryDecoded));
    let migrated = configuration(&param("q", regex("a.*"))).unwrap();
    let written = &migrated.configuration["rules"][0]["match"]["query_parameters"][0];
    assert_eq!(written["string_match"]["safe_regex"]["regex"], "(?s)a.*");
}

/// Regular expressions match octets in Envoy, but characters in the module.
#[test]
fn warns_of_regular_expressions_that_count_octets() {
    let header = |regex: &str| {
        let pattern = json!({ "safeRegex": { "regex": regex } });
        json!({ "prefix": "/", "headers": [{ "name": "x-k", "stringMatch": pattern }] })
    };
    let path = |regex: &str| json!({ "safeRegex": { "regex": regex } });
    for (condition, expected) in [
        (path("/..x"), 1),
        (path(r"/\W{2}"), 1),
        (path("/[^a-z]{2}"), 1),
        (header(".."), 1),
        (path(r"/api/[^/]+/v[0-9]{1,2}\.0/.*"), 0),
        (header("[a-z]{2}"), 0),
    ] {
        let migrated = configuration(&rules(&condition)).unwrap();
        let counts = migrated.differences.iter();
        let counts = counts.filter(|one| one.what == Deviation::CountsOctets);
        assert_eq!(counts.count(), expected, "{condition}");
    }
}
