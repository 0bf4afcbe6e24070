//! The measured listeners, each with the listener that it is compared with.

use portcullis::jose::Algorithm;

use crate::tokens::Tokens;
use workload::{ALGORITHMS, Backend, Cache, Forwards, Gate, Keys};

/// The minimum ratios for tokens that are not cached, in the order of [`ALGORITHMS`].
const UNCACHED_AT_LEAST: [f64; 6] = [1.10, 0.70, 1.05, 1.00, 1.05, 1.35];
/// The headings of the report.
const CACHED: &str = "Cached tokens";
const UNCACHED: &str = "Uncached tokens";
const REFUSED: &str = "Refused with 401";
/// The id of the listener without a filter. The costs of all other listeners are measured relative
/// to it.
pub(crate) const NONE: &str = "none";

/// A listener under one kind of load.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The name in `BENCH_CASES`, in metrics and in the report.
    pub(crate) id: String,
    /// A description for the report: the heading and the line under it.
    pub(crate) what: (&'static str, String),
    /// The filter in front of the router.
    pub(crate) filter: Filter,
    /// The tokens that clients send.
    pub(crate) tokens: Tokens,
    /// The expected status of every response.
    pub(crate) status: u16,
    /// The id of the case that this one is compared with.
    pub(crate) against: Option<String>,
    /// The minimum ratio to that case; `None` if any ratio is accepted.
    pub(crate) at_least: Option<f64>,
}

/// The filter in front of the router.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    None,
    Noop,
    JwtAuthn(Gate),
    Portcullis(Gate, Backend),
}

/// All cases in the order of the report. Each follows the case that it is compared with.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![plain(NONE, "no filter", Filter::None), {
        let what = "a filter that does nothing";
        plain("noop", what, Filter::Noop)
    }];
    cases.extend(cached());
    cases.extend(uncached());
    cases.extend(refused());
    cases.extend(rules());
    cases
}

/// A case that fills the token cache. It uses HS256, whose tokens are quick to make.
pub(crate) fn filled(id: &str, cache: Cache) -> Case {
    let gate = Gate::new(Algorithm::Hs256, cache);
    plain(id, id, Filter::Portcullis(gate, Backend::Module))
}

fn plain(id: &str, what: &str, filter: Filter) -> Case {
    Case {
        id: id.to_owned(),
        what: ("", what.to_owned()),
        filter,
        tokens: Tokens::Few(Algorithm::Rs256),
        status: 200,
        against: None,
        at_least: None,
    }
}

/// The same case for `jwt_authn` and for Portcullis.
fn pair(
    id: &str,
    what: (&'static str, &str),
    gate: &Gate,
    at_least: f64,
    (tokens, status): (Tokens, u16),
) -> [Case; 2] {
    let native = Case {
        id: format!("{id}-native"),
        what: (what.0, what.1.to_owned()),
        filter: Filter::JwtAuthn(gate.clone()),
        tokens,
        status,
        against: None,
        at_least: None,
    };
    let ours = Case {
        id: format!("{id}-ours"),
        filter: Filter::Portcullis(gate.clone(), Backend::default_for(gate.algorithm)),
        against: Some(native.id.clone()),
        at_least: Some(at_least),
        ..native.clone()
    };
    [native, ours]
}

/// The case with signatures verified by the module, although the host is the default.
fn in_module([native, ours]: &[Case; 2], gate: &Gate) -> Case {
    Case {
        id: native.id.replace("-native", "-module"),
        what: (native.what.0, format!("{}, by the module", native.what.1)),
        filter: Filter::Portcullis(gate.clone(), Backend::Module),
        at_least: None,
        ..ours.clone()
    }
}

fn cached() -> Vec<Case> {
    let mut cases = Vec::new();
    for algorithm in ALGORITHMS {
        let gate = Gate::new(algorithm, Cache::ON);
        let name = algorithm.name();
        let load = (Tokens::Few(algorithm), 200);
        let id = format!("cached-{name}");
        cases.extend(pair(&id, (CACHED, name), &gate, 0.95, load));
    }
    let gate = Gate {
        forwards: Forwards::Claims,
        ..Gate::new(Algorithm::Rs256, Cache::ON)
    };
    let what = (CACHED, "RS256, claims to headers");
    let load = (Tokens::Few(Algorithm::Rs256), 200);
    cases.extend(pair("cached-headers", what, &gate, 0.92, load));
    cases
}

fn uncached() -> Vec<Case> {
    let mut cases = Vec::new();
    for (algorithm, at_least) in ALGORITHMS.into_iter().zip(UNCACHED_AT_LEAST) {
        let gate = Gate::new(algorithm, Cache::Off);
        let name = algorithm.name();
        let load = (Tokens::Many(algorithm), 200);
        let id = format!("uncached-{name}");
        let pair = pair(&id, (UNCACHED, name), &gate, at_least, load);
        let own = in_module(&pair, &gate);
        cases.extend(pair);
        if Backend::default_for(algorithm) == Backend::Host {
            cases.push(own);
        }
    }
    cases
}

fn refused() -> Vec<Case> {
    let gate = Gate::new(Algorithm::Rs256, Cache::ON);
    let case = |id, what, at_least, tokens| {
        let what = (REFUSED, what);
        pair(id, what, &gate, at_least, (tokens, 401))
    };
    let mut cases = Vec::from(case("401-missing", "no token", 0.92, Tokens::None));
    let forged = case("401-forged", "RS256, forged", 1.10, Tokens::Forged);
    let own = in_module(&forged, &gate);
    cases.extend(forged);
    cases.push(own);
    let gate = Gate {
        keys: Keys::Remote,
        ..gate
    };
    let what = (REFUSED, "RS256, unknown kid, remote keys");
    cases.extend(pair(
        "401-kid",
        what,
        &gate,
        1.50,
        (Tokens::UnknownKid, 401),
    ));
    cases
}

/// The id of the case with a hundred rules.
pub(crate) const HUNDRED_RULES: &str = "rules-100";

/// Two cases that show what the number of rules costs. Both are Portcullis.
fn rules() -> [Case; 2] {
    let case = |rules, id: &str, what: &str| {
        let gate = Gate {
            rules,
            ..Gate::new(Algorithm::Rs256, Cache::ON)
        };
        plain(id, what, Filter::Portcullis(gate, Backend::Host))
    };
    let one = case(1, "rules-1", "one rule, cached");
    let hundred = case(100, HUNDRED_RULES, "a hundred rules, cached");
    let against = Some(one.id.clone());
    [one, Case { against, ..hundred }]
}
