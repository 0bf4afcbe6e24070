use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::{
    engine::Engine,
    http::{Format, Response},
    keys::{Caching, FetchError, FetchResponse, Progress},
};

const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
const ISSUER: &str = r#""><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;"#;
const DESCRIPTION: &str = r#"{{now}}"><script>alert(1)</script>"#;
const KEYS: &str = r#"{"keys":[
    {"kty":"OKP","crv":"Ed25519","kid":"a<b","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
]}"#;

/// An engine with four providers. One fetches its keys, one has local keys, one is disabled, and
/// one has shared secrets.
fn engine() -> Engine {
    let provider = |issuer: &str, source: &str, keys: Value| json!({"issuer": issuer, "audiences": ["api"], source: keys});
    let fetched = |uri: &str| json!({"http_uri": {"uri": uri, "cluster": "c", "timeout": "1s"}, "cache_duration": "600s"});
    let mut hostile = provider(ISSUER, "remote_jwks", fetched("https://x/keys?key=secret"));
    hostile["description"] = json!(DESCRIPTION);
    let mut off = provider("https://off", "remote_jwks", fetched("https://off/keys"));
    off["enabled"] = json!(false);
    let secret = json!([{"kid": "s", "secret": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"}]);
    let config = json!({
        "mode": "shadow",
        "providers": {
            "fetched": hostile,
            "local": provider("https://local", "local_jwks", json!({"inline_string": KEYS})),
            "off": off,
            "secret": provider("https://secret", "shared_secrets", secret),
        },
        "status": {"path": "/s", "unprotected": true, "base_url": "https://api.example/?a=1&b='"},
    });
    Engine::new(Config::parse(config.to_string().as_bytes()).unwrap_or_else(|e| panic!("{e}")))
}

/// An engine whose first fetch got `answer` at the time `at`.
fn answered(answer: Result<&str, FetchError>, at: UnixMillis) -> Engine {
    let mut engine = engine();
    fetch(&mut engine, answer, at);
    engine
}

fn body(engine: &Engine, format: Format) -> String {
    engine.report(format, NOW, &[]).body
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let mut headers = response.headers.iter();
    headers
        .find(|(own, _)| *own == name)
        .map_or("", |(_, value)| value)
}

#[test]
fn json_has_each_provider() {
    let engine = answered(Ok(KEYS), NOW);
    let keys = json!([
        {"kid": "a<b", "kty": "OKP", "alg": "EdDSA"}, {"kid": null, "kty": "EC", "alg": null},
    ]);
    let provider = |name: &str, source: &str, keys: &Value| {
        json!({
            "name": name, "status": "enabled", "health": "working", "description": "",
            "issuer": format!("https://{name}"), "key_source": source,
            "jwks_uri": null, "cluster": null, "keys": keys,
            "last_successful_fetch": null, "last_attempt": null, "last_error": null,
            "next_fetch": null, "stale": false,
        })
    };
    let mut fetched = provider("fetched", "remote_jwks", &keys);
    fetched["description"] = json!(DESCRIPTION);
    fetched["issuer"] = json!(ISSUER);
    fetched["last_successful_fetch"] = json!("2023-11-14T22:13:20Z");
    fetched["last_attempt"] = json!("2023-11-14T22:13:20Z");
    fetched["next_fetch"] = json!("2023-11-14T22:23:15Z");
    fetched["jwks_uri"] = json!("https://x/keys");
    fetched["cluster"] = json!("c");
    let mut off = provider("off", "remote_jwks", &json!([]));
    off["status"] = json!("disabled");
    off["health"] = json!("disabled");
    off["jwks_uri"] = json!("https://off/keys");
    off["cluster"] = json!("c");
    let secret = json!([{"kid": "s", "kty": "oct", "alg": null}]);
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"), "mode": "shadow",
        "base_url": "https://api.example/?a=1&b='",
        "providers": [
            fetched, provider("local", "local_jwks", &keys), off,
            provider("secret", "shared_secrets", &secret),
        ],
    });
    let text = body(&engine, Format::Json);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    assert!(!text.contains("c2Vjcm"), "the report contains no secret");
    assert!(
        !body(&engine, Format::Html).contains("c2Vjcm"),
        "the report contains no secret"
    );
}

#[test]
fn json_and_page_report_unavailable_keys() {
    let fields = |engine: &Engine| {
        let report: Value = serde_json::from_str(&body(engine, Format::Json)).unwrap();
        let provider = &report["providers"][0];
        [
            "last_successful_fetch",
            "last_attempt",
            "last_error",
            "stale",
        ]
        .map(|name| provider[name].clone())
    };
    assert_eq!(
        fields(&engine()),
        [json!(null), json!(null), json!(null), json!(false)]
    );
    let failed = answered(Err(FetchError::Status(418)), NOW);
    let attempt = json!("2023-11-14T22:13:20Z");
    let error = json!("the response has status 418");
    assert_eq!(fields(&failed), [json!(null), attempt, error, json!(false)]);
    let page = body(&failed, Format::Html);
    assert!(page.contains("the response has status 418"), "{page}");

    let old = UnixMillis::new(NOW.as_u64() - 700_000);
    let stale = answered(Ok(KEYS), old);
    let fetched = json!("2023-11-14T22:01:40Z");
    assert_eq!(
        fields(&stale),
        [fetched.clone(), fetched, json!(null), json!(true)]
    );
    let page = body(&stale, Format::Html);
    for text in [
        ">11 minutes ago</time><small>2023-11-14 22:01:40 UTC</small>",
        ", keys are stale<",
        ">due<",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

/// Completes a fetch of the keys with `result` at the time `at`.
fn fetch(engine: &mut Engine, result: Result<&str, FetchError>, at: UnixMillis) {
    let fetches = engine.keys_mut().due(at);
    assert_eq!(fetches.len(), 1, "the other providers fetch no keys");
    let result = result.map(|body| FetchResponse::Document {
        body: body.as_bytes().to_vec(),
        caching: Caching::default(),
    });
    let _ = engine.keys_mut().complete(&fetches[0], result, at);
}

#[test]
fn health_tells_a_working_server_from_a_dead_one() {
    let of = |engine: &Engine| {
        let report: Value = serde_json::from_str(&body(engine, Format::Json)).unwrap();
        let fetched = &report["providers"][0];
        assert_eq!(fetched["status"], "enabled", "{fetched}");
        let page = body(engine, Format::Html);
        let first = page.split_once("<tr role=\"row\" class=\"").unwrap().1;
        let first = first.split('"').next().unwrap().to_owned();
        let summary = page.split_once("<h2>").unwrap().1;
        let summary = summary.split("</h2>").next().unwrap().to_owned();
        (fetched["health"].clone(), first, summary)
    };
    let expect =
        |health: &str, summary: &str| (json!(health), health.to_owned(), summary.to_owned());
    let mut engine = engine();
    assert_eq!(
        of(&engine),
        expect(
            "starting",
            "The first keys of 1 of 3 enabled servers have not arrived yet"
        )
    );
    let before = |seconds: u64| UnixMillis::new(NOW.as_u64() - seconds * 1000);
    let unreachable = Err(FetchError::Unreachable);
    let cannot_verify = expect(
        "unavailable",
        "Tokens of 1 of 3 enabled servers cannot be verified",
    );
    fetch(&mut engine, unreachable, before(615));
    assert_eq!(of(&engine), cannot_verify);
    fetch(&mut engine, Ok(KEYS), before(598));
    assert_eq!(
        of(&engine),
        expect(
            "working",
            "Tokens of 3 of 3 enabled servers can be verified"
        )
    );
    fetch(&mut engine, unreachable, before(2));
    let cannot_refresh = expect(
        "degraded",
        "Keys of 1 of 3 enabled servers cannot be refreshed",
    );
    assert_eq!(of(&engine), cannot_refresh);
    assert!(body(&engine, Format::Html).contains("enabled, last fetch failed<"));
    assert_eq!(of(&answered(Ok(KEYS), before(700))), cannot_refresh);
    assert_eq!(
        of(&answered(Ok(KEYS), before(10_000))),
        cannot_verify,
        "expired"
    );
}

#[test]
fn the_page_begins_with_what_is_wrong() {
    let page = body(&answered(Err(FetchError::Status(404)), NOW), Format::Html);
    let places = [
        "Tokens of 1 of 3 enabled servers cannot be verified",
        "<li class=\"pill unavailable\">1 unavailable</li><li class=\"pill working\">2 working</li>\
         <li class=\"pill disabled\">1 disabled</li>",
        "<bdi>fetched</bdi>",
        "<bdi>local</bdi>",
        "<bdi>secret</bdi>",
        "<bdi>off</bdi>",
    ]
    .map(|text| page.find(text).unwrap_or_else(|| panic!("{text}: {page}")));
    assert!(places.is_sorted(), "{places:?}");
    let none = json!({"status": {"path": "/s", "unprotected": true}});
    let config = Config::parse(none.to_string().as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    let page = body(&Engine::new(config), Format::Html);
    assert!(
        page.contains(">No authorization server is enabled<"),
        "{page}"
    );
    assert!(page.contains("<tbody role=\"rowgroup\"></tbody>"), "{page}");
}

#[test]
fn shows_where_keys_are_fetched_from() {
    let page = body(&engine(), Format::Html);
    let shown = "<bdi><code>https://x/keys</code></bdi>\
                 <small>remote_jwks, cluster <bdi>c</bdi></small>";
    assert!(page.contains(shown), "{page}");
    assert!(
        !page.contains("key=secret"),
        "a query may have a secret: {page}"
    );

    let config = json!({
        "providers": {"found": {
            "issuer": "https://idp", "audiences": ["api"],
            "discovery": {"cluster": "metadata", "timeout": "1s", "jwks_cluster": "keys"},
        }},
        "status": {"path": "/s", "unprotected": true},
    });
    let config = Config::parse(config.to_string().as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    let mut engine = Engine::new(config);
    let place = |engine: &Engine| {
        let report: Value = serde_json::from_str(&body(engine, Format::Json)).unwrap();
        ["jwks_uri", "cluster"].map(|name| report["providers"][0][name].clone())
    };
    assert_eq!(place(&engine), [json!(null), json!("metadata")]);
    let page = body(&engine, Format::Html);
    assert!(
        page.contains("<span>discovery, cluster <bdi>metadata</bdi></span>"),
        "{page}"
    );
    let document = |body: &str| {
        Ok(FetchResponse::Document {
            body: body.as_bytes().to_vec(),
            caching: Caching::default(),
        })
    };
    let metadata = document(r#"{"issuer":"https://idp","jwks_uri":"https://idp/jwks?v=1"}"#);
    let fetches = engine.keys_mut().due(NOW);
    let Progress::Next(next) = engine.keys_mut().complete(&fetches[0], metadata, NOW) else {
        panic!("the metadata leads to the keys")
    };
    let _ = engine.keys_mut().complete(&next, document(KEYS), NOW);
    assert_eq!(place(&engine), [json!("https://idp/jwks"), json!("keys")]);
}

#[test]
fn the_page_shows_values_only_as_text() {
    let page = body(&answered(Ok(KEYS), NOW), Format::Html);
    for escaped in [
        "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x \
         onerror=&#39;alert(2)&#39;&gt;&amp;amp;</code></bdi>",
        "<bdi>{{now}}&quot;&gt;&lt;script&gt;",
    ] {
        assert!(page.contains(escaped), "{page}");
    }
    for tag in ["<script", "<img", "<style"] {
        assert_eq!(
            page.matches(tag).count(),
            usize::from(tag != "<img"),
            "{tag}"
        );
    }
    for text in [
        "<bdi><code>a&lt;b</code></bdi> OKP EdDSA",
        ">2 keys<",
        ">in 9 minutes</time><small>2023-11-14 22:23:15 UTC</small>",
        "0 seconds ago",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let placeholders = page.matches("{{").count();
    assert_eq!(
        placeholders, 1,
        "the only placeholder is in the hostile text: {page}"
    );
}

#[test]
fn the_page_counts_decisions() {
    let engine = engine();
    assert!(body(&engine, Format::Html).contains("does not provide the metrics"));
    let counts = [("allowed", "", 3), ("denied", "expired", 12_345)];
    let counts = counts.map(|(decision, reason, times)| Count {
        decision,
        reason,
        times,
    });
    let page = engine.report(Format::Html, NOW, &counts).body;
    let row = "<th scope=\"row\">denied</th><td>expired</td><td>12345</td>";
    assert!(page.contains(row), "{page}");
}

#[test]
fn responses_are_not_cached_and_load_nothing() {
    for (format, content_type) in [
        (Format::Html, "text/html; charset=utf-8"),
        (Format::Json, "application/json"),
    ] {
        let response = engine().report(format, NOW, &[]);
        assert_eq!(response.status, 200);
        for (name, value) in [
            ("content-type", content_type),
            ("cache-control", "no-store"),
            ("vary", "accept"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(header(&response, name), value, "{name}");
        }
        let policy = header(&response, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'sha256-"),
            "{policy}"
        );
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

/// An authorization server chooses the `kid` of each key. A server could choose a `kid` that makes
/// the browser display the text after it from right to left. The page could then show a wrong
/// algorithm or the name of another key.
#[test]
fn a_kid_cannot_reorder_the_page() {
    let kid = "ASDdE\\u202e\\u2066 PKO\\u200b\\u0007";
    let keys = KEYS.replace("a<b", kid);
    let page = body(&answered(Ok(&keys), NOW), Format::Html);
    let shown = r"<bdi><code>ASDdE\u202e\u2066 PKO\u200b\u0007</code></bdi> OKP EdDSA";
    assert!(page.contains(shown), "{page}");
    assert!(!page.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{7}']));
}
