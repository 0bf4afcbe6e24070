//! Tests the pages in `docs/providers/`. The configuration on each page must accept the access
//! tokens of the page's product, enforce the rights that the page names, and refuse ID tokens. If
//! the product has no separate ID tokens, the test changes or removes one claim of the accepted
//! token instead, and the configuration must refuse the result.

use serde_json::{Value, json};

use crate::world::start;
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Request, Setup},
    objects::with,
    on_every_driver,
    signer::{Signer, public_pem},
};

on_every_driver!(pages_protect_an_api_as_they_say);

const TENANT: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const API: &str = "11111111-2222-3333-4444-555555555555";

/// A configuration from a page, a token of the page's product, and the expected answers.
struct Page {
    name: &'static str,
    text: &'static str,
    /// The index of the configuration among those on the page.
    number: usize,
    header: Value,
    claims: Value,
    /// The changes that turn `claims` into the claims of an ID token, or of another token that must
    /// be refused. `null` removes a claim.
    id_token: Value,
    /// Requests: the method, the path and the expected status.
    requests: &'static [(&'static str, &'static str, u16)],
}

fn pages_protect_an_api_as_they_say<D: Driver>() {
    let signer = Signer::new(portcullis::jose::Algorithm::Rs256).named(Some("k1"));
    let server = AuthorizationServer::new();
    let setup = Setup::new(json!({})).cluster("login", &server);
    let gate: D = start(&setup.cluster("okta", &server));
    for page in pages() {
        gate.reconfigure(&configuration(&page, &signer, &server))
            .unwrap_or_else(|refused| panic!("{}: {}", page.name, refused.0));
        let times = json!({ "iat": gate.now(), "exp": gate.now() + 300 });
        let claims = with(page.claims.clone(), &times);
        let token = signer.token(&page.header, &claims);
        for (method, path, expected) in page.requests {
            let place = format!("{}: {method} {path}", page.name);
            let request = |token: &str| Request::new(method, path).bearer(token);
            let exchange = gate.send(&request(&token));
            assert_eq!(exchange.status, *expected, "{place}: {}", exchange.details);
            let forged = gate.send(&request(&format!("{token}AAAA")));
            assert_ne!(forged.status, 200, "{place}");
            assert_ne!(
                gate.send(&Request::new(method, path)).status,
                200,
                "{place}"
            );
        }
        let id_token = signer.token(&page.header, &with(claims, &page.id_token));
        let (method, path, _) = page.requests[0];
        let exchange = gate.send(&Request::new(method, path).bearer(&id_token));
        assert_eq!(exchange.status, 401, "{}: {}", page.name, exchange.details);
    }
}

/// The page's configuration, with the signer's key instead of the server's.
fn configuration(page: &Page, signer: &Signer, server: &AuthorizationServer) -> Value {
    let mut configuration = block(page);
    let providers = configuration["providers"].as_object_mut().unwrap();
    let provider = providers.values_mut().next().unwrap();
    let mut keys = signer.jwks();
    if provider["preset"] == "spiffe" {
        keys["keys"][0]["use"] = json!("jwt-svid");
    }
    let keys = Answer::json(keys.to_string());
    if let Some(uri) = provider.pointer("/remote_jwks/http_uri/uri") {
        let path = uri.as_str().unwrap().splitn(4, '/').nth(3).unwrap();
        server.answer(&format!("/{path}"), keys);
    } else if let Some(pem) = provider.pointer_mut("/public_keys/pem/0") {
        *pem = json!(public_pem(signer.alg));
    } else {
        let issuer = provider["issuer"].as_str().unwrap();
        let metadata = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks") });
        let path = "/.well-known/openid-configuration";
        server.answer(path, Answer::json(metadata.to_string()));
        server.answer("/jwks", keys);
    }
    configuration
}

/// Reads the configuration with the index `page.number` from the page.
fn block(page: &Page) -> Value {
    let mut blocks = page.text.split("```yaml portcullis\n").skip(1);
    let block = blocks.nth(page.number).unwrap();
    let (block, _) = block.split_once("```").unwrap();
    serde_saphyr::from_str(block).unwrap()
}

/// Okta's page also contains a complete Envoy file. The file must contain the page's configuration.
#[test]
fn the_envoy_file_of_okta_holds_the_configuration_of_its_page() {
    let page = pages().remove(0);
    let (_, file) = page.text.split_once("```yaml\n").unwrap();
    let (file, _) = file.split_once("```").unwrap();
    let file: Value = serde_saphyr::from_str(file).unwrap();
    let filter =
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0";
    let value = format!("{filter}/typed_config/config/configuration/value");
    assert_eq!(file.pointer(&value), Some(&block(&page)));
}

#[test]
fn every_page_is_tried() {
    let folder = support::folders::project().join("docs/providers");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let is_index = path.ends_with("README.md");
        let is_tried = pages().iter().any(|page| page.text == text);
        assert!(is_index || is_tried, "{}", path.display());
    }
}

