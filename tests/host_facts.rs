//! Facts about the host that Portcullis relies on, tested in the real Envoy and in the fake host.
//!
//! Envoy documents few of these facts. If a version of Envoy changes one of them, the test named
//! after that fact fails. The same tests run in the fake host, to notice if it differs from Envoy.
//! The host calls are made by the probe (`tests/probe`), a module that exists only for tests. For
//! the fake host, the probe is linked into this binary. For Envoy, `make host-facts` builds it as
//! wasm. One fact cannot be tested: shared data never expires. This fact follows from the source of
//! proxy-wasm-cpp-host (`src/shared_data.cc`).

use std::{
    fs,
    io::{BufReader, Write as _},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use probe as _; // linked for the fake host
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Request, Route, Setup, VirtualHost, Wrapping},
    envoy::{TRAP, bootstrap, is_installed, process},
    http, on_every_driver,
};

on_every_driver!(
    in_envoy super::module();
    a_missing_key_has_no_version,
    versions_count_the_writes_of_all_keys_from_one,
    a_write_with_version_0_overwrites,
    a_write_with_the_current_version_replaces,
    a_write_with_a_stale_version_is_refused,
    any_version_creates_a_missing_key,
    the_highest_version_only_ever_creates,
    an_emptied_key_still_exists,
    every_worker_sees_the_same_value_and_version,
    only_one_worker_creates_a_key,
    shared_data_outlives_the_configuration_it_was_written_under,
    the_context_of_a_stream_that_is_gone_is_refused,
    a_refused_context_leaves_the_one_before_in_force,
    the_vms_of_all_workers_and_of_the_main_thread_tick,
    struct_configuration_arrives_in_the_wire_format,
    text_configuration_arrives_unchanged,
    authorization_lines_arrive_joined_by_a_comma,
    a_call_brings_the_server_s_status,
    a_call_that_the_server_resets_brings_503,
    a_call_that_takes_too_long_brings_504,
    a_call_that_is_cut_off_brings_no_headers,
    a_call_to_an_unknown_cluster_is_refused_at_once,
    route_metadata_arrives_in_the_wire_format,
    a_route_without_metadata_has_no_property,
    an_edit_does_not_reveal_the_new_route,
    filter_state_is_read_as_text,
    a_missing_foreign_function_is_not_found,
    a_wrong_signature_differs_from_one_that_cannot_be_verified,
);

fn a_missing_key_has_no_version<D: Driver>() {
    assert_eq!(played::<D>("get a"), json!([null]));
}

fn versions_count_the_writes_of_all_keys_from_one<D: Driver>() {
    let answers = played::<D>("set a x 0; set b y 0; get a; get b; set a z 0; get a");
    assert_eq!(
        answers,
        json!(["Ok", "Ok", ["x", 1], ["y", 2], "Ok", ["z", 3]])
    );
}

fn a_write_with_version_0_overwrites<D: Driver>() {
    let answers = played::<D>("set a x 0; set a y 0; get a");
    assert_eq!(answers, json!(["Ok", "Ok", ["y", 2]]));
}

fn a_write_with_the_current_version_replaces<D: Driver>() {
    let answers = played::<D>("set a x 0; set a y 1; get a");
    assert_eq!(answers, json!(["Ok", "Ok", ["y", 2]]));
}

fn a_write_with_a_stale_version_is_refused<D: Driver>() {
    let answers = played::<D>("set a x 0; set a y 1; set a z 1; get a");
    assert_eq!(answers, json!(["Ok", "Ok", "CasMismatch", ["y", 2]]));
}

fn any_version_creates_a_missing_key<D: Driver>() {
    let answers = played::<D>("set a x 77; get a");
    assert_eq!(answers, json!(["Ok", ["x", 1]]));
}

fn the_highest_version_only_ever_creates<D: Driver>() {
    let answers = played::<D>("set a x 4294967295; set a y 4294967295; get a");
    assert_eq!(answers, json!(["Ok", "CasMismatch", ["x", 1]]));
}

/// The host has no call that deletes a key. If a module no longer needs a key, it can only empty
/// the key's value.
fn an_emptied_key_still_exists<D: Driver>() {
    let answers = played::<D>("set a x 0; empty a; get a; set a y 4294967295");
    assert_eq!(answers, json!(["Ok", "Ok", ["", 2], "CasMismatch"]));
}

fn every_worker_sees_the_same_value_and_version<D: Driver>() {
    let gate: D = start(Setup::default().workers(2));
    play(&gate, "set a x 0; set a y 0");
    let answers = play_on_each_worker(&gate, "get a");
    assert_eq!(answers, [json!(["y", 2]), json!(["y", 2])]);
}

