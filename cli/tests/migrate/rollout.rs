//! Rolls out listeners and routes separately, in either order, in a real Envoy.
//!
//! Each case is a listener with `jwt_authn` and a separate file with its routes. `migrate
//! --rewrite` rewrites both. One Envoy then runs all four combinations that can occur in a
//! roll-out: the old or the new listener, with the old or the new routes. Every request goes to all
//! four. The old listener with the old routes shows which requests the other three may let through.

use std::{collections::BTreeMap, fs, io::BufReader, net::SocketAddr, path::Path};

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use super::{file, migrate, printed};
use support::{
    driver::Request,
    envoy::{
        TRAP,
        bootstrap::{UPSTREAM, cluster, socket},
        is_installed, module,
        process::{EnvoyProcess, new_folder},
    },
    http,
    signer::{Pair, Signer},
    upstream::Upstream,
};

use std::io::Write as _;

/// The time at which tokens expire, far in the future.
const EXP: u64 = 4_000_000_000;
const MANAGER: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const FILTER: &str =
    "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
const PER_ROUTE: &str =
    "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig";
const ANY_FILTER: &str = "type.googleapis.com/envoy.config.route.v3.FilterConfig";

/// The filters of a listener and the routes behind them.
struct Case {
    name: &'static str,
    /// The filters of the chain, each with its name and configuration.
    filters: Vec<(&'static str, Value)>,
    routes: Value,
    /// The requested paths, each with its host.
    targets: Vec<(&'static str, &'static str)>,
    /// The values of `--filter` for the file of routes.
    said: Vec<&'static str>,
    /// Whether the new listener refuses every request to the new routes, because these routes
    /// configure another filter.
    stays_closed: bool,
    /// The chains that contain the filters.
    chains: Chains,
}

/// The chains of a listener that contain the filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chains {
    Main,
    /// The main chain and the WebSocket chain.
    Both,
    /// Only the WebSocket chain.
    Upgrade,
}

/// The version of a listener or of its routes: original or rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    Old,
    New,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcome {
    status: u16,
    reached_upstream: bool,
}

const HALVES: [(Version, Version); 4] = [
    (Version::Old, Version::Old),
    (Version::Old, Version::New),
    (Version::New, Version::Old),
    (Version::New, Version::New),
];

fn signer(issuer: &str) -> Signer {
    Signer::new(match issuer {
        "q" => Algorithm::Es384,
        _ => Algorithm::Es256,
    })
}

fn providers() -> Value {
    let provider = |issuer: &str| {
        json!({
            "issuer": issuer,
            "local_jwks": { "inline_string": signer(issuer).jwks().to_string() },
            "forward": true,
        })
    };
    json!({ "p": provider("p"), "q": provider("q") })
}

fn filter(more: &Value) -> (&'static str, Value) {
    let mut filter = json!({ "@type": FILTER, "providers": providers() });
    for (name, value) in more.as_object().unwrap() {
        filter[name] = value.clone();
    }
    ("envoy.filters.http.jwt_authn", filter)
}

fn named(requirement: &str) -> Value {
    json!({ "@type": PER_ROUTE, "requirement_name": requirement })
}

fn disabled() -> Value {
    json!({ "@type": PER_ROUTE, "disabled": true })
}

/// Adds an override to an object. The override is for the filter with the usual name.
fn saying(mut object: Value, says: impl Into<Value>) -> Value {
    object["typed_per_filter_config"] = json!({ "envoy.filters.http.jwt_authn": says.into() });
    object
}

fn route(prefix: &str) -> Value {
    json!({ "match": { "prefix": prefix }, "route": { "cluster": UPSTREAM } })
}

fn host(domain: &str, routes: &[Value]) -> Value {
    json!({ "name": domain, "domains": [domain], "routes": routes })
}

fn table(hosts: &[Value]) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": "routes",
        "virtual_hosts": hosts,
    })
}

