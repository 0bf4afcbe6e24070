//! Every 401 and 403 for a path of a protected resource names a URL at which Portcullis serves the
//! resource's metadata. A token for one resource is never accepted at another resource, no matter
//! which host the request names.

use std::sync::LazyLock;

use portcullis::{
    config::Config,
    connection::NoConnection,
    decision::{Decision, PermitReason},
    engine::Engine,
    http::{Request, Response},
    policy::ProtectedResource,
};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use crate::world::{NOW, decide, engine, for_all, provider, signer, with};

const ISSUER: &str = "https://idp.example";

/// URLs of resources. Each configuration uses a few of them. Some of their paths are below other
/// paths.
const URLS: [&str; 7] = [
    "https://a.example",
    "https://a.example/mcp",
    "https://a.example/mcp/",
    "https://a.example/mcp/deep",
    "https://a.example:8443/mcp",
    "https://B.example/caf%c3%a9",
    "http://127.0.0.1:8080/mcp",
];

const AUTHORITIES: [&str; 9] = [
    "a.example",
    "A.EXAMPLE.",
    "a.example:443",
    "a.example:8443",
    "b.example",
    "127.0.0.1:8080",
    "evil.example",
    "a.example,b.example",
    "",
];

const PATHS: [&str; 10] = [
    "/",
    "/mcp",
    "/mcp/",
    "/mcp/deep/x?y",
    "/MCP",
    "/%6dcp",
    "/mcp;x/deep",
    "/caf%C3%A9/x",
    "/caf%c3%a9",
    "/other",
];

/// Tokens, each with its audience: one of the URLs, or `api`. For each audience there are two
/// tokens. Only the second has the scope that some rules require.
static TOKENS: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
    let of = |audience: &'static str| {
        ["", "read"].map(|scope| {
            let claims = json!({
                "iss": ISSUER, "aud": audience, "exp": NOW + 60, "scope": scope,
            });
            (audience, signer().sign_claims(&claims))
        })
    };
    URLS.into_iter().chain(["api"]).flat_map(of).collect()
});

/// A rule: the path prefix that it matches, whether it requires a scope, and the host prefix that
/// it matches, if any.
type Rule = (&'static str, bool, Option<&'static str>);

fn config(urls: &[&str], rules: &[Rule]) -> Value {
    let resources = urls
        .iter()
        .map(|url| json!({"resource": url, "allowed_origins": ["https://app.example"]}));
    let rules = rules.iter().map(|(prefix, needs_scope, host)| {
        let mut rule = json!({"match": {"prefix": prefix}, "requires": {"provider_name": "idp"}});
        if *needs_scope {
            rule["authorize"] = json!({"scopes": {"all_of": ["read"]}});
        }
        if let Some(host) = host {
            rule["match"]["headers"] = json!([{"name": ":authority", "prefix_match": host}]);
        }
        rule
    });
    let audiences: Vec<&str> = URLS.into_iter().chain(["api"]).collect();
    json!({
        "providers": {"idp": with(provider(ISSUER), &json!({"audiences": audiences}))},
        "protected_resources": resources.collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
    })
}

fn request<'a>(
    method: &'a str,
    authority: &'a str,
    path: &'a str,
    more: &'a [(&'a str, String)],
) -> Request<'a> {
    let head = [
        (":method", method),
        (":authority", authority),
        (":path", path),
    ];
    let more = more.iter().map(|(name, value)| (*name, value.as_str()));
    let all = head.into_iter().chain(more);
    Request::new(
        all.map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect(),
    )
}

fn challenges(response: &Response) -> impl Iterator<Item = &str> {
    let headers = response.headers.iter();
    let challenges = headers.filter(|(name, _)| *name == "www-authenticate");
    challenges.map(|(_, value)| value.as_str())
}

/// Returns true if the authority is this host, with or without a port and a final dot.
fn is_host_of(host: &str, authority: &str) -> bool {
    let own = authority.split(':').next().unwrap_or_default();
    own.trim_end_matches('.').eq_ignore_ascii_case(host)
}

