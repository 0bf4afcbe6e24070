//! `portcullis decide` and the module make the same decisions, no matter which state the keys are
//! in.

use std::{
    fs, process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use portcullis::jose::Algorithm;
use portcullis_cli::Exit;
use serde_json::{Value, json};

use crate::{
    program,
    world::{JWKS_PATH, configuration, publishing, remote_provider, signer, start, token},
};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Exchange, Request, Setup},
    on_every_driver,
    signer::{Pair, Signer, jwks},
};

on_every_driver!(the_program_agrees_in_every_state_of_the_keys);

fn the_program_agrees_in_every_state_of_the_keys<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let (old, new) = (signer(), Signer::new(Algorithm::Rs256));
    let server = AuthorizationServer::new();
    server.answer(JWKS_PATH, Answer::status(500));
    let mut provider = remote_provider();
    let remote = &mut provider["remote_jwks"];
    remote["cache_duration"] = json!("1s");
    remote["max_stale"] = json!("8s");
    remote["unknown_kid_cooldown"] = json!("0.3s");
    let configuration = configuration(&provider);
    let gate: D = start(&Setup::new(configuration.clone()).cluster("login", &server));
    let tokens = [
        token(&gate, &old, "alice"),
        token(&gate, &new, "bob"),
        token(
            &gate,
            &Signer::with_pair(Algorithm::Es256, Pair::Other),
            "eve",
        ),
        "junk".to_owned(),
    ];
    let agree = |state: &str, keys: Option<&Value>| {
        let requests = tokens.iter().map(|token| Request::get("/").bearer(token));
        let requests: Vec<_> = requests.chain([Request::get("/")]).collect();
        let decisions = decide(&configuration, keys, gate.now(), &requests);
        for (request, decision) in requests.iter().zip(decisions) {
            assert_eq!(seen(&gate.send(request)), decided(&decision), "{state}");
        }
    };
    agree("never fetched", None);

    let both = jwks([&old, &new]);
    let one = jwks([&old]);
    server.answer(JWKS_PATH, Answer::json(one.to_string()));
    let good = Request::get("/").bearer(&tokens[0]);
    gate.wait_until("keys", || gate.send(&good).status == 200);
    agree("fresh", Some(&one));
    server.answer(JWKS_PATH, Answer::json(both.to_string()));
    let rotated = Request::get("/").bearer(&tokens[1]);
    gate.wait_until("the new key", || gate.send(&rotated).status == 200);
    agree("rotated", Some(&both));

    server.answer(JWKS_PATH, Answer::status(500));
    let stale = || gate.metric("portcullis.provider.login.jwks.stale") == Some(1);
    gate.wait_until("stale keys", stale);
    agree("stale", Some(&both));
    gate.pass(Duration::from_secs(8));
    gate.wait_until("expired keys", || gate.send(&good).status == 503);
    agree("expired", None);

    let recovered = publishing(&new);
    server.answer(JWKS_PATH, recovered.answer_now(JWKS_PATH).unwrap());
    gate.wait_until("the new key", || gate.send(&rotated).status == 200);
    agree("after removal", Some(&jwks([&new])));
}

/// What a request led to: the status, the reason, the challenge and the identity.
type Answered = (u16, String, Option<String>, Option<String>);

fn seen(exchange: &Exchange) -> Answered {
    let (status, reason) = exchange.outcome();
    let reason = if reason.is_empty() {
        "verified"
    } else {
        reason
    };
    let upstream = exchange.upstream.as_ref();
    (
        status,
        reason.to_owned(),
        exchange.headers.value("www-authenticate"),
        upstream.and_then(|seen| seen.headers.value("x-user")),
    )
}

fn decided(decision: &Value) -> Answered {
    let value = |list: &str, name: &str| {
        let lines = decision[list].as_array().unwrap().iter();
        let mut lines = lines.filter(|line| line[0] == name);
        lines
            .next()
            .map(|line| line[1].as_str().unwrap().to_owned())
    };
    (
        u16::try_from(decision["status"].as_u64().unwrap()).unwrap(),
        decision["reason"].as_str().unwrap().to_owned(),
        value("response_headers", "www-authenticate"),
        value("forwarded_headers", "x-user"),
    )
}

fn decide(
    configuration: &Value,
    keys: Option<&Value>,
    now: u64,
    requests: &[Request],
) -> Vec<Value> {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let name = format!("agreement-{}-{call}", process::id());
    let folder = support::folders::temporary().join(name);
    fs::create_dir_all(&folder).unwrap();
    let (config, jwks) = (folder.join("config.json"), folder.join("jwks.json"));
    fs::write(&config, configuration.to_string()).unwrap();
    let now = now.to_string();
    let config = config.display().to_string();
    let mut arguments = vec!["decide", "--config", &config, "--now", &now];
    let key_set = format!("login={}", jwks.display());
    if let Some(keys) = keys {
        fs::write(&jwks, keys.to_string()).unwrap();
        arguments.extend(["--jwks", &key_set]);
    }
    let lines: Vec<_> = requests.iter().map(line).collect();
    let (exit, said) = program::run(&arguments, &lines.join("\n"));
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(exit, Exit::Done, "{said}");
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn line(request: &Request) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let headers = request.headers.0.iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| [text(name), text(value)])
        .collect();
    json!({
        "method": request.method, "path": request.path, "authority": request.authority,
        "headers": headers,
    })
    .to_string()
}