fn cases() -> Vec<Case> {
    let p = json!({ "provider_name": "p" });
    let q = json!({ "provider_name": "q" });
    let map = json!({
        "strict": p, "other": q, "maybe": { "allow_missing": {} }, "nothing": {},
        "both": { "requires_all": { "requirements": [p, q] } },
        "either": { "requires_any": { "requirements": [p, q] } },
    });
    // For each rule, there is a route that requires more than the rule.
    let rules = json!([
        { "match": { "prefix": "/open" } },
        { "match": { "prefix": "/q" }, "requires": q },
        { "match": { "prefix": "/maybe" }, "requires": { "allow_missing": {} } },
    ]);
    let strict = || named("strict");
    let off = || json!({ "@type": ANY_FILTER, "disabled": true });
    let on = || json!({ "@type": ANY_FILTER, "config": {} });
    let wrapped = || json!({ "@type": ANY_FILTER, "is_optional": true, "config": strict() });
    let all = |paths: &[&'static str]| paths.iter().map(|path| ("*", *path)).collect::<Vec<_>>();
    let one = |routes: &[Value]| table(&[host("*", routes)]);
    let named_routes = one(&[
        saying(route("/open/strict"), strict()),
        saying(route("/open/typo"), named("typo")),
        saying(route("/open/off"), disabled()),
        saying(route("/q/strict"), strict()),
        saying(route("/q/off"), disabled()),
        saying(route("/maybe/strict"), strict()),
        saying(route("/other"), named("other")),
        saying(route("/nothing"), named("nothing")),
        saying(route("/both"), named("both")),
        saying(route("/either"), named("either")),
        saying(route("/strict"), strict()),
        saying(route("/typo"), named("typo")),
        saying(route("/off"), disabled()),
        route("/"),
    ]);
    let paths = all(&[
        "/open/strict",
        "/open/typo",
        "/open/off",
        "/open",
        "/q/strict",
        "/q/off",
        "/q",
        "/maybe/strict",
        "/maybe",
        "/other",
        "/nothing",
        "/both",
        "/either",
        "/strict",
        "/typo",
        "/off",
        "/",
    ]);
    let case = |name, filters: &Value, routes: &Value| Case {
        name,
        filters: vec![filter(filters)],
        routes: routes.clone(),
        targets: paths.clone(),
        said: Vec::new(),
        stays_closed: false,
        chains: Chains::Main,
    };
    let layers = table(&[
        saying(
            host(
                "off",
                &[
                    saying(route("/on"), on()),
                    saying(route("/strict"), strict()),
                    saying(route("/wrapped"), wrapped()),
                    route("/"),
                ],
            ),
            off(),
        ),
        saying(
            host(
                "strict",
                &[
                    saying(route("/off"), off()),
                    saying(route("/open"), disabled()),
                    saying(route("/other"), named("other")),
                    route("/"),
                ],
            ),
            strict(),
        ),
        host(
            "*",
            &[
                json!({ "match": { "prefix": "/weighted" }, "route": { "weighted_clusters": { "clusters": [
                saying(json!({ "name": UPSTREAM, "weight": 1 }), strict()),
                saying(json!({ "name": UPSTREAM, "weight": 1 }), strict()),
            ] } } }),
                json!({ "match": { "prefix": "/redirect" }, "redirect": { "path_redirect": "/" } }),
                route("/"),
            ],
        ),
    ]);
    let layered = [
        ("off", "/on"),
        ("off", "/strict"),
        ("off", "/wrapped"),
        ("off", "/"),
        ("strict", "/off"),
        ("strict", "/open"),
        ("strict", "/other"),
        ("strict", "/"),
        ("*", "/weighted"),
        ("*", "/redirect"),
        ("*", "/open"),
        ("*", "/q"),
        ("*", "/"),
    ];
    let case_of_layers = |name, filters: &Value, routes: &Value| Case {
        targets: layered.to_vec(),
        ..case(name, filters, routes)
    };
    let mut custom = case(
        "name of its own",
        &json!({ "requirement_map": map }),
        &json!(null),
    );
    custom.filters[0].0 = "jwt";
    let text = named_routes
        .to_string()
        .replace("envoy.filters.http.jwt_authn\"", "jwt\"");
    custom.routes = serde_json::from_str(&text).unwrap();
    let mut two = case(
        "two in a chain",
        &json!({ "requirement_map": map }),
        &named_routes,
    );
    two.filters
        .push(filter(&json!({ "rules": rules, "requirement_map": map })));
    let state = json!({ "name": "no.such", "requires": { "x": p } });
    let mut cases = vec![
        case("rules", &json!({ "rules": rules }), &named_routes),
        case("map", &json!({ "requirement_map": map }), &named_routes),
        case(
            "rules and map",
            &json!({ "rules": rules, "requirement_map": map }),
            &named_routes,
        ),
        case("nothing", &json!({}), &named_routes),
        case(
            "filter state and map",
            &json!({ "filter_state_rules": state, "requirement_map": map }),
            &named_routes,
        ),
        case(
            "preflight",
            &json!({ "bypass_cors_preflight": true, "requirement_map": map }),
            &named_routes,
        ),
        custom,
        two,
        case_of_layers(
            "layers",
            &json!({ "rules": rules, "requirement_map": map }),
            &layers,
        ),
        case_of_layers(
            "layers without rules",
            &json!({ "requirement_map": map }),
            &layers,
        ),
        case_of_layers("layers without map", &json!({ "rules": rules }), &layers),
        case_of_layers(
            "all strict",
            &json!({ "rules": rules, "requirement_map": map }),
            &saying(layers, strict()),
        ),
    ];
    for (name, chains) in [
        ("an upgrade's chain too", Chains::Both),
        ("an upgrade's chain alone", Chains::Upgrade),
    ] {
        cases.push(Case {
            chains,
            ..case(
                name,
                &json!({ "rules": rules, "requirement_map": map }),
                &named_routes,
            )
        });
    }
    cases.extend(cases_of_other_names());
    cases
}

/// Cases in which the routes configure the filter `jwt`, but the listener has a filter with another
/// name, or a second filter.
fn cases_of_other_names() -> Vec<Case> {
    let strict = json!([{ "match": { "prefix": "/" }, "requires": { "provider_name": "p" } }]);
    let lax = json!({ "lax": { "allow_missing_or_failed": {} } });
    let named_filter = |name: &'static str| {
        let (_, typed) = filter(&json!({ "rules": strict, "requirement_map": lax }));
        (name, typed)
    };
    let one = || vec![named_filter("jwt2")];
    let two = || vec![named_filter("jwt"), named_filter("jwt2")];
    let off = json!({ "@type": ANY_FILTER, "disabled": true });
    let wrapped = json!({ "@type": ANY_FILTER, "config": disabled() });
    let routes = |says: Option<Value>| {
        let mut open = route("/open");
        if let Some(says) = says {
            open["typed_per_filter_config"] = json!({ "jwt": says });
        }
        table(&[host("*", &[open, route("/")])])
    };
    let closed = |name, filters, says| Case {
        name,
        filters,
        routes: routes(Some(says)),
        targets: vec![("*", "/open"), ("*", "/")],
        said: Vec::new(),
        stays_closed: true,
        chains: Chains::Main,
    };
    let said = |said: &[&'static str], case: Case| Case {
        said: said.to_vec(),
        stays_closed: false,
        ..case
    };
    vec![
        closed("first of two disabled", two(), disabled()),
        closed("first of two made lax", two(), named("lax")),
        closed("another disabled", one(), disabled()),
        closed("another switched off", one(), off.clone()),
        closed("another wrapped", one(), wrapped),
        said(
            &["jwt2"],
            closed("another switched off, said so", one(), off),
        ),
        said(
            &["jwt", "jwt2"],
            Case {
                routes: routes(None),
                ..closed("two that no route configures", two(), json!(null))
            },
        ),
    ]
}

