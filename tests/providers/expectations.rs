//! Checks the expectations in each fixture, and the expectations that apply to all fixtures.

use serde_json::{Value, json};

use crate::gate::{Gate, Outcome};
use support::identity_providers::{
    configurations::provider_for,
    fixtures::{self, COUNT, Fixture},
};

const SCOPE: Outcome = Err((403, "insufficient_scope"));
const ROLE: Outcome = Err((403, "insufficient_role"));
const CLAIM: Outcome = Err((403, "insufficient_claim"));
const CLIENT: Outcome = Err((403, "insufficient_client"));
/// A value that no fixture contains as a scope, a role, a client or a claim.
const NOBODY: &str = "nobody:has-this";

#[test]
fn grants_what_each_provider_says_and_nothing_more() {
    let (now, fixtures) = fixtures::all();
    let mut cases = 0;
    let mut checks = Checks::default();
    for fixture in &fixtures {
        let gate = Gate::new(provider_for(&fixture.id), fixture, now);
        checks.label = fixture.id.clone();
        if fixture.expect.contains_key("reject") {
            is_refused(&mut checks, &gate, fixture);
        } else {
            is_sound(&mut checks, &gate, fixture);
            for (name, expected) in &fixture.expect {
                meets(&mut checks, &gate, fixture, (name, expected));
            }
        }
        cases += 1;
    }
    println!(
        "identity providers: {cases} fixtures, {} checks",
        checks.count
    );
    assert_eq!(cases, COUNT);
}

/// Compares outcomes and counts the comparisons. The message of a failure contains the fixture's
/// name.
#[derive(Default)]
struct Checks {
    label: String,
    count: usize,
}

impl Checks {
    fn expect(&mut self, what: &str, found: Outcome, expected: Outcome) {
        assert_eq!(found, expected, "{}: {what}", self.label);
        self.count += 1;
    }
}

/// Checks that the token is accepted, and that it is refused if its signature, issuer, audience,
/// time or type is wrong.
fn is_sound(checks: &mut Checks, gate: &Gate, fixture: &Fixture) {
    let refused = |reason| Err((401, reason));
    let token = fixture.token();
    checks.expect("valid", gate.verify(&token), Ok(()));
    let forged = gate.verify(&fixture.forged());
    checks.expect("forged", forged, refused("bad_signature"));
    let stranger = fixture
        .clone()
        .with_claim("iss", json!("https://evil.example"));
    let stranger = gate.verify(&stranger.token());
    // A JWT-SVID (SPIFFE) needs no issuer, because its subject names the trust domain.
    let is_named_by_subject = gate.provider.get("trust_domain").is_some();
    let expected = if is_named_by_subject {
        Ok(())
    } else {
        refused("issuer")
    };
    checks.expect("issuer", stranger, expected);
    if gate.provider.get("audiences").is_some() {
        let other = fixture.clone().with_claim("aud", json!("other"));
        checks.expect("audience", gate.verify(&other.token()), refused("audience"));
    }
    let late = gate.at(fixture.claims["exp"].as_u64().unwrap() + 60);
    checks.expect("expired", late.verify(&token), refused("expired"));
    let proofs_only = gate.with("token_types", json!(["dpop+jwt"]));
    checks.expect("typ", proofs_only.verify(&token), refused("token_type"));
    let elliptic = gate.with("algorithms", json!(["ES512"]));
    checks.expect(
        "alg",
        elliptic.with_any_key().verify(&token),
        refused("algorithm"),
    );
}

impl Gate {
    /// If the gate's keys are part of the configuration, replaces them with a key for ES512. Tests
    /// that set `algorithms` to ES512 need such a key, because a configuration without it would be
    /// rejected.
    fn with_any_key(mut self) -> Self {
        if self.provider.get("remote_jwks").is_none() {
            let signer = support::signer::Signer::new(portcullis::jose::Algorithm::Es512);
            self.jwks = signer.jwks();
        }
        self
    }
}

/// Checks that there is only one reason to refuse the token, for example that it is an ID token. A
/// gate that does not check for this reason must accept the token.
fn is_refused(checks: &mut Checks, gate: &Gate, fixture: &Fixture) {
    let token = fixture.token();
    let (reason, blind) = match fixture.id.as_str() {
        "keycloak-id-token-negative" | "cognito-id-token-negative" => {
            ("claim", gate.with("require_claims", json!([])))
        }
        "google-foreign-account-negative" | "github-actions-foreign-owner-negative" => {
            ("claim", gate.with("require_claims", json!([])))
        }
        "spiffe-foreign-domain-negative" => (
            "subject",
            gate.with("trust_domain", json!("example.org.evil.example")),
        ),
        "k8s-legacy-negative" => {
            let dated = fixture.clone().with_claim("exp", json!(gate.now + 60));
            let dated = gate.verify(&dated.token());
            checks.expect("no aud", dated, Err((401, "audience")));
            let blind = gate
                .with("audiences", Value::Null)
                .with("allow_any_audience", json!(true));
            ("lifetime", blind.with("require_expiration", json!(false)))
        }
        other => panic!("no reason to refuse {other}"),
    };
    checks.expect("refused", gate.verify(&token), Err((401, reason)));
    checks.expect("without the check", blind.verify(&token), Ok(()));
}

