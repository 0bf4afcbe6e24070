//! The JSON Schema of the configuration agrees with the parser.
//!
//! A standard validator (Ajv, in Node) applies the schema to every example of the documentation and
//! of `envoy/`. It also applies the schema to variants of these examples, in which a value is
//! replaced or an unknown field is added. The schema must accept every document that the parser
//! accepts, and reject every document that the parser rejects because of the document's structure.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use portcullis::config::{Config, Fault, schema};
use serde_json::{Value, json};

/// A document, with the verdict that the schema must give.
struct Judged {
    place: String,
    document: Value,
    is_valid: bool,
    /// The error that the validator must report: the error's path, followed by the name of the
    /// unknown field, or by the message if no field is unknown. `None` if any error is fine.
    complaint: Option<&'static str>,
}

#[test]
fn agrees_with_the_parser() {
    let mut judged = Vec::new();
    for (place, document) in documents() {
        judged.extend(judge(place.clone(), document.clone()));
        // Every field on the pages in docs/providers is also in docs/configuration.md, so the test
        // makes no variants of these pages.
        let count = match place.contains("docs/providers") {
            true => 0,
            false => values(&document),
        };
        for target in 0..count {
            for replacement in replacements() {
                let mut changed = document.clone();
                change(&mut changed, &mut target.clone(), &mut |value| {
                    *value = replacement.clone();
                });
                judged.extend(judge(format!("{place}, value {target}"), changed));
            }
            let mut changed = document.clone();
            change(&mut changed, &mut target.clone(), &mut |value| {
                if let Value::Object(members) = value {
                    members.insert("no_such_name".to_owned(), json!(1));
                }
            });
            judged.extend(judge(
                format!("{place}, an unknown field in value {target}"),
                changed,
            ));
        }
    }
    let (valid, invalid): (Vec<_>, Vec<_>) = judged.iter().partition(|judged| judged.is_valid);
    assert!(valid.len() > 1000 && invalid.len() > 1000);
    let complaints = complaints(&judged);
    assert!(complaints.is_empty(), "{complaints}");
}