fn resources(resource: &Value) -> String {
    json!({ "resources": [resource] }).to_string()
}

/// Rewrites a file and returns its only resource.
fn rewritten(name: &str, resource: &Value, said: &[&str]) -> Value {
    let before = file(&format!("{name}.json"), &resources(resource));
    let module = module();
    let mut arguments = vec!["--rewrite", "--module", module.to_str().unwrap()];
    arguments.extend(said.iter().flat_map(|name| ["--filter", name]));
    let output = migrate(&before, &arguments);
    let document: Value = serde_json::from_str(&printed(&output)).unwrap();
    document["resources"][0].clone()
}

fn listener(case: &Case) -> Value {
    let filters = case.filters.iter();
    let mut chain: Vec<Value> = filters
        .map(|(name, typed)| json!({ "name": name, "typed_config": typed }))
        .collect();
    let router = json!({ "name": "router", "typed_config": { "@type": ROUTER } });
    chain.push(router.clone());
    let mut manager = json!({
        "@type": MANAGER,
        "stat_prefix": "ingress",
        "rds": {
            "route_config_name": "routes",
            "config_source": { "path_config_source": { "path": "ROUTES" } },
        },
        "http_filters": chain,
    });
    if case.chains != Chains::Main {
        let upgrade = json!({ "upgrade_type": "websocket", "filters": chain });
        manager["upgrade_configs"] = json!([upgrade]);
    }
    if case.chains == Chains::Upgrade {
        manager["http_filters"] = json!([router]);
    }
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "LISTENER",
        "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))),
        "filter_chains": [{ "filters": [{ "name": "manager", "typed_config": manager }] }],
    })
}

