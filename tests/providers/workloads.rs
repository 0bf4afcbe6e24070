//! Tokens of workloads: JWT-SVIDs (SPIFFE), tokens of Kubernetes service accounts, and tokens of
//! GitHub Actions jobs.

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::gate::{Gate, Outcome};
use support::{
    identity_providers::{
        configurations::provider_for,
        fixtures::{self, Fixture},
    },
    signer::Signer,
};

fn case(id: &str) -> (Gate, Fixture) {
    let (now, fixture) = fixtures::one(id);
    (Gate::new(provider_for(id), &fixture, now), fixture)
}

const fn refused(reason: &'static str) -> Outcome {
    Err((401, reason))
}

/// Tests section 2 of the SPIFFE-ID standard and section 3.1 of the JWT-SVID standard.
#[test]
fn spiffe_subjects_name_a_workload_of_the_trust_domain() {
    let (gate, fixture) = case("spiffe-jwt-svid");
    for (subject, expected) in [
        ("spiffe://example.org/a", Ok(())),
        ("spiffe://example.org", refused("subject")),
        ("spiffe://example.org/", refused("subject")),
        ("spiffe://example.org.evil.example/a", refused("subject")),
        ("spiffe://evil.example/example.org/a", refused("subject")),
        ("spiffe://Example.org/a", refused("subject")),
        ("spiffe://example.org:443/a", refused("subject")),
        ("https://example.org/a", refused("subject")),
    ] {
        let token = fixture.clone().with_claim("sub", json!(subject)).token();
        assert_eq!(gate.verify(&token), expected, "{subject}");
    }
    let nobody = fixture.clone().without_claim("sub").token();
    assert_eq!(gate.verify(&nobody), refused("subject"));
    let one = gate.with("subjects", json!({ "exact": "spiffe://example.org/a" }));
    assert_eq!(one.verify(&fixture.token()), refused("subject"));
}

/// JWT-SVID sections 3.2 and 3.3: a token must have `aud` and `exp`. The gate requires both claims
/// even if the operator's configuration requires neither.
#[test]
fn spiffe_tokens_need_audience_and_expiry() {
    let (gate, fixture) = case("spiffe-jwt-svid");
    let lenient = gate
        .with("audiences", Value::Null)
        .with("allow_any_audience", json!(true))
        .with("require_expiration", json!(false));
    assert_eq!(lenient.verify(&fixture.token()), Ok(()));
    for (claim, reason) in [("aud", "audience"), ("exp", "lifetime")] {
        let token = fixture.clone().without_claim(claim).token();
        assert_eq!(gate.verify(&token), refused(reason), "{claim}");
        assert_eq!(lenient.verify(&token), refused("claim"), "{claim}");
    }
}

/// JWT-SVID section 3: `iss` is optional. If the operator configures an issuer, `iss` must be that
/// issuer.
#[test]
fn spiffe_issuer_is_optional_unless_configured() {
    let (gate, fixture) = case("spiffe-jwt-svid");
    let issuer = "https://spire.example.org";
    let named = gate.with("issuer", json!(issuer));
    let with_issuer = |issuer: &str| fixture.clone().with_claim("iss", json!(issuer)).token();
    assert_eq!(gate.verify(&with_issuer(issuer)), Ok(()));
    assert_eq!(named.verify(&with_issuer(issuer)), Ok(()));
    assert_eq!(named.verify(&fixture.token()), refused("issuer"));
    let other = named.verify(&with_issuer("https://other.example.org"));
    assert_eq!(other, refused("issuer"));
}

/// SPIFFE Trust Domain and Bundle, section 4.2.2: a key is ignored if its `use` is not `jwt-svid`,
/// or if it has no `kid`.
#[test]
fn spiffe_keys_must_be_for_jwt_svids() {
    let (gate, fixture) = case("spiffe-jwt-svid");
    for (purpose, kid, expected) in [
        (json!("jwt-svid"), json!("svid-1"), Ok(())),
        (json!("sig"), json!("svid-1"), refused("unknown_key")),
        (json!("x509-svid"), json!("svid-1"), refused("unknown_key")),
        (Value::Null, json!("svid-1"), refused("unknown_key")),
        (json!("jwt-svid"), Value::Null, refused("unknown_key")),
    ] {
        let mut gate = gate.clone();
        let mut other = Signer::new(Algorithm::Es256).named(Some("other")).jwk();
        other["use"] = json!("jwt-svid");
        let key = gate.jwks["keys"][1].as_object_mut().unwrap();
        for (member, value) in [("use", &purpose), ("kid", &kid)] {
            key.remove(member);
            if !value.is_null() {
                key.insert(member.to_owned(), value.clone());
            }
        }
        gate.jwks["keys"].as_array_mut().unwrap().push(other);
        let found = gate.verify(&fixture.token());
        assert_eq!(found, expected, "{purpose} {kid}");
    }
}

/// A key whose `use` is `jwt-svid` must not verify tokens of other kinds.
#[test]
fn keys_for_jwt_svids_verify_no_other_tokens() {
    let (mut gate, fixture) = case("k8s-projected");
    gate.jwks["keys"][0]["use"] = json!("jwt-svid");
    assert_eq!(gate.verify(&fixture.token()), refused("unknown_key"));
}

/// Tests section 2 of the JWT-SVID standard.
#[test]
fn spiffe_headers_have_the_types_and_algorithms_of_the_standard() {
    let (gate, fixture) = case("spiffe-jwt-svid");
    for (typ, expected) in [
        (Value::Null, Ok(())),
        (json!("JWT"), Ok(())),
        (json!("JOSE"), Ok(())),
        (json!("at+jwt"), refused("token_type")),
        // A WIT-SVID is bound to a key. Without proof that the client has this key, the token
        // proves nothing.
        (json!("wit+jwt"), refused("token_type")),
    ] {
        let mut other = fixture.clone();
        let header = other.header.as_object_mut().unwrap();
        header.remove("typ");
        if !typ.is_null() {
            header.insert("typ".to_owned(), typ.clone());
        }
        assert_eq!(gate.verify(&other.token()), expected, "{typ}");
    }
    let signer = Signer::new(Algorithm::EdDsa).named(Some("svid-1"));
    let mut edwards = fixture;
    edwards.header["alg"] = json!("EdDSA");
    let token = signer.token(&edwards.header, &edwards.claims);
    assert_eq!(gate.verify(&token), refused("algorithm"));
}

#[test]
fn kubernetes_tokens_out_of_secrets_are_refused() {
    let (gate, fixture) = case("k8s-projected");
    let token = fixture.clone().without_claim("kubernetes.io").token();
    assert_eq!(gate.verify(&token), refused("claim"));
    let mut signed_elsewhere = fixture;
    signed_elsewhere.header["typ"] = json!("JWT");
    assert_eq!(gate.verify(&signed_elsewhere.token()), Ok(()));
}

#[test]
fn github_tokens_are_those_of_jobs() {
    let (gate, fixture) = case("github-actions");
    let token = fixture.clone().without_claim("repository").token();
    assert_eq!(gate.verify(&token), refused("claim"));
    let rights = json!({ "scopes": { "any_of": ["admin"] } });
    let proud = fixture.with_claim("scope", json!("admin")).token();
    assert_eq!(
        gate.authorize(&rights, &proud),
        Err((403, "insufficient_scope"))
    );
}