fn only_one_worker_creates_a_key<D: Driver>() {
    let gate: D = start(Setup::default().workers(2));
    let answers = play_on_each_worker(&gate, "set a x 4294967295");
    assert_eq!(answers, ["Ok", "CasMismatch"]);
}

fn shared_data_outlives_the_configuration_it_was_written_under<D: Driver>() {
    let gate: D = start(Setup::new(json!("old")));
    play(&gate, "set a x 0");
    gate.reconfigure(&json!("new")).unwrap();
    assert_eq!(play(&gate, "get a"), json!([["x", 1]]));
}

fn the_context_of_a_stream_that_is_gone_is_refused<D: Driver>() {
    let gate: D = start(Setup::default());
    let gone = &play(&gate, "context")[0];
    let answers = play(&gate, &format!("effective {gone}"));
    assert_eq!(answers, json!(["BadArgument"]));
}

/// If the host refuses to switch to a context, the previous context stays selected. A module that
/// ignored the refusal would answer another client's request.
fn a_refused_context_leaves_the_one_before_in_force<D: Driver>() {
    let gate: D = start(Setup::default());
    let gone = &play(&gate, "context")[0];
    let bystander = gate.begin(&request("wait"));
    let waiting = || {
        gate.log()
            .iter()
            .find_map(|line| Some(line.strip_prefix("waiting ")?.to_owned()))
    };
    gate.wait_until("the other client's request to wait", || waiting().is_some());
    let script = format!(
        "effective {}; effective {gone}; respond",
        waiting().unwrap()
    );
    assert_eq!(play(&gate, &script), json!(["Ok", "BadArgument", "Ok"]));
    let misdirected = gate.finish(bystander).body;
    assert_eq!(parsed(&misdirected), json!(["Ok", "BadArgument"]));
}

/// An Envoy with two workers has three VMs: one for each worker and one for the main thread. Any of
/// the three may fetch the keys, even the VM of the main thread.
fn the_vms_of_all_workers_and_of_the_main_thread_tick<D: Driver>() {
    let gate: D = start(Setup::default().workers(2));
    let ticking = || gate.log().iter().filter(|line| *line == "ticking").count();
    gate.wait_until("the ticks of three VMs", || ticking() >= 3);
    play(&gate, "context");
    assert_eq!(ticking(), 3);
}

/// No object in this configuration has more than one member, because the order of members in the
/// wire format is undefined.
fn struct_configuration_arrives_in_the_wire_format<D: Driver>() {
    let configuration = json!({ "all": [60, "a", true, null, { "b": [] }] });
    let wire = [
        b"\n\x2e\n\x03all\x12\x27\x32\x25".as_slice(), // fields: { key: "all", value: { list_value: …
        b"\n\x09\x11\0\0\0\0\0\0N@",                   // values: { number_value: 60.0 }
        b"\n\x03\x1a\x01a",                            // values: { string_value: "a" }
        b"\n\x02\x20\x01",                             // values: { bool_value: true }
        b"\n\x02\x08\0",                               // values: { null_value: NULL_VALUE }
        b"\n\x0b\x2a\x09\n\x07\n\x01b\x12\x02\x32\0",  // values: { struct_value: …
    ];
    let wrapping = Wrapping::Struct;
    let gate: D = start(Setup {
        wrapping,
        ..Setup::new(configuration)
    });
    assert_eq!(play(&gate, "configuration"), json!([wire.concat()]));
}