/// Checks one member of `expect`. Panics for an unknown member, which would otherwise go unchecked.
fn meets(checks: &mut Checks, gate: &Gate, fixture: &Fixture, (name, expected): (&str, &Value)) {
    let token = fixture.token();
    match name {
        "scopes" => grants_scopes(checks, gate, &token, &strings(expected)),
        "roles" => grants_roles(checks, gate, &token, &strings(expected)),
        "roles_path" | "groups_path" => {
            grants_roles(
                checks,
                gate,
                &token,
                &strings(at(&fixture.claims, expected)),
            );
        }
        "permissions" => holds_claim(checks, gate, &token, (&json!("permissions"), expected)),
        "client_roles" => {
            for (client, roles) in expected.as_object().unwrap() {
                let path = json!(["resource_access", client, "roles"]);
                holds_claim(checks, gate, &token, (&path, roles));
            }
        }
        "namespace_path" => {
            let value = json!([at(&fixture.claims, expected)]);
            holds_claim(checks, gate, &token, (expected, &value));
        }
        "subject" => holds_claim(checks, gate, &token, (&json!("sub"), &json!([expected]))),
        "client_id" => is_of_client(checks, gate, &token, expected),
        "typ" => assert_eq!(fixture.header.get("typ"), None),
        "aud" => {
            let audience = gate.with("allow_any_audience", Value::Null);
            let audience = audience.with("audiences", json!(["api"]));
            let found = audience.verify(&token);
            checks.expect("no aud", found, Err((401, "audience")));
        }
        "require" => {
            for claim in expected.as_object().unwrap().keys() {
                let other = fixture.clone().with_claim(claim, json!(NOBODY));
                checks.expect(claim, gate.verify(&other.token()), Err((401, "claim")));
            }
        }
        "issuer_trailing_slash" => {
            let plain = fixture.claims["iss"]
                .as_str()
                .unwrap()
                .trim_end_matches('/');
            let found = gate.with("issuer", json!(plain)).verify(&token);
            checks.expect("no slash", found, Err((401, "issuer")));
        }
        // The token contains only a reference to the user's groups, so it does not satisfy a rule
        // that requires a group.
        "must" => grants_roles(checks, gate, &token, &[]),
        "groups" => assert_eq!(fixture.claims.get("groups"), None),
        other => panic!("{}: nothing checks {other:?}", fixture.id),
    }
}

fn grants_scopes(checks: &mut Checks, gate: &Gate, token: &str, scopes: &[&str]) {
    let all_of = |scopes: &[&str]| json!({ "scopes": { "all_of": scopes } });
    if !scopes.is_empty() {
        let all = gate.authorize(&all_of(scopes), token);
        checks.expect("all scopes", all, Ok(()));
    }
    let one_more = [scopes, &[NOBODY]].concat();
    checks.expect(
        "one more scope",
        gate.authorize(&all_of(&one_more), token),
        SCOPE,
    );
    // A part of a scope must not count as the scope.
    let parts: Vec<_> = scopes
        .iter()
        .map(|scope| scope.split_at(scope.len() - 1).0)
        .collect();
    let parts = [&parts[..], &[NOBODY]].concat();
    let part = json!({ "scopes": { "any_of": parts } });
    checks.expect("part of a scope", gate.authorize(&part, token), SCOPE);
}

fn grants_roles(checks: &mut Checks, gate: &Gate, token: &str, roles: &[&str]) {
    for role in roles {
        let one = json!({ "roles": { "any_of": [NOBODY, role] } });
        checks.expect(role, gate.authorize(&one, token), Ok(()));
        let scope = json!({ "scopes": { "any_of": [role] } });
        checks.expect(
            "a role is not a scope",
            gate.authorize(&scope, token),
            SCOPE,
        );
    }
    let other = json!({ "roles": { "any_of": [NOBODY] } });
    checks.expect("another role", gate.authorize(&other, token), ROLE);
}

fn holds_claim(checks: &mut Checks, gate: &Gate, token: &str, (claim, values): (&Value, &Value)) {
    let asks = |value: &Value| json!({ "claims": [{ "claim": claim, "any_of": [value] }] });
    for value in values.as_array().unwrap() {
        checks.expect("claim", gate.authorize(&asks(value), token), Ok(()));
    }
    let other = gate.authorize(&asks(&json!(NOBODY)), token);
    checks.expect("another value", other, CLAIM);
}

fn is_of_client(checks: &mut Checks, gate: &Gate, token: &str, client: &Value) {
    let rule = |client: &Value| json!({ "client_ids": [client] });
    checks.expect("client", gate.authorize(&rule(client), token), Ok(()));
    let other = json!(NOBODY);
    checks.expect(
        "another client",
        gate.authorize(&rule(&other), token),
        CLIENT,
    );
    let known = gate.with("client_ids", json!([NOBODY, client]));
    checks.expect("known client", known.verify(token), Ok(()));
    let unknown = gate.with("client_ids", json!([NOBODY]));
    checks.expect(
        "unknown client",
        unknown.verify(token),
        Err((401, "client")),
    );
}

fn strings(value: &Value) -> Vec<&str> {
    let list = value.as_array().unwrap();
    list.iter().map(|value| value.as_str().unwrap()).collect()
}

fn at<'a>(claims: &'a Value, path: &Value) -> &'a Value {
    strings(path)
        .into_iter()
        .fold(claims, |value, name| &value[name])
}
