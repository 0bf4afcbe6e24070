//! A configuration for each identity provider, as an operator would write it.

use serde_json::{Value, json};

/// Returns the provider configuration for the tests of this fixture.
pub fn provider_for(fixture: &str) -> Value {
    match fixture {
        "okta-custom-as" => okta(),
        "entra-v1-app" => entra_v1(),
        "entra-v2-user" | "entra-v2-groups-overage" => entra_v2(),
        "pingfederate-array" | "pingfederate-string" => ping_federate(),
        "pingone" => ping_one(),
        "auth0-user" | "auth0-m2m" | "auth0-rfc9068" => auth0(),
        "keycloak-user" | "keycloak-id-token-negative" => keycloak(),
        "cognito-access" => cognito(),
        "cognito-id-token-negative" => cognito_of_any_client(),
        "google-id-token-sa" | "google-foreign-account-negative" => google(),
        "github-actions" | "github-actions-foreign-owner-negative" => github_actions(),
        "k8s-projected" => kubernetes(),
        "k8s-legacy-negative" => kubernetes_legacy(),
        "spiffe-jwt-svid" | "spiffe-foreign-domain-negative" => spiffe(),
        "zidentity-oneapi" => zidentity(),
        "zidentity-client-assertion" => client_assertion(),
        "rfc9068-oidc-provider" => rfc9068(),
        other => panic!("no configuration for {other}"),
    }
}

fn fetched(uri: &str) -> Value {
    json!({ "http_uri": { "uri": uri, "cluster": "idp", "timeout": "5s" } })
}

fn okta() -> Value {
    json!({
        "preset": "okta",
        "issuer": "https://acme.okta.example/oauth2/aus1",
        "audiences": ["api://zia"],
        "remote_jwks": fetched("https://acme.okta.example/oauth2/aus1/v1/keys"),
    })
}

const TENANT: &str = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";

fn entra_v1() -> Value {
    json!({
        "preset": "entra-v1",
        "require_claims": [{ "claim": "tid", "any_of": [TENANT] }],
        "audiences": ["api://fe2f6a75-199e-48a5-b9ef-a7357ab78c53"],
        "remote_jwks": fetched("https://login.microsoftonline.com/common/discovery/keys"),
    })
}

fn entra_v2() -> Value {
    json!({
        "preset": "entra-v2",
        "require_claims": [{ "claim": "tid", "any_of": [TENANT] }],
        "audiences": ["6e74172b-be56-4843-9ff4-e66a39bb12e3"],
        "remote_jwks": fetched("https://login.microsoftonline.com/common/discovery/v2.0/keys"),
    })
}

fn ping_federate() -> Value {
    json!({
        "preset": "ping-federate",
        "issuer": "https://pf.example",
        "audiences": ["https://api.example"],
        "remote_jwks": fetched("https://pf.example/pf/JWKS"),
    })
}

/// `PingOne` needs no preset, unlike `PingFederate`.
fn ping_one() -> Value {
    json!({
        "issuer": "https://auth.pingone.com/ENV/as",
        "audiences": ["https://api.example"],
        "remote_jwks": fetched("https://auth.pingone.com/ENV/as/jwks"),
    })
}

fn auth0() -> Value {
    json!({
        "preset": "auth0",
        "issuer": "https://tenant.auth0.com/",
        "audiences": ["https://example.com/health-api"],
        "role_claims": ["permissions", "https://acme.example/roles"],
        "remote_jwks": fetched("https://tenant.auth0.com/.well-known/jwks.json"),
    })
}

/// This provider accepts the audiences of access tokens and of ID tokens, so ID tokens are refused
/// only because of the claim `typ`.
fn keycloak() -> Value {
    json!({
        "preset": "keycloak",
        "issuer": "https://kc.example/realms/movie-realm",
        "audiences": ["account", "movie-api-client"],
        "remote_jwks": fetched("https://kc.example/realms/movie-realm/protocol/openid-connect/certs"),
    })
}

fn cognito() -> Value {
    let issuer = "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example";
    json!({
        "preset": "cognito",
        "issuer": issuer,
        "client_ids": ["57cbishk4j24pabc1234567890"],
        "remote_jwks": fetched(&format!("{issuer}/.well-known/jwks.json")),
    })
}

/// This provider accepts any client, so ID tokens are refused only because of `token_use`.
fn cognito_of_any_client() -> Value {
    let mut provider = cognito();
    provider.as_object_mut().unwrap().remove("client_ids");
    provider["allow_any_audience"] = json!(true);
    provider
}

fn google() -> Value {
    json!({
        "preset": "google",
        "audiences": ["https://svc.run.example"],
        "require_claims": [
            { "claim": "email_verified", "any_of": [true] },
            { "claim": "email", "any_of": ["bot@acme.iam.gserviceaccount.com"] },
        ],
        "remote_jwks": fetched("https://www.googleapis.com/oauth2/v3/certs"),
    })
}

fn github_actions() -> Value {
    let issuer = "https://token.actions.githubusercontent.com";
    json!({
        "preset": "github-actions",
        "audiences": ["https://github.com/octo-org"],
        "subjects": { "prefix": "repo:octo-org/" },
        "require_claims": [{ "claim": "repository_owner_id", "any_of": ["65"] }],
        "max_lifetime": "900s",
        "remote_jwks": fetched(&format!("{issuer}/.well-known/jwks")),
    })
}

fn kubernetes() -> Value {
    let issuer = "https://kubernetes.default.svc.cluster.local";
    json!({
        "preset": "kubernetes",
        "issuer": issuer,
        "audiences": [issuer],
        "max_issued_lifetime": "31536000s",
        "remote_jwks": fetched(&format!("{issuer}/openid/v1/jwks")),
    })
}

/// This provider accepts the issuer of the old tokens that Kubernetes stores in secrets, and does
/// not require the claim `kubernetes.io`. So these old tokens are refused only because they have no
/// `exp` and no `aud`.
fn kubernetes_legacy() -> Value {
    let mut provider = kubernetes();
    provider["require_claims"] = json!([]);
    provider["issuer"] = json!("kubernetes/serviceaccount");
    provider
        .as_object_mut()
        .unwrap()
        .remove("max_issued_lifetime");
    provider
}

fn spiffe() -> Value {
    json!({
        "preset": "spiffe",
        "trust_domain": "example.org",
        "audiences": ["orders"],
        "remote_jwks": fetched("https://spire.example.org/bundle"),
    })
}

fn zidentity() -> Value {
    json!({
        "issuer": "https://acme.zslogin.net",
        "audiences": ["https://api.zscaler.com"],
        "algorithms": ["RS256"],
        "token_types": ["JWT"],
        "max_issued_lifetime": "86400s",
        "remote_jwks": fetched("https://acme.zslogin.net/oauth2/v1/keys"),
    })
}

/// A client that signs its tokens with its own key. The client itself is the issuer. The tests add
/// the client's keys to the configuration.
fn client_assertion() -> Value {
    json!({
        "preset": "private-key-jwt",
        "issuer": "iq41q3fpgg6st",
        "audiences": ["https://acme.zslogin.net", "https://api.zscaler.com"],
    })
}

fn rfc9068() -> Value {
    json!({
        "preset": "rfc9068",
        "issuer": "http://127.0.0.1:18080",
        "audiences": ["https://api.example/rs256"],
        "remote_jwks": fetched("http://127.0.0.1:18080/jwks"),
    })
}