/// Requests the metadata document at this URL. Returns `None` if the gate does not serve a document
/// there.
fn read(engine: &Engine, url: &str) -> Option<Value> {
    let (_, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    match decide(engine, &request("GET", authority, path, &[]), NOW) {
        Decision::Serve(response) if response.status == 200 => {
            serde_json::from_str(&response.body).ok()
        }
        _ => None,
    }
}

#[test]
fn r4_r7_refusals_lead_to_metadata_and_tokens_stay_with_their_resource() {
    let urls = prop::sample::subsequence(URLS.to_vec(), 1..4);
    let prefix = select(vec!["/", "/mcp", "/mcp/deep", "/caf%C3%A9", "/other"]);
    let host = select(vec![
        None,
        None,
        Some("a.example"),
        Some("b."),
        Some("evil."),
        Some("evil.example"),
    ]);
    let rules = prop::collection::vec((prefix, any::<bool>(), host), 0..4);
    let credential = prop::option::of(0..TOKENS.len());
    let origin = select(vec![
        None,
        Some("https://app.example"),
        Some("https://evil.example"),
    ]);
    let asked = (
        select(&AUTHORITIES[..]),
        select(&PATHS[..]),
        credential,
        origin,
    );
    for_all(4_000, &(urls, rules, asked), |(urls, rules, asked)| {
        let document = config(&urls, &rules);
        if Config::parse(document.to_string().as_bytes()).is_err() {
            return Ok(());
        }
        let engine = engine(&document);
        let (authority, path, credential, origin) = asked;
        let token = credential.map(|index| &TOKENS[index]);
        let mut headers = Vec::new();
        headers.extend(token.map(|(_, token)| ("authorization", format!("Bearer {token}"))));
        headers.extend(origin.map(|origin| ("origin", origin.to_owned())));
        let request = request("GET", authority, path, &headers);
        match decide(&engine, &request, NOW) {
            Decision::Deny(denial) => {
                let response = engine.response(&denial);
                let leads = challenges(&response).find_map(|challenge| {
                    let (_, rest) = challenge.split_once("resource_metadata=\"")?;
                    rest.split('"').next()
                });
                let bare = path.split('?').next().unwrap_or(path);
                let resource = engine.config().protected_resources.iter();
                let above = resource
                    .filter(|own| own.is_above(authority, bare))
                    .max_by_key(|own| own.url.path_length());
                let expected = above.filter(|_| matches!(response.status, 401 | 403));
                prop_assert_eq!(leads.is_some(), expected.is_some(), "{:?}", response);
                if let (Some(url), Some(resource)) = (leads, expected) {
                    let document = read(&engine, url);
                    let found = document
                        .as_ref()
                        .and_then(|document| document["resource"].as_str());
                    prop_assert_eq!(found, Some(resource.url.identifier()));
                }
            }
            Decision::Permit(permit) => {
                prop_assert_eq!(permit.reason, PermitReason::Verified);
                let bare = path.split('?').next().unwrap_or(path);
                let resources = &engine.config().protected_resources;
                let above = resources
                    .iter()
                    .filter(|own| own.is_above(authority, bare))
                    .max_by_key(|own| own.url.path_length());
                let (audience, _) = token.ok_or_else(|| TestCaseError::fail("no token"))?;
                if let Some(resource) = above {
                    let is_other = urls.contains(audience);
                    prop_assert!(*audience == resource.url.identifier() || !is_other);
                    prop_assert_ne!(origin, Some("https://evil.example"));
                }
                // A request for another host must not evade the checks of a resource with the same
                // path. If the matching rule names the request's host, only resources on this host
                // count, whatever their port. A rule names a host if its host prefix is the whole
                // host name.
                let is_known = resources.iter().any(|own| own.url.is_at(authority));
                let decided = engine
                    .rule(&request, &NoConnection)
                    .and_then(|rule| rules.get(rule.index()));
                let names_host = decided
                    .is_some_and(|(.., host)| host.is_some_and(|host| is_host_of(host, authority)));
                let reaches = |own: &&ProtectedResource| {
                    own.is_above_path(bare)
                        && !(is_known && own.url.is_root() && !own.url.has_host(authority))
                        && (!names_host || own.url.has_host(authority))
                };
                let elsewhere = || resources.iter().filter(reaches);
                if above.is_none() && elsewhere().next().is_some() {
                    let is_own = elsewhere().any(|own| own.url.identifier() == *audience);
                    prop_assert!(is_own || !urls.contains(audience));
                    prop_assert_ne!(origin, Some("https://evil.example"));
                }
            }
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
        Ok(())
    });
}
