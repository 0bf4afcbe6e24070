//! Tests of the engine. Most tests go through a table. Each row contains a request and the expected
//! decision, and sometimes a configuration.

mod cache;
mod certificates;
mod client_secrets;
mod exports;
mod extraction;
mod forwarding;
mod lenient;
mod mcp;
mod plain;
mod remote_keys;
mod requirements;
mod resources;
mod restrictions;
mod revocation;
mod routes;
mod routing;
mod signature_costs;
mod status;
mod step_up;
mod structured_scopes;
mod tokens;

use jwt_compact::{
    Algorithm as _,
    alg::{Hs256, Hs256Key},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    connection::NoConnection,
    jose::base64url,
    tests::{header_bytes, merge},
};

const NOW: i64 = 1_700_000_000;
const SECRET: [u8; 32] = [7; 32];
const OTHER_SECRET: [u8; 32] = [8; 32];

/// A provider with the issuer `https://<name>.example`. It accepts the tokens that [`token`] makes
/// for the same `name`.
fn provider(name: &str, secret: &[u8]) -> Value {
    json!({
        "issuer": format!("https://{name}.example"),
        "audiences": ["orders"],
        "shared_secrets": [{"kid": name, "secret": base64url::encode(secret)}],
    })
}

/// An engine with two providers, `a` and `b`. `rest` is merged into the configuration. A `null` in
/// `rest` removes a field.
fn engine(rest: Value) -> Engine {
    let mut config = json!({
        "providers": {"a": provider("a", &SECRET), "b": provider("b", &OTHER_SECRET)},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
    });
    merge(&mut config, rest);
    remove_nulls(&mut config);
    Engine::new(Config::parse(config.to_string().as_bytes()).unwrap())
}

fn remove_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(remove_nulls);
    }
}

fn sign(secret: &[u8], header: &Value, claims: &Value) -> String {
    let input = format!(
        "{}.{}",
        base64url::encode(header.to_string().as_bytes()),
        base64url::encode(claims.to_string().as_bytes())
    );
    let signature = Hs256.sign(&Hs256Key::new(secret), input.as_bytes());
    use jwt_compact::AlgorithmSignature as _;
    format!("{input}.{}", base64url::encode(&signature.as_bytes()))
}

/// A valid token for the provider `name`. The claims in `extra` are added to the usual claims, or
/// replace usual claims of the same name.
fn token(name: &str, extra: Value) -> String {
    let secret = if name == "a" { SECRET } else { OTHER_SECRET };
    let mut claims = json!({
        "iss": format!("https://{name}.example"), "aud": "orders", "sub": "s", "exp": NOW + 300,
    });
    merge(&mut claims, extra);
    sign(&secret, &json!({"alg": "HS256", "kid": name}), &claims)
}

fn send(engine: &Engine, method: &str, path: &str, headers: &[(&str, &str)]) -> Decision {
    let mut all = vec![
        (&b":method"[..], method.as_bytes()),
        (b":path", path.as_bytes()),
    ];
    all.extend(header_bytes(headers));
    let now = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000);
    engine
        .decide(
            &Request::new(all),
            None,
            now,
            Patience::Waiting,
            &NoConnection,
        )
        .decision
}

fn decide(engine: &Engine, path: &str, headers: &[(&str, &str)]) -> Decision {
    send(engine, "GET", path, headers)
}

fn bearer(engine: &Engine, token: &str) -> Decision {
    decide(
        engine,
        "/",
        &[("authorization", &format!("Bearer {token}"))],
    )
}

/// Returns the label of the decision's reason, or a fixed name if this kind of decision has no
/// reason.
fn label(decision: &Decision) -> &'static str {
    match decision {
        Decision::Permit(permit) => permit.reason.label(),
        Decision::Deny(denial) => denial.reason.label(),
        Decision::AwaitKeys(_) => "await_keys",
        Decision::Report(_) => "report",
        Decision::Serve(_) => "resource_metadata",
    }
}

fn edits(decision: Decision) -> Vec<HeaderEdit> {
    match decision {
        Decision::Permit(permit) => permit.edits,
        other => panic!("{other:?}"),
    }
}

fn remove(name: &str) -> HeaderEdit {
    HeaderEdit::Remove(name.into())
}

fn set(name: &str, value: &str) -> HeaderEdit {
    HeaderEdit::Set(name.into(), value.into())
}
