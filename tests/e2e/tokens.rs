//! Tokens that the server issues, with the expected decisions.

use portcullis::jose::Algorithm;

use crate::{
    oidc_provider::{self, CLIENT, OidcProvider, SIGNING_CLIENT},
    world::{ALGORITHMS, BOTH_SCOPES, configuration, fetches, gate, get, good_token, resource},
};
use support::{envoy::InEnvoy, on_both_builds, signer::Signer};

on_both_builds!(decides_on_every_token_of_the_server);

/// A token, the path of the request that carries it, and the expected outcome.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) path: &'static str,
    pub(crate) token: String,
    pub(crate) expected: Expected,
}

/// The expected outcome of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The request passes, and the upstream receives a header with this client's identifier.
    Client(&'static str),
    /// The request is refused with this status, reason and challenge.
    Refused(u16, &'static str, &'static str),
}

const INVALID: &str = r#"Bearer realm="api", error="invalid_token""#;
const INSUFFICIENT: &str =
    r#"Bearer realm="api", error="insufficient_scope", scope="orders:read orders:write""#;

/// All cases: a token of each kind that the server can issue.
pub(crate) fn cases(server: &OidcProvider) -> Vec<Case> {
    [signed(server), unfit(server), bound(server)]
        .into_iter()
        .flatten()
        .collect()
}

/// Three cases for each algorithm. In two cases, the token has exactly the scopes that the path
/// requires. In the third case, the token lacks a scope.
fn signed(server: &OidcProvider) -> Vec<Case> {
    let read = |algorithm: &str| good_token(server, algorithm);
    let both = |algorithm: &str| {
        let scope = ("scope", "orders:read orders:write");
        server.token(&[("resource", &resource(algorithm)), scope])
    };
    let short = || Expected::Refused(403, "insufficient_scope", INSUFFICIENT);
    let of_one = |algorithm: &str| {
        [
            case(
                algorithm,
                "/orders",
                read(algorithm),
                Expected::Client(CLIENT),
            ),
            case(
                algorithm,
                BOTH_SCOPES,
                both(algorithm),
                Expected::Client(CLIENT),
            ),
            case(algorithm, BOTH_SCOPES, read(algorithm), short()),
        ]
    };
    ALGORITHMS.into_iter().flat_map(of_one).collect()
}

/// Tokens that are opaque, have another audience, are past their expiry, or have no scope. A token
/// whose expiry is within the clocks' tolerance passes.
fn unfit(server: &OidcProvider) -> Vec<Case> {
    let read = ("scope", "orders:read");
    let invalid = |reason| Expected::Refused(401, reason, INVALID);
    let audience = "https://elsewhere.example/es256";
    let own = resource("ES256");
    vec![
        case(
            "opaque",
            "/",
            server.token(&[read]),
            invalid("malformed_token"),
        ),
        case(
            "another audience",
            "/",
            server.token(&[read, ("resource", audience)]),
            invalid("audience"),
        ),
        case(
            "expired",
            "/",
            server.token(&[read, ("resource", &own), ("ttl", "-120")]),
            invalid("expired"),
        ),
        case(
            "expired within the clocks' tolerance",
            "/",
            server.token(&[read, ("resource", &own), ("ttl", "-5")]),
            Expected::Client(CLIENT),
        ),
        case(
            "no scope",
            BOTH_SCOPES,
            server.token(&[("resource", &own)]),
            Expected::Refused(403, "insufficient_scope", INSUFFICIENT),
        ),
    ]
}

/// Credentials that involve a client's key. The token of a client that authenticated with an
/// assertion passes. The assertion itself and a token that is bound to a key must not pass as
/// bearer tokens.
fn bound(server: &OidcProvider) -> Vec<Case> {
    let invalid = |reason| Expected::Refused(401, reason, INVALID);
    let own = resource("ES256");
    let parameters = [("scope", "orders:read"), ("resource", own.as_str())];
    let assertion = server.client_assertion(server.issuer());
    let token = server.token_for(&assertion, &parameters);
    let dpop = server.bound_token(&Signer::new(Algorithm::Es256), &parameters);
    vec![
        case(
            "private_key_jwt",
            "/",
            token,
            Expected::Client(SIGNING_CLIENT),
        ),
        // The assertion's issuer is the client, not the server.
        case("client assertion", "/", assertion, invalid("issuer")),
        case("DPoP-bound", "/", dpop, invalid("confirmation")),
    ]
}

fn case(name: &str, path: &'static str, token: String, expected: Expected) -> Case {
    Case {
        name: format!("{name} at {path}"),
        path,
        token,
        expected,
    }
}

fn decides_on_every_token_of_the_server<D: InEnvoy>() {
    if !oidc_provider::is_installed() {
        return;
    }
    let server = OidcProvider::start();
    let gate: D = gate(&server, configuration(&server));
    for case in cases(&server) {
        let exchange = get(&gate, case.path, &case.token);
        let challenge = exchange.headers.value("www-authenticate");
        let Case { name, expected, .. } = case;
        match expected {
            Expected::Client(client) => {
                assert_eq!((exchange.status, challenge), (200, None), "{name}");
                let seen = exchange.upstream.unwrap().headers;
                assert_eq!(seen.values("x-client"), [client], "{name}");
                assert_eq!(seen.values("x-tenant"), ["acme"], "{name}");
                assert_eq!(seen.values("authorization"), [""; 0], "{name}");
            }
            Expected::Refused(status, reason, expected) => {
                assert_eq!(exchange.outcome(), (status, reason), "{name}");
                assert_eq!(challenge.as_deref(), Some(expected), "{name}");
                assert_eq!(exchange.upstream, None, "{name}");
            }
        }
    }
    assert_eq!(
        fetches(&gate),
        1,
        "Envoy fetches the key set once for all cases"
    );
    assert_eq!(
        gate.metric("portcullis.provider.login.jwks.fetch_success"),
        Some(1)
    );
}