fn pages() -> Vec<Page> {
    let untyped = json!({ "alg": "RS256", "kid": "k1" });
    let typed = |typ: &str| json!({ "alg": "RS256", "kid": "k1", "typ": typ });
    vec![
        Page {
            name: "okta",
            text: include_str!("../../docs/providers/okta.md"),
            number: 0,
            header: untyped.clone(),
            claims: json!({
                "iss": "https://example.okta.com/oauth2/default", "aud": "api://default",
                "sub": "0oa1", "cid": "0oa1", "scp": ["orders.read"],
            }),
            id_token: json!({ "cid": null }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "entra, version 2.0",
            text: include_str!("../../docs/providers/entra-id.md"),
            number: 0,
            header: typed("JWT"),
            claims: json!({
                "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
                "aud": API, "tid": TENANT, "azp": "c", "sub": "s", "oid": "o",
                "roles": ["Orders.Read.All"],
            }),
            id_token: json!({ "azp": null }),
            requests: &[("GET", "/orders", 200), ("GET", "/orders/mine", 403)],
        },
        Page {
            name: "entra, version 1.0",
            text: include_str!("../../docs/providers/entra-id.md"),
            number: 1,
            header: typed("JWT"),
            claims: json!({
                "iss": format!("https://sts.windows.net/{TENANT}/"),
                "aud": format!("api://{API}"), "tid": TENANT, "appid": "c", "sub": "s",
                "roles": ["Orders.Read.All"],
            }),
            id_token: json!({ "appid": null }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "ping-federate",
            text: include_str!("../../docs/providers/ping-federate.md"),
            number: 0,
            header: typed("at+jwt"),
            claims: json!({
                "iss": "https://ping.example.com", "aud": "orders", "client_id": "c",
                "scope": ["orders.read"],
            }),
            id_token: json!({ "aud": "c" }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "auth0",
            text: include_str!("../../docs/providers/auth0.md"),
            number: 0,
            header: typed("JWT"),
            claims: json!({
                "iss": "https://example.eu.auth0.com/", "aud": "https://orders.example.com",
                "sub": "c@clients", "azp": "c", "gty": "client-credentials",
                "scope": "read:orders", "permissions": ["read:orders"],
            }),
            id_token: json!({ "aud": "c" }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "keycloak",
            text: include_str!("../../docs/providers/keycloak.md"),
            number: 0,
            header: typed("JWT"),
            claims: json!({
                "iss": "https://sso.example.com/realms/shop", "aud": ["orders", "account"],
                "typ": "Bearer", "azp": "reporting", "client_id": "reporting",
                "preferred_username": "service-account-reporting",
                "scope": "email orders.read profile",
                "realm_access": { "roles": ["default-roles-shop"] },
            }),
            id_token: json!({ "typ": "ID" }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "cognito",
            text: include_str!("../../docs/providers/cognito.md"),
            number: 0,
            header: untyped.clone(),
            claims: json!({
                "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI",
                "sub": "57cbishk4j24pabc1234567890", "client_id": "57cbishk4j24pabc1234567890",
                "token_use": "access", "scope": "orders/read", "version": 2,
            }),
            id_token: json!({ "token_use": "id" }),
            requests: &[("GET", "/orders", 200), ("GET", "/admin", 403)],
        },
        Page {
            name: "google",
            text: include_str!("../../docs/providers/google.md"),
            number: 0,
            header: typed("JWT"),
            claims: json!({
                "iss": "https://accounts.google.com", "aud": "https://orders.example.com",
                "azp": "117000000000000000042", "sub": "117000000000000000042",
                "email": "reporting@acme.iam.gserviceaccount.com", "email_verified": true,
            }),
            id_token: json!({ "sub": "118000000000000000042" }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "github-actions",
            text: include_str!("../../docs/providers/github-actions.md"),
            number: 0,
            header: typed("JWT"),
            claims: json!({
                "iss": "https://token.actions.githubusercontent.com",
                "aud": "https://deploy.example.com", "run_id": "1",
                "sub": "repo:octo-org/shop:ref:refs/heads/main", "repository": "octo-org/shop",
                "repository_owner_id": "65", "ref": "refs/heads/main",
            }),
            id_token: json!({ "repository_owner_id": "66" }),
            requests: &[("GET", "/artifacts", 200), ("POST", "/deployments", 403)],
        },
        Page {
            name: "kubernetes",
            text: include_str!("../../docs/providers/kubernetes.md"),
            number: 0,
            header: untyped,
            claims: json!({
                "iss": "https://kubernetes.default.svc.cluster.local", "aud": ["orders"],
                "sub": "system:serviceaccount:shop:reporting",
                "kubernetes.io": {
                    "namespace": "shop", "serviceaccount": { "name": "reporting", "uid": "u" },
                },
            }),
            id_token: json!({ "kubernetes.io": null }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "spiffe",
            text: include_str!("../../docs/providers/spiffe.md"),
            number: 0,
            header: typed("JOSE"),
            claims: json!({
                "aud": ["orders"], "sub": "spiffe://example.org/ns/shop/sa/reporting",
            }),
            id_token: json!({ "sub": "spiffe://example.com/ns/shop/sa/reporting" }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "rfc9068",
            text: include_str!("../../docs/providers/rfc9068.md"),
            number: 0,
            header: typed("at+jwt"),
            claims: json!({
                "iss": "https://login.example.com", "aud": "https://orders.example.com",
                "sub": "c", "client_id": "c", "jti": "1", "scope": "orders.read",
            }),
            id_token: json!({ "aud": "c", "client_id": null }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "rfc9068, a server with other claim names",
            text: include_str!("../../docs/providers/rfc9068.md"),
            number: 1,
            header: typed("JWT"),
            claims: json!({
                "iss": "https://login.example.com", "aud": "https://orders.example.com",
                "client": "c", "use": "access", "permissions": ["orders.read"],
            }),
            id_token: json!({ "use": "id" }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
        Page {
            name: "private-key-jwt",
            text: include_str!("../../docs/providers/private-key-jwt.md"),
            number: 0,
            header: json!({ "alg": "RS256" }),
            claims: json!({
                "iss": "reporting-job", "sub": "reporting-job", "aud": "https://orders.example.com",
            }),
            id_token: json!({ "sub": "alice" }),
            requests: &[("GET", "/orders", 200), ("POST", "/orders", 403)],
        },
    ]
}
