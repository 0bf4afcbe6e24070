//! Tests for the peculiarities of individual providers.

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::gate::Gate;
use support::identity_providers::{
    configurations::provider_for,
    fixtures::{self, Fixture},
};
use support::signer::Signer;

/// The fixture with this name, and a gate for its provider.
fn case(id: &str) -> (Gate, Fixture) {
    let (now, fixture) = fixtures::one(id);
    (Gate::new(provider_for(id), &fixture, now), fixture)
}

#[test]
fn entra_tenants_cannot_impersonate_each_other() {
    let (gate, fixture) = case("entra-v2-user");
    let other = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let issuer = |tenant: &str| json!(format!("https://login.microsoftonline.com/{tenant}/v2.0"));
    let both = |tenant: &str| {
        let fixture = fixture.clone().with_claim("iss", issuer(tenant));
        fixture.with_claim("tid", json!(tenant))
    };
    for (case, fixture, reason) in [
        (
            "issuer of another tenant",
            fixture.clone().with_claim("iss", issuer(other)),
            "issuer",
        ),
        (
            "claim of another tenant",
            fixture.clone().with_claim("tid", json!(other)),
            "issuer",
        ),
        ("no tenant", fixture.clone().without_claim("tid"), "issuer"),
        ("tenant that is not listed", both(other), "claim"),
        ("tenant that is not a GUID", both("common"), "claim"),
        ("tenant with a path", both("a/b"), "issuer"),
    ] {
        assert_eq!(gate.verify(&fixture.token()), Err((401, reason)), "{case}");
    }
    // If the configuration lists no tenants, the operator must explicitly allow any tenant.
    let any = gate
        .with("require_claims", Value::Null)
        .with("allow_any_tenant", json!(true));
    assert_eq!(any.verify(&both(other).token()), Ok(()));
}

#[test]
fn entra_keys_serve_only_the_issuer_that_they_name() {
    let (gate, fixture) = case("entra-v2-user");
    // Microsoft signs tokens for personal accounts with the second key of its key set.
    let mut theirs = fixture;
    theirs.header["kid"] = json!("kidmsa");
    let forged = theirs.forged();
    assert_eq!(gate.verify(&forged), Err((401, "unknown_key")));
    let ignorant = gate.with("key_issuer", json!("ignore"));
    assert_eq!(ignorant.verify(&forged), Ok(()));
}

#[test]
fn entra_groups_that_the_token_only_refers_to_do_not_count() {
    let (gate, fixture) = case("entra-v2-groups-overage");
    let group = "a5a8e6f6-0001-4e5a-8f5c-1d3f2b9a0c11";
    let rule = json!({ "claims": [{ "claim": "groups", "any_of": [group] }] });
    let short = Err((403, "insufficient_claim"));
    // `authorize` also checks that the engine does not try to fetch the groups.
    assert_eq!(gate.authorize(&rule, &fixture.token()), short);
    let named = fixture
        .clone()
        .with_claim("_claim_names", json!({ "groups": group }));
    assert_eq!(gate.authorize(&rule, &named.token()), short);
    let member = fixture.with_claim("groups", json!([group])).token();
    assert_eq!(gate.authorize(&rule, &member), Ok(()));
    let by_role = gate.with("role_claims", json!(["roles", "groups"]));
    let rule = json!({ "roles": { "any_of": [group] } });
    assert_eq!(by_role.authorize(&rule, &member), Ok(()));
    assert_eq!(
        by_role.authorize(&rule, &named.token()),
        Err((403, "insufficient_role"))
    );
}

/// Some servers do not mark ID tokens with a `typ`. For such a server, the configuration must
/// require a claim that only access tokens have.
#[test]
fn id_tokens_lack_the_claim_that_names_the_client() {
    for (id, claim) in [
        ("okta-custom-as", "cid"),
        ("entra-v1-app", "appid"),
        ("entra-v2-user", "azp"),
    ] {
        let (gate, fixture) = case(id);
        let id_token = fixture.without_claim(claim).token();
        assert_eq!(gate.verify(&id_token), Err((401, "claim")), "{id}");
    }
}