/// An editor shows the validator's message next to a line, so the message must name the wrong
/// field, not the rule that contains it.
#[test]
fn reports_a_fault_inside_a_requirement_at_its_own_place() {
    let any = |of: Value| json!({"requires_any": {"requirements": [{"allow_missing": {}}, of]}});
    let judged = [
        (
            json!({"provder_name": "idp"}),
            "/rules/0/requires provder_name",
        ),
        (
            json!({"provider_name": 7}),
            "/rules/0/requires/provider_name must be string",
        ),
        (
            json!({"provider_and_audiences": {"provider_name": "idp", "audience": []}}),
            "/rules/0/requires/provider_and_audiences audience",
        ),
        (
            any(json!({"provder_name": "idp"})),
            "/rules/0/requires/requires_any/requirements/1 provder_name",
        ),
        (
            any(any(json!({"allow_missing": true}))),
            "/rules/0/requires/requires_any/requirements/1/requires_any/requirements/1/allow_missing \
             must be object,null",
        ),
        (
            json!({"provider_name": "idp", "providerName": "idp"}),
            "/rules/0/requires/providerName boolean schema is false",
        ),
        (json!("idp"), "/rules/0/requires must be object"),
        (json!(null), "/rules/0/requires must be object"),
    ]
    .map(|(requires, complaint)| {
        let mut document = base();
        document["rules"][0]["requires"] = requires;
        Judged {
            place: "requires".to_owned(),
            document,
            is_valid: false,
            complaint: Some(complaint),
        }
    });
    let complaints = complaints(&judged);
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn names_the_defaults() {
    let schema = schema();
    let base = base();
    let written = format!("{:?}", parse(&base).unwrap());
    let mut seen = 0_usize;
    for (object, place) in [
        ("Config", ""),
        ("Limits", "/limits"),
        ("Provider", "/providers/idp"),
        ("Cache", "/providers/idp/jwt_cache_config"),
        ("RemoteJwks", "/providers/idp/remote_jwks"),
        ("AsyncFetch", "/providers/idp/remote_jwks/async_fetch"),
        ("Match", "/rules/0/match"),
    ] {
        for (name, field) in schema["$defs"][object]["properties"].as_object().unwrap() {
            let Some(default) = field.get("default") else {
                continue;
            };
            let mut document = base.clone();
            document.pointer_mut(place).unwrap()[name] = default.clone();
            let read = parse(&document).unwrap_or_else(|error| panic!("{object}.{name}: {error}"));
            assert_eq!(format!("{read:?}"), written, "{object}.{name}");
            seen = seen.saturating_add(1);
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn every_field_is_in_the_documentation() {
    let root = support::folders::project();
    let page = fs::read_to_string(root.join("docs/configuration.md")).unwrap();
    for (object, declared) in schema()["$defs"].as_object().unwrap() {
        for (name, field) in declared["properties"].as_object().unwrap() {
            let description = field["description"].as_str().unwrap();
            let is_needless = description.starts_with("Has no effect");
            assert!(
                is_needless || page.contains(name.as_str()),
                "{object}.{name}"
            );
        }
    }
}

/// The names of all presets.
fn presets() -> Vec<String> {
    let schema = schema();
    let presets = &schema["$defs"]["Provider"]["properties"]["preset"]["enum"];
    let presets = presets.as_array().unwrap().iter();
    presets
        .filter_map(|preset| preset.as_str().map(str::to_owned))
        .collect()
}

#[test]
fn every_preset_is_in_the_table_of_presets_and_its_page_in_each_index() {
    let root = support::folders::project();
    let read = |page| fs::read_to_string(root.join(page)).unwrap();
    let configuration = read("docs/configuration.md");
    let indexes = [read("docs/README.md"), read("docs/providers/README.md")];
    for preset in presets() {
        let row = format!("\n| [`{preset}`](providers/");
        let (_, rest) = configuration
            .split_once(&row)
            .unwrap_or_else(|| panic!("{preset}"));
        let (page, _) = rest.split_once([')', '#']).unwrap();
        for index in &indexes {
            assert!(index.contains(page), "{preset}: {page}");
        }
    }
}

/// Each fixture contains a token of a product. Without a fixture, nothing would show that a preset
/// accepts the tokens of its product.
#[test]
fn every_preset_has_a_fixture() {
    let (_, fixtures) = support::identity_providers::fixtures::all();
    let configured: Vec<_> = fixtures
        .iter()
        .map(|fixture| support::identity_providers::configurations::provider_for(&fixture.id))
        .collect();
    for preset in presets() {
        // No product issues the tokens of this preset.
        let has_no_product = preset == "generic";
        let has_fixture = configured
            .iter()
            .any(|provider| provider["preset"] == *preset);
        assert_eq!(has_fixture, !has_no_product, "{preset}");
    }
}

/// A configuration that contains every object whose fields have defaults.
fn base() -> Value {
    json!({
        "limits": {},
        "providers": {"idp": {
            "issuer": "https://idp.example",
            "audiences": ["api"],
            "jwt_cache_config": {},
            "remote_jwks": {
                "async_fetch": {},
                "http_uri": {"uri": "https://idp.example/keys", "cluster": "idp", "timeout": "5s"},
            },
        }},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "idp"}}],
    })
}

fn documents() -> Vec<(String, Value)> {
    let mut documents: Vec<(String, Value)> = support::examples::of_the_documentation()
        .into_iter()
        .map(|example| (example.place(), example.document()))
        .collect();
    let examples_of_envoy = support::examples::of_envoy();
    assert!(examples_of_envoy.len() >= 3);
    documents.extend(examples_of_envoy);
    documents.push(("base".to_owned(), base()));
    documents
}

fn parse(document: &Value) -> Result<Config, portcullis::config::ConfigError> {
    Config::parse(document.to_string().as_bytes())
}

/// Pairs a document with the verdict that the schema must give. Returns `None` if the parser
/// rejects the document for a reason that the schema does not cover.
fn judge(place: String, document: Value) -> Option<Judged> {
    let is_valid = match parse(&document) {
        Ok(_) => true,
        Err(error) => {
            if !is_of_the_shape(error.reason()) {
                return None;
            }
            false
        }
    };
    Some(Judged {
        place,
        document,
        is_valid,
        complaint: None,
    })
}

fn is_of_the_shape(reason: &Fault) -> bool {
    matches!(
        reason,
        Fault::NotAvailable { .. }
            | Fault::Null
            | Fault::SpeltTwice { .. }
            | Fault::UnknownField { .. }
            | Fault::UnknownValue { .. }
            | Fault::Unreadable { .. }
            | Fault::WrongType { .. }
    )
}

/// The disagreements between schema and parser, as the validator reports them.
fn complaints(judged: &[Judged]) -> String {
    let script = support::folders::project().join("scripts/check-schema/main.mjs");
    let mut validator = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = validator.stdin.take().unwrap();
    writeln!(input, "{}", schema()).unwrap();
    for Judged {
        place,
        document,
        is_valid,
        complaint,
    } in judged
    {
        let line = json!({
            "place": place, "document": document, "valid": is_valid, "complaint": complaint,
        });
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = validator.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "run `make docs` first: it installs the validator"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Values of every type, and some values that have a special meaning.
fn replacements() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(60.0),
        json!(1.5),
        json!(5_000_000_000_u64),
        json!(""),
        json!("5s"),
        json!("7"),
        json!("reject"),
        json!([]),
        json!(["a"]),
        json!([1]),
        json!([[]]),
        json!({}),
        json!({"a": {}}),
        json!({"providerName": "idp"}),
    ]
}

/// The number of values in a document, including the document itself.
fn values(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Array(elements) => elements.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum(),
        _ => 0,
    };
    inner.saturating_add(1)
}

/// Changes the value at the index `target` in depth-first order.
fn change(value: &mut Value, target: &mut usize, to: &mut dyn FnMut(&mut Value)) {
    if *target == 0 {
        to(value);
    }
    *target = target.wrapping_sub(1);
    match value {
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| change(element, target, to)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| change(member, target, to)),
        _ => {}
    }
}
