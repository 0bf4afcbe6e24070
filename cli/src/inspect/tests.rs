use serde_json::{Value, json};

use super::*;

const NOW: u64 = 1_800_000_000;

fn ask(changes: Value) -> Value {
    let sample: Value = serde_json::from_str(&sample(None)).unwrap();
    let mut question = json!({
        "policy": sample["policy"], "filter": null, "jwks": null, "method": "GET", "path": "/orders", "now": NOW,
        "credential": {"claims": {"provider": null, "claims": "{\"scope\": \"orders.read\"}"}},
    });
    let Value::Object(changes) = changes else {
        panic!("the changes are no object");
    };
    for (name, value) in changes {
        question[name] = value;
    }
    serde_json::from_str(&Inspector::default().answer(&question.to_string())).unwrap()
}

fn shared(policy: &str) -> Value {
    serde_json::from_str(&share(policy, None)).unwrap()
}

#[test]
fn decides_on_claims_a_token_or_nothing() {
    let claims = ask(json!({}));
    assert_eq!(claims["findings"], json!([]));
    assert_eq!(claims["problem"], Value::Null, "{claims}");
    assert_eq!(claims["report"]["accepted"], true, "{claims}");
    assert_eq!(claims["rule"], json!({"index": 1, "line": 12}));
    let headers = claims["decision"]["forwarded_headers"].to_string();
    assert!(headers.contains(r#"["x-user","test-user"]"#), "{headers}");
    assert!(!headers.contains("eyJ"), "{headers}");
    let write = ask(json!({"method": "POST"}));
    assert_eq!(write["report"]["request"]["reason"], "insufficient_scope");
    let none = ask(json!({"credential": "none"}));
    assert_eq!(none["decision"]["reason"], "missing_credential");
    assert_eq!(none["report"], Value::Null);
    let sample: Value = serde_json::from_str(&sample(Some(NOW))).unwrap();
    let token = ask(json!({"policy": sample["policy"], "credential": {"token": sample["token"]}}));
    assert_eq!(token["findings"], json!([]));
    assert_eq!(token["report"]["accepted"], true, "{token}");
}

#[test]
fn rules_see_the_headers_of_the_request() {
    let sample: Value = serde_json::from_str(&sample(None)).unwrap();
    let policy = sample["policy"].as_str().unwrap();
    let policy = policy.replace(
        "path: /healthz }",
        "prefix: /, headers: [{ name: x-probe, present_match: true }] }",
    );
    let with = |headers: &str| ask(json!({"policy": policy, "headers": headers}));
    assert_eq!(with("")["rule"]["index"], 1);
    let found = with("X-Probe: 1\n\n  x-user: mallory\n");
    assert_eq!(found["rule"]["index"], 0, "{found}");
    let forwarded = found["decision"]["forwarded_headers"].to_string();
    assert!(forwarded.contains(r#"["x-probe","1"]"#), "{forwarded}");
    assert!(!forwarded.contains("mallory"), "{forwarded}");
    let none = ask(json!({"policy": policy, "headers": "x-probe: 1", "credential": "none"}));
    assert_eq!(none["rule"]["index"], 0, "{none}");
    let bad = with("x-probe: 1\nhunter2");
    assert_eq!(bad["problem"]["input"], "headers");
    assert_eq!(bad["problem"]["message"], "line 2: write NAME: VALUE");
}

#[test]
fn asks_for_the_keys_that_it_cannot_fetch() {
    let sample: Value = serde_json::from_str(&sample(Some(NOW))).unwrap();
    let credential = json!({"token": sample["token"]});
    let without = ask(json!({"credential": credential}));
    let checks = without["report"]["providers"][0]["checks"].to_string();
    assert!(checks.contains("paste the provider's key set"), "{checks}");
    let policy = sample["policy"].as_str().unwrap();
    let line = policy.lines().find(|line| line.contains("inline_string"));
    let document = line.unwrap().split('\'').nth(1).unwrap();
    let jwks = json!({"provider": "login", "document": document});
    let with = ask(json!({"credential": credential, "jwks": jwks}));
    assert_eq!(with["report"]["accepted"], true, "{with}");
    let jwks = json!({"provider": "login", "document": "{}"});
    let bad = ask(json!({"credential": credential, "jwks": jwks}));
    assert_eq!(bad["problem"]["input"], "jwks");
}

#[test]
fn reports_errors_with_their_place() {
    let refused = ask(json!({"policy": "providers: {}\nruls: []\n"}));
    assert_eq!(refused["findings"][0]["line"], 2, "{refused}");
    assert_eq!(refused["report"], Value::Null);
    let syntax = ask(json!({"policy": "providers: ["}));
    assert_eq!(syntax["findings"][0]["severity"], "error", "{syntax}");
    let claims = json!({"claims": {"provider": null, "claims": "{\n  scope: 1}"}});
    let claims = ask(json!({"credential": claims}));
    assert_eq!(claims["problem"]["input"], "claims");
    let message = claims["problem"]["message"].as_str().unwrap();
    assert!(message.starts_with("line 2, column 3: "), "{message}");
}

#[test]
fn finds_the_filters_of_an_envoy_file() {
    let policy: Value = serde_json::from_str(&sample(None)).unwrap();
    let indented = policy["policy"].as_str().unwrap().replace('\n', "\n      ");
    let filter = |name: &str| {
        format!(
            "- name: {name}\n  typed_config:\n    \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n    \
             config:\n      name: portcullis\n      configuration:\n        \"@type\": type.googleapis.com/google.protobuf.Struct\n        \
             value:\n          {}\n",
            indented.replace('\n', "\n    ")
        )
    };
    let envoy = format!("http_filters:\n{}{}", filter("one"), filter("two"));
    let found = ask(json!({"policy": envoy}));
    assert_eq!(found["filters"], json!(["one", "two"]), "{found}");
    assert_eq!(found["filter"], "one");
    assert_eq!(found["report"]["accepted"], true, "{found}");
    let other = ask(json!({"policy": envoy, "filter": "two"}));
    assert_eq!(other["filter"], "two");
    let shared = shared(&envoy);
    let text = shared["policy"].as_str().unwrap();
    assert!(text.starts_with("providers:"), "without Envoy: {text}");
}

#[test]
fn shares_no_secret() {
    const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
    let hash = portcullis::verification::SecretHash::new([7; 16], b"hunter2").to_string();
    let jwks = json!({"keys": [{"kty": "oct", "k": KEY, "alg": "HS256"}]}).to_string();
    let policy = format!(
        "# once {KEY}
shared_memory_key: {KEY}
providers:
  a:
    issuer: https://a.example
    audiences: [a]
    shared_secrets: [{{ kid: one, secret: {KEY} }}, {{ kid: two, secret: {KEY} }}]
  b:
    issuer: https://b.example
    audiences: [b]
    algorithms: [HS256]
    localJwks: {{ inlineString: '{jwks}' }}
  c:
    issuer: https://c.example
    audiences: [c]
    remoteJwks: {{ httpUri: {{ uri: 'https://c.example/keys?key={KEY}', cluster: c, timeout: 5s }} }}
  d:
    client_secrets:
      clients:
        job: {{ secret_hashes: ['{hash}'], scopes: [read] }}
rules:
- match: {{ prefix: /, headers: [{{ name: x-gateway, string_match: {{ exact: {KEY} }} }}] }}
  requires: {{ requires_any: {{ requirements: [{{ provider_name: a }}, {{ provider_name: b }}, {{ provider_name: c }}, {{ provider_name: d }}] }} }}
"
    );
    let shared = shared(&policy);
    let text = shared["policy"]
        .as_str()
        .unwrap_or_else(|| panic!("{:#}", ask(json!({"policy": policy}))));
    for secret in [KEY, &hash, "hunter2", "once"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    for kept in ["one", "https://c.example/keys", "job", "x-gateway", "read"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    // The replacements are valid values, so the shared policy is accepted too.
    let again = ask(json!({"policy": text}));
    let is_error = |finding: &Value| finding["severity"] == "error";
    let findings = again["findings"].as_array().unwrap();
    assert!(!findings.iter().any(is_error), "{again:#}\n{text}");
}

#[test]
fn shares_no_private_member_of_a_key() {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "x", "d": "private", "p": "private", "note": "private"});
    let public = share::public_keys(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
    assert!(
        !public.contains("private") && public.contains(r#""x":"x""#),
        "{public}"
    );
}

#[test]
fn shares_only_what_is_accepted() {
    let misspelt = "providers: {}\nrules: []\nshared_memory_ky: hunter2\n";
    for policy in [misspelt, "providers: [", "", "a: &a [*a]"] {
        let shared = shared(policy);
        assert_eq!(shared["policy"], Value::Null);
        assert!(
            shared["problem"]
                .as_str()
                .unwrap()
                .starts_with("correct the errors")
        );
    }
}