fn text_configuration_arrives_unchanged<D: Driver>() {
    let gate: D = start(Setup::new(json!({ "n": 60 })));
    assert_eq!(play(&gate, "configuration"), json!([br#"{"n":60}"#]));
}

fn authorization_lines_arrive_joined_by_a_comma<D: Driver>() {
    let gate: D = start(Setup::default());
    let request = request("header authorization; header x-other")
        .header("Authorization", "Bearer a")
        .header("authorization", "Bearer b")
        .header("X-Other", "a")
        .header("x-other", "b");
    let answers = parsed(&gate.send(&request).body);
    assert_eq!(answers, json!([["Bearer a,Bearer b"], ["a", "b"]]));
}

fn a_call_brings_the_server_s_status<D: Driver>() {
    assert_eq!(
        called::<D>(Answer::status(418), "call server 5000"),
        json!([418])
    );
}

fn a_call_that_the_server_resets_brings_503<D: Driver>() {
    assert_eq!(
        called::<D>(Answer::reset(), "call server 5000"),
        json!([503])
    );
}

fn a_call_that_takes_too_long_brings_504<D: Driver>() {
    let late = Answer::status(200).after(Duration::from_secs(2));
    assert_eq!(called::<D>(late, "call server 50"), json!([504]));
}

fn a_call_that_is_cut_off_brings_no_headers<D: Driver>() {
    let answer = Answer::json("{}").truncated();
    assert_eq!(called::<D>(answer, "call server 5000"), json!([null]));
}

fn a_call_to_an_unknown_cluster_is_refused_at_once<D: Driver>() {
    assert_eq!(played::<D>("call nowhere 5000"), json!(["BadArgument"]));
}

fn route_metadata_arrives_in_the_wire_format<D: Driver>() {
    let gate: D = start(said_by_a_route(&json!({ "requirement_name": "alpha" })));
    let wire = [
        b"\n\x2b\n\x0aportcullis\x12\x1d".as_slice(), // filter_metadata: { key: "portcullis", value: {
        b"\n\x1b\n\x10requirement_name\x12\x07\x1a\x05alpha", // fields: { key: …, value: { string_value
    ];
    assert_eq!(
        play(&gate, "own; property xds/route_metadata"),
        json!(["Ok", wire.concat()])
    );
}

fn a_route_without_metadata_has_no_property<D: Driver>() {
    let setup = Setup {
        virtual_hosts: vec![VirtualHost::any([Route::new("/")])],
        ..Setup::default()
    };
    let gate: D = start(setup);
    assert_eq!(
        play(&gate, "own; property xds/route_metadata"),
        json!(["Ok", null])
    );
}

/// After the module has edited a header, Envoy chooses the route again. The module still sees the
/// old route. Only the filters after it see the new one.
fn an_edit_does_not_reveal_the_new_route<D: Driver>() {
    let [first, second] = ["first", "second"].map(|name| json!({ "name": name }));
    let setup = Setup {
        virtual_hosts: vec![VirtualHost::any([
            Route::new("/")
                .with_header("x-route", "b")
                .saying(second.clone()),
            Route::new("/").saying(first),
        ])],
        ..Setup::default()
    };
    let gate: D = start(setup);
    let script = "own; property xds/route_metadata; replace x-route b; \
                  property xds/route_metadata";
    let answers = play(&gate, script);
    assert_eq!(answers[1], answers[3]);
    let passed = gate.send(&request("own; replace x-route b; go"));
    assert_eq!(passed.route, Some(second));
}

fn filter_state_is_read_as_text<D: Driver>() {
    let preset = [("tenant".to_owned(), "x-tenant".to_owned())];
    let gate: D = start(Setup {
        preset_filter_state: preset.into(),
        ..Setup::default()
    });
    let script = "own; property filter_state/tenant; property filter_state/other; state a.b c; \
                  property filter_state/wasm.a.b; state a.b d; property filter_state/wasm.a.b";
    let answers = gate.send(&request(script).header("x-tenant", "acme")).body;
    let expected = json!(["Ok", b"acme", null, "Ok", b"c", "Ok", b"d"]);
    assert_eq!(parsed(&answers), expected);
}

fn a_missing_foreign_function_is_not_found<D: Driver>() {
    let answers = played::<D>("own; foreign clear_route_cache; foreign nonsense");
    assert_eq!(answers, json!(["Ok", "Ok", "NotFound"]));
}

/// Portcullis must tell two answers of the host apart. If the host says that a token's signature is
/// wrong, Portcullis refuses the token. If the host cannot verify the signature, Portcullis
/// verifies it itself.
fn a_wrong_signature_differs_from_one_that_cannot_be_verified<D: Driver>() {
    let pem = include_str!("support/keys/p256.pub.pem").lines();
    let base64: String = pem.filter(|line| !line.starts_with('-')).collect();
    let key = STANDARD.decode(base64).unwrap();
    let asked = |hash: &[u8], key: &[u8]| {
        let signature = [0x30, 6, 2, 1, 1, 2, 1, 1];
        let fields = [hash, key, &signature[..], b"text"];
        let fields = (1_u8..).zip(fields).flat_map(|(number, bytes)| {
            let size = u8::try_from(bytes.len()).unwrap();
            [&[number << 3 | 2, size], bytes].concat()
        });
        let digits: String = fields.map(|octet| format!("{octet:02x}")).collect();
        played::<D>(&format!("ask verify_signature {digits}"))
    };
    let says = |error: &str| {
        let size = u8::try_from(error.len()).unwrap();
        let answer = [&[2 << 3 | 2, size], error.as_bytes()].concat();
        json!([answer])
    };
    let wrong = says("Failed to verify digest. Error code: 0");
    assert_eq!(asked(b"sha256", &key), wrong);
    assert_eq!(asked(b"sha3", &key), says("sha3 is not supported."));
    let unreadable = says("Failed to initialize digest verify.");
    assert_eq!(asked(b"sha256", &key[1..]), unreadable);
    assert_eq!(asked(b"sha256", b""), json!(["BadArgument"]));
}

fn said_by_a_route(metadata: &Value) -> Setup {
    Setup {
        virtual_hosts: vec![VirtualHost::any([Route::new("/").saying(metadata.clone())])],
        ..Setup::default()
    }
}

/// Starts a proxy that runs the module `probe` in place of Portcullis.
fn start<D: Driver>(setup: Setup) -> D {
    let module = Some(module());
    D::start(&Setup { module, ..setup }).unwrap_or_else(|refused| panic!("{}", refused.0))
}

/// The path of the probe that `make host-facts` builds for Envoy.
fn module() -> PathBuf {
    const BUILT: &str = "target/wasm32-unknown-unknown/release/probe.wasm";
    support::folders::project().join(BUILT)
}

/// Runs a script in a new proxy, and returns the results of the steps.
fn played<D: Driver>(script: &str) -> Value {
    play::<D>(&start(Setup::default()), script)
}

/// Runs a script in a new proxy, and returns the results of the steps. The proxy's cluster `server`
/// leads to a server that gives this answer.
fn called<D: Driver>(answer: Answer, script: &str) -> Value {
    let server = AuthorizationServer::new();
    server.answer("/", answer);
    play::<D>(&start(Setup::default().cluster("server", &server)), script)
}

fn play<D: Driver>(gate: &D, script: &str) -> Value {
    parsed(&gate.send(&request(script)).body)
}

/// Runs a script once on each of two workers. Opens new connections until both workers have run the
/// script.
fn play_on_each_worker<D: Driver>(gate: &D, script: &str) -> [Value; 2] {
    let mut answers = Vec::new();
    while answers.len() < 2 {
        let answer = play(gate, &format!("once; {script}"));
        answers.extend(answer[0].as_bool().unwrap().then(|| answer[1].clone()));
    }
    answers.try_into().unwrap()
}

fn request(script: &str) -> Request {
    Request::get("/").header("script", script)
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| panic!("{}", body.escape_ascii()))
}

/// With `FAIL_CLOSED`, no metric of Envoy's wasm filter shows that Envoy has stopped a module. Only
/// the responses show it: their status, and their response code details in the access log.
#[test]
fn only_responses_show_a_module_that_was_stopped_in_envoy() {
    let module = module();
    if !is_installed(&module) {
        return;
    }
    let setup = Setup {
        module: Some(module),
        ..Setup::default()
    };
    let folder = process::new_folder();
    let unused = SocketAddr::from(([127, 0, 0, 1], 1));
    let bootstrap = json!({
        "admin": { "address": bootstrap::socket(SocketAddr::from(([127, 0, 0, 1], 0))) },
        "static_resources": {
            "clusters": [bootstrap::cluster(bootstrap::UPSTREAM, unused)],
            "listeners": [bootstrap::listener(&folder, &setup, &setup.configuration)],
        },
    });
    let access_log = bootstrap::access_log_file(&folder, &setup);
    let envoy = process::EnvoyProcess::spawn(folder, &bootstrap, 1);
    let address = envoy.wait_for("the listener", || {
        envoy.listener().filter(|_| envoy.is_ready())
    });
    let send = |script: &str| {
        let mut connection = BufReader::new(http::connect(address).unwrap());
        let bytes = request(script).on_the_wire();
        connection.get_mut().write_all(&bytes).unwrap();
        connection
    };
    let status = |script: &str| http::read_response(&mut send(script), "GET").unwrap().0;
    assert_eq!(status("get a"), 200);
    let before = envoy.stats("wasm");
    let _unanswered = send("panics");
    envoy.wait_for("a trap", || envoy.log().contains(TRAP).then_some(()));
    assert_eq!(status("get a"), 503);
    let stopped = r#""details":"wasm_fail_stream""#;
    envoy.wait_for("the access log", || {
        let lines = fs::read_to_string(&access_log).ok()?;
        lines.contains(stopped).then_some(())
    });
    assert_eq!(envoy.stats("wasm"), before);
    assert_eq!(envoy.stat("http.ingress.downstream_rq_5xx"), Some(1));
}