/// Keycloak lists a user's roles separately for each client. The roles for a client count only if
/// the configuration names this client.
#[test]
fn keycloak_roles_of_another_client_do_not_count() {
    let (gate, fixture) = case("keycloak-user");
    let rule = json!({ "roles": { "any_of": ["order_view"] } });
    let token = fixture.token();
    assert_eq!(
        gate.authorize(&rule, &token),
        Err((403, "insufficient_role"))
    );
    let ours = json!(["resource_access", "order-service", "roles"]);
    let own = gate.with("role_claims", json!([ours]));
    assert_eq!(own.authorize(&rule, &token), Ok(()));
    let manager = json!({ "roles": { "any_of": ["manage-account"] } });
    assert_eq!(
        own.authorize(&manager, &token),
        Err((403, "insufficient_role"))
    );
}

#[test]
fn keys_that_only_encrypt_sign_nothing() {
    for id in ["pingfederate-array", "keycloak-user"] {
        let (mut gate, fixture) = case(id);
        assert_eq!(gate.verify(&fixture.token()), Ok(()));
        let keys = gate.jwks["keys"].as_array_mut().unwrap();
        for key in &mut *keys {
            if key["kid"] == fixture.header["kid"] {
                key["use"] = json!("enc");
            }
        }
        // A key set without any key for signatures would be rejected as a whole.
        keys.push(Signer::new(Algorithm::Es256).named(Some("other")).jwk());
        assert_eq!(gate.verify(&fixture.token()), Err((401, "unknown_key")));
    }
}

#[test]
fn ping_federate_keys_serve_their_family() {
    let (mut gate, mut fixture) = case("pingfederate-array");
    gate.jwks["keys"][0]["alg"] = json!("RS256");
    fixture.header["alg"] = json!("RS384");
    let signer = Signer::new(Algorithm::Rs384);
    let token = signer.token(&fixture.header, &fixture.claims);
    assert_eq!(gate.verify(&token), Ok(()));
    let exact = gate.with("jwk_algorithm", json!("exact"));
    assert_eq!(exact.verify(&token), Err((401, "unknown_key")));
}

#[test]
fn keycloak_service_accounts_name_one_client() {
    let (gate, fixture) = case("keycloak-user");
    let named = |client: &str| {
        fixture
            .clone()
            .with_claim("client_id", json!(client))
            .token()
    };
    assert_eq!(gate.verify(&named("movie-api-client")), Ok(()));
    assert_eq!(gate.verify(&named("other")), Err((401, "client")));
}

#[test]
fn google_access_tokens_are_not_jwts() {
    let (gate, fixture) = case("google-id-token-sa");
    let opaque = gate.verify("ya29.a0AfH6SMBx-example_opaque-token");
    assert_eq!(opaque, Err((401, "malformed_token")));
    let unverified = fixture.with_claim("email_verified", json!(false));
    assert_eq!(gate.verify(&unverified.token()), Err((401, "claim")));
}

#[test]
fn github_workflows_are_distinguished_by_their_claims() {
    let (gate, fixture) = case("github-actions");
    let rule = json!({ "claims": [
        { "claim": "repository", "any_of": ["octo-org/octo-repo"] },
        { "claim": "ref", "any_of": ["refs/heads/main"] },
        { "claim": "environment", "any_of": ["prod"] },
        { "claim": "job_workflow_ref", "any_of": [
            "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
        ] },
    ] });
    assert_eq!(gate.authorize(&rule, &fixture.token()), Ok(()));
    for (claim, value) in [
        ("ref", "refs/heads/main2"),
        ("environment", "staging"),
        (
            "job_workflow_ref",
            "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/x",
        ),
    ] {
        let other = fixture.clone().with_claim(claim, json!(value)).token();
        let outcome = gate.authorize(&rule, &other);
        assert_eq!(outcome, Err((403, "insufficient_claim")), "{claim}");
    }
    let fork = fixture.with_claim("sub", json!("repo:octo-organisation/octo-repo:ref:refs/x"));
    assert_eq!(gate.verify(&fork.token()), Err((401, "subject")));
}