fn name_of(number: usize, (listener, routes): (Version, Version)) -> String {
    format!("{number}-{listener:?}-{routes:?}")
}

/// The four listeners of a case: the old and the new listener, each with the old and with the new
/// routes. Writes the routes to files in `folder`.
fn listeners(folder: &Path, number: usize, case: &Case) -> Vec<Value> {
    let old = listener(case);
    let new = rewritten(&format!("rollout-{number}-listener"), &old, &[]);
    let routes = rewritten(
        &format!("rollout-{number}-routes"),
        &case.routes,
        &case.said,
    );
    let write = |version: Version, routes: &Value| {
        let path = folder.join(format!("routes-{number}-{version:?}.json"));
        fs::write(&path, resources(routes)).unwrap();
        path
    };
    let paths = BTreeMap::from([
        (Version::Old, write(Version::Old, &case.routes)),
        (Version::New, write(Version::New, &routes)),
    ]);
    let made = HALVES.map(|(listener, routes)| {
        let text = match listener {
            Version::Old => old.to_string(),
            Version::New => new.to_string(),
        };
        let text = text
            .replace("ROUTES", paths[&routes].to_str().unwrap())
            .replace("LISTENER", &name_of(number, (listener, routes)));
        let mut listener: Value = serde_json::from_str(&text).unwrap();
        listener.as_object_mut().unwrap().remove("@type");
        listener
    });
    made.to_vec()
}

/// Requests to one path: a request with each kind of credential, and a CORS preflight.
fn requests(host: &str, path: &str, chains: Chains) -> Vec<(String, Request)> {
    let claims = |issuer: &str| json!({ "iss": issuer, "sub": "alice", "exp": EXP });
    let forger = Signer::with_pair(Algorithm::Es256, Pair::Other);
    let tokens = [
        ("no token", None),
        ("a token of p", Some(signer("p").sign_claims(&claims("p")))),
        ("a token of q", Some(signer("q").sign_claims(&claims("q")))),
        ("a forged token", Some(forger.sign_claims(&claims("p")))),
    ];
    let host = if host == "*" { "any" } else { host };
    let mut requests = Vec::new();
    for (kind, token) in tokens {
        let request = Request::get(path).header("host", host);
        let request = match token {
            Some(token) => request.bearer(token),
            None => request,
        };
        if chains != Chains::Main {
            let upgrade = request
                .clone()
                .header("connection", "upgrade")
                .header("upgrade", "websocket");
            requests.push((format!("{host}{path} upgraded with {kind}"), upgrade));
        }
        requests.push((format!("{host}{path} with {kind}"), request));
    }
    let preflight = Request::new("OPTIONS", path)
        .header("host", host)
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET");
    requests.push((format!("{host}{path} as preflight"), preflight));
    requests
}

