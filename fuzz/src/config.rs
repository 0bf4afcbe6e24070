//! Configurations: no request passes without a verified token unless the configuration allows it.

use portcullis::{
    config::{Config, ConfigError},
    connection::NoConnection,
    decision::{Decision, PermitReason},
    engine::{Engine, Patience},
    http::Request,
    json,
    policy::{Mode, Requirement, Rule, Unmatched},
};
use serde_json::Value;

use crate::issuer::NOW;

/// Tokens without a valid signature: the first has the `alg` `none`, and the second has a signature
/// of zeros.
const UNSIGNED: [&str; 2] = [
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0.AA",
    "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];

/// The maximum number of paths that are tried.
const PATHS: usize = 6;

/// Reads the input as a configuration in JSON.
pub fn check(input: &[u8]) {
    let parsed = Config::parse(input);
    let Ok(value) = json::parse(input) else {
        assert!(parsed.is_err());
        return;
    };
    // A configuration that arrives as a `Struct` is converted to a value directly, without being
    // written as JSON and parsed again.
    let converted = Config::from_value(&value);
    match (parsed, converted) {
        (Ok(config), Ok(converted)) => {
            assert_eq!(config.warnings, converted.warnings);
            assert!(
                config
                    .warnings
                    .iter()
                    .all(|warning| !warning.to_string().is_empty())
            );
            check_decisions(config, &value);
        }
        (Err(error), Err(other)) => {
            assert_eq!(error, other);
            check_error(&error);
        }
        _ => panic!("only one of text and value is accepted"),
    }
}

fn check_error(error: &ConfigError) {
    let text = error.to_string();
    assert!(!text.is_empty());
    assert!(
        !text.chars().any(char::is_control),
        "could break a line of the log: {text:?}"
    );
}

fn check_decisions(config: Config, value: &Value) {
    let engine = Engine::new(config);
    let mut paths = vec!["/"];
    collect_paths(value, &mut paths);
    for path in paths {
        for method in ["GET", "OPTIONS"] {
            check_decision(&engine, method, path, None);
            for token in UNSIGNED {
                check_decision(&engine, method, path, Some(token));
            }
        }
    }
}

/// Collects strings in the configuration that could be the path of a rule.
fn collect_paths<'a>(value: &'a Value, paths: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if text.starts_with('/') && paths.len() < PATHS => paths.push(text),
        Value::Array(elements) => elements
            .iter()
            .for_each(|element| collect_paths(element, paths)),
        Value::Object(members) => members
            .values()
            .for_each(|member| collect_paths(member, paths)),
        _ => {}
    }
}

fn check_decision(engine: &Engine, method: &str, path: &str, token: Option<&str>) {
    let authorization = token.map(|token| format!("Bearer {token}"));
    let mut headers: Vec<(&[u8], &[u8])> = vec![
        (b":method", method.as_bytes()),
        (b":path", path.as_bytes()),
        (b"origin", b"https://app.example"),
        (b"access-control-request-method", b"GET"),
    ];
    headers.extend(
        authorization
            .iter()
            .map(|value| (&b"authorization"[..], value.as_bytes())),
    );
    let request = Request::new(headers);
    let config = engine.config();
    match engine
        .decide(&request, None, NOW, Patience::Waiting, &NoConnection)
        .decision
    {
        Decision::Permit(permit) => match permit.reason {
            PermitReason::CorsPreflight => {
                assert!(config.bypass_cors_preflight && method == "OPTIONS");
            }
            PermitReason::Lenient => assert!(
                requirements(config).any(admits),
                "every requirement asks for a token"
            ),
            PermitReason::NotRequired => {
                assert!(config.rules.iter().any(|rule| rule.demand.is_none()));
            }
            PermitReason::Shadow(_) => assert_eq!(config.mode, Mode::Shadow),
            PermitReason::Unmatched => assert_eq!(config.unmatched, Unmatched::Allow),
            PermitReason::Verified => panic!("nobody has signed the token"),
        },
        Decision::Report(_) => assert!(config.status.is_some()),
        Decision::Serve(_) => assert!(!config.protected_resources.is_empty()),
        Decision::Deny(_) | Decision::AwaitKeys(_) => {}
    }
}

fn requirements(config: &Config) -> impl Iterator<Item = &Requirement> {
    let by_state = config
        .filter_state_rules
        .iter()
        .flat_map(|rules| rules.requires.values());
    config
        .rules
        .iter()
        .filter_map(Rule::requirement)
        .chain(by_state)
}

/// Whether a requirement can be satisfied without a verified token.
fn admits(requirement: &Requirement) -> bool {
    match requirement {
        Requirement::All(members) => members.iter().all(admits),
        Requirement::Any(members) => members.iter().any(admits),
        Requirement::AllowMissing
        | Requirement::AllowMissingOrFailed
        | Requirement::ExtractOnly(_) => true,
        Requirement::Provider { .. } => false,
    }
}