#[test]
fn kubernetes_tokens_may_live_a_year_and_no_longer() {
    let (gate, fixture) = case("k8s-projected");
    let issued = fixture.claims["iat"].as_u64().unwrap();
    for (lifetime, expected) in [(31_536_000, Ok(())), (31_536_001, Err((401, "lifetime")))] {
        let token = fixture
            .clone()
            .with_claim("exp", json!(issued + lifetime))
            .token();
        assert_eq!(gate.verify(&token), expected, "{lifetime}");
    }
    let rule = json!({ "claims": [
        { "claim": ["kubernetes.io", "namespace"], "any_of": ["default"] },
        { "claim": ["kubernetes.io", "serviceaccount", "name"], "any_of": ["default"] },
    ] });
    assert_eq!(gate.authorize(&rule, &fixture.token()), Ok(()));
    let split = json!({ "claims": [
        { "claim": ["kubernetes", "io", "namespace"], "any_of": ["default"] },
    ] });
    let split = gate.authorize(&split, &fixture.token());
    assert_eq!(split, Err((403, "insufficient_claim")));
}

/// In Zscaler's manual, a client assertion has `iat`, and its audience is the host of the token
/// endpoint. Zscaler's SDKs send an assertion without `iat` and with another audience.
#[test]
fn client_assertions_come_in_two_forms() {
    let (gate, fixture) = case("zidentity-client-assertion");
    let sdk = fixture.clone().without_claim("iat");
    let sdk = sdk.with_claim("aud", json!("https://api.zscaler.com"));
    for form in [&fixture, &sdk] {
        assert_eq!(gate.verify(&form.token()), Ok(()));
        let long = form.clone().with_claim("exp", json!(gate.now + 601));
        assert_eq!(gate.verify(&long.token()), Err((401, "lifetime")));
        let other = form.clone().with_claim("sub", json!("another-client"));
        assert_eq!(gate.verify(&other.token()), Err((401, "client")));
        let nobodys = form.clone().without_claim("sub");
        assert_eq!(gate.verify(&nobodys.token()), Err((401, "claim")));
        // The client signs the assertion itself, so it must not be able to grant itself scopes or
        // roles.
        let proud = form.clone().with_claim("scope", json!("admin"));
        let proud = proud.with_claim("roles", json!(["admin"])).token();
        for (rule, shortfall) in [
            (
                json!({ "scopes": { "any_of": ["admin"] } }),
                "insufficient_scope",
            ),
            (
                json!({ "roles": { "any_of": ["admin"] } }),
                "insufficient_role",
            ),
        ] {
            assert_eq!(gate.authorize(&rule, &proud), Err((403, shortfall)));
        }
    }
}

#[test]
fn rfc9068_tokens_need_every_claim_of_the_rfc() {
    let (gate, fixture) = case("rfc9068-oidc-provider");
    for claim in ["sub", "client_id", "iat", "jti"] {
        let lacking = fixture.clone().without_claim(claim).token();
        assert_eq!(gate.verify(&lacking), Err((401, "claim")), "{claim}");
    }
    for (claim, reason) in [("iss", "issuer"), ("aud", "audience"), ("exp", "lifetime")] {
        let lacking = fixture.clone().without_claim(claim).token();
        assert_eq!(gate.verify(&lacking), Err((401, reason)), "{claim}");
    }
    for typ in ["JWT", "dpop+jwt", "logout+jwt"] {
        let mut other = fixture.clone();
        other.header["typ"] = json!(typ);
        assert_eq!(
            gate.verify(&other.token()),
            Err((401, "token_type")),
            "{typ}"
        );
    }
}