fn send(upstream: &Upstream, address: SocketAddr, request: &Request) -> Outcome {
    let mut connection = BufReader::new(http::connect(address).unwrap());
    let bytes = request.on_the_wire();
    connection.get_mut().write_all(&bytes).unwrap();
    let (status, message) = http::read_response(&mut connection, &request.method).unwrap();
    Outcome {
        status,
        reached_upstream: upstream.seen(&message.headers).is_some(),
    }
}

/// A partial roll-out lets no request through that `jwt_authn` refuses. The complete roll-out
/// decides like `jwt_authn`.
#[test]
fn opens_nothing_in_any_order_of_the_roll_out() {
    if !is_installed(&module()) {
        return;
    }
    let cases = cases();
    let upstream = Upstream::start().unwrap();
    let folder = new_folder();
    let all: Vec<Value> = cases
        .iter()
        .enumerate()
        .flat_map(|(number, case)| listeners(&folder, number, case))
        .collect();
    let bootstrap = json!({
        "node": { "id": "test", "cluster": "test" },
        "admin": { "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))) },
        "static_resources": {
            "clusters": [cluster(UPSTREAM, upstream.address())],
            "listeners": all,
        },
    });
    let envoy = EnvoyProcess::spawn(folder, &bootstrap, 1);
    let addresses = envoy.wait_for("all listeners", || {
        let addresses = envoy.listeners();
        (envoy.is_ready() && addresses.len() == all.len()).then_some(addresses)
    });
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        for (kind, request) in case
            .targets
            .iter()
            .flat_map(|(host, path)| requests(host, path, case.chains))
        {
            let [reference, old_new, new_old, new_new] =
                HALVES.map(|halves| send(&upstream, addresses[&name_of(number, halves)], &request));
            let opens = |mix: Outcome| {
                mix.reached_upstream && !reference.reached_upstream
                    || mix.status < 400 && reference.status >= 400
            };
            let is_same = |mix: Outcome| {
                mix.reached_upstream == reference.reached_upstream
                    && (mix.status < 400) == (reference.status < 400)
            };
            // After the complete roll-out, decisions must be the same as before. Only cases that
            // stay closed may be stricter.
            let is_wrong = match case.stays_closed {
                true => opens(new_new),
                false => !is_same(new_new),
            };
            if old_new != reference || opens(new_old) || is_wrong {
                wrong.push(format!(
                    "{}: {kind}: {reference:?}, then {old_new:?}, {new_old:?}, {new_new:?}",
                    case.name
                ));
            }
        }
    }
    assert!(!envoy.log().contains(TRAP), "the module trapped");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A file with both the listener and the routes is rewritten in the same way as two separate files.
#[test]
fn rewrites_one_file_as_it_rewrites_two() {
    for (number, case) in cases().iter().enumerate() {
        if case.stays_closed || !case.said.is_empty() {
            continue;
        }
        let listener = listener(case);
        let both = json!({ "resources": [listener, case.routes] }).to_string();
        let both = file(&format!("rollout-{number}-both.json"), &both);
        let module = module();
        let output = migrate(&both, &["--rewrite", "--module", module.to_str().unwrap()]);
        let document: Value = serde_json::from_str(&printed(&output)).unwrap();
        let apart = [
            rewritten(&format!("rollout-{number}-apart-listener"), &listener, &[]),
            rewritten(&format!("rollout-{number}-apart-routes"), &case.routes, &[]),
        ];
        assert_eq!(document["resources"], json!(apart), "{}", case.name);
    }
}
