//! The measured listeners, each with the listener that it is compared with.

use portcullis::jose::Algorithm;

use crate::tokens::Tokens;
use support::driver::Build;
use workload::{ALGORITHMS, Backend, Cache, Forwards, Gate, Keys};

/// The headings of the report.
const CACHED: &str = "Cached tokens";
const UNCACHED: &str = "Uncached tokens";
const REFUSED: &str = "Refused with 401";
/// The id of the listener without a filter. The costs of all other listeners are measured relative
/// to this one.
pub(crate) const NONE: &str = "none";

/// A listener under one kind of load.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The name in `BENCH_CASES`, in metrics and in the report.
    pub(crate) id: String,
    /// The description for the report: a heading, and the name of a line under the heading.
    pub(crate) what: (&'static str, String),
    /// The filter in front of the router.
    pub(crate) filter: Filter,
    /// The tokens that clients send.
    pub(crate) tokens: Tokens,
    /// The expected status of every response.
    pub(crate) status: u16,
    /// The id of the case that this case is compared with, called the other case.
    pub(crate) against: Option<String>,
    /// The aim for the comparison with the other case; `None` if any result is accepted.
    pub(crate) aim: Option<Aim>,
}

/// The minimum ratio of two processor times: the other case's time divided by this case's time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim {
    /// The minimum for the median of the rounds.
    pub(crate) median: f64,
    /// The minimum for the lower quartile of the rounds; `None` if any quartile is accepted.
    pub(crate) quartile: Option<f64>,
}

/// The filter in front of the router.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    None,
    Noop(Build),
    JwtAuthn(Gate),
    Portcullis(Build, Gate, Backend),
    /// The dynamic module, with a stopwatch around its hook for request headers.
    Timed(Gate),
}

impl Filter {
    /// The filter's name in the report.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::JwtAuthn(_) => "jwt_authn",
            Self::Noop(build) | Self::Portcullis(build, ..) => name(*build),
            Self::Timed(_) => name(Build::Native),
        }
    }
}

/// The name of a build in the report and in ids.
pub(crate) fn name(build: Build) -> &'static str {
    match build {
        Build::Wasm => "wasm",
        Build::Native => "native",
    }
}

/// All cases in the order of the report. A case comes after the case that it is compared with.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![plain(NONE, "no filter", Filter::None)];
    for build in [Build::Wasm, Build::Native] {
        let id = format!("noop-{}", name(build));
        let what = "a filter that does nothing";
        cases.push(plain(&id, what, Filter::Noop(build)));
    }
    cases.extend(cached());
    cases.extend(uncached());
    cases.extend(refused());
    cases
}

/// A case that fills the token cache. It uses HS256, whose tokens are quick to make.
pub(crate) fn filled(id: &str, build: Build, cache: Cache) -> Case {
    let gate = Gate::new(Algorithm::Hs256, cache);
    plain(id, id, Filter::Portcullis(build, gate, Backend::Module))
}

/// A case that measures the dynamic module's hook for request headers.
pub(crate) fn timed() -> Case {
    let gate = Gate::new(Algorithm::Rs256, Cache::ON);
    plain("hook", "hook", Filter::Timed(gate))
}

/// A case that is not compared with another case.
pub(crate) fn plain(id: &str, what: &str, filter: Filter) -> Case {
    Case {
        id: id.to_owned(),
        what: ("", what.to_owned()),
        filter,
        tokens: Tokens::Few(Algorithm::Rs256),
        status: 200,
        against: None,
        aim: None,
    }
}

/// The aims for the native build and for the wasm build, in this order.
type Aims = (Aim, Aim);

/// Aims for the medians only.
const fn medians(native: f64, wasm: f64) -> Aims {
    (median(native), median(wasm))
}

const fn median(median: f64) -> Aim {
    let quartile = None;
    Aim { median, quartile }
}

/// The native build should cost no more than `jwt_authn`. The condition on the quartile ensures
/// that, even in the worse rounds, the build costs only a little more than `jwt_authn`.
const LEVEL: Aim = Aim {
    median: 1.00,
    quartile: Some(0.95),
};

/// Three cases with the same load and policy: for `jwt_authn`, and for both builds of Portcullis.
fn compared(
    id: &str,
    what: (&'static str, &str),
    gate: &Gate,
    (native, wasm): Aims,
    (tokens, status): (Tokens, u16),
) -> Vec<Case> {
    let other = Case {
        tokens,
        status,
        what: (what.0, what.1.to_owned()),
        ..plain(
            &format!("{id}-jwt_authn"),
            "",
            Filter::JwtAuthn(gate.clone()),
        )
    };
    let own = |build, aim| Case {
        id: format!("{id}-{}", name(build)),
        filter: Filter::Portcullis(build, gate.clone(), Backend::Auto),
        against: Some(other.id.clone()),
        aim: Some(aim),
        ..other.clone()
    };
    let (native, wasm) = (own(Build::Native, native), own(Build::Wasm, wasm));
    vec![other, native, wasm]
}

/// A variant of the last case in `cases`, with a different configuration and without an aim.
fn variant(cases: &[Case], id: &str, what: &str, gate: &Gate, backend: Backend) -> Option<Case> {
    let case = cases.last()?;
    let Filter::Portcullis(build, ..) = case.filter else {
        return None;
    };
    Some(Case {
        id: id.to_owned(),
        what: (case.what.0, format!("{}, {what}", case.what.1)),
        filter: Filter::Portcullis(build, gate.clone(), backend),
        aim: None,
        ..case.clone()
    })
}

/// The id of the case with `route_policies: on`. With `off`, the module makes one fewer host call
/// for each request.
pub(crate) const ROUTES_ON: &str = "cached-RS256-wasm-routes";
/// The id of the same case with `route_policies: off`.
pub(crate) const ROUTES_OFF: &str = "cached-RS256-wasm";

fn cached() -> Vec<Case> {
    let gate = Gate::new(Algorithm::Rs256, Cache::ON);
    let load = (Tokens::Few(Algorithm::Rs256), 200);
    let aims = (LEVEL, median(0.70));
    let mut cases = compared("cached-RS256", (CACHED, "RS256"), &gate, aims, load);
    let asking = Gate {
        asks_routes: true,
        ..gate
    };
    let what = "route_policies: on";
    cases.extend(variant(&cases, ROUTES_ON, what, &asking, Backend::Auto));
    let gate = Gate {
        forwards: Forwards::Claims,
        ..gate
    };
    let what = (CACHED, "RS256, claims to headers");
    let aims = (LEVEL, median(0.65));
    cases.extend(compared("cached-headers", what, &gate, aims, load));
    cases
}

fn uncached() -> Vec<Case> {
    // The aims are in the order of `ALGORITHMS`.
    let aims = [
        medians(1.20, 0.95),
        medians(1.25, 0.72),
        medians(1.80, 1.20),
        medians(3.50, 2.50),
        medians(1.60, 1.10),
        medians(1.40, 0.95),
    ];
    let mut cases = Vec::new();
    for (algorithm, aims) in ALGORITHMS.into_iter().zip(aims) {
        let gate = Gate::new(algorithm, Cache::Off);
        let name = algorithm.name();
        let load = (Tokens::Many(algorithm), 200);
        let id = format!("uncached-{name}");
        cases.extend(compared(&id, (UNCACHED, name), &gate, aims, load));
        if algorithm == Algorithm::Rs256 {
            let (id, what) = (format!("{id}-module"), "by the module itself");
            cases.extend(variant(&cases, &id, what, &gate, Backend::Module));
        }
    }
    cases
}

fn refused() -> Vec<Case> {
    let gate = Gate::new(Algorithm::Rs256, Cache::ON);
    let remote = Gate {
        keys: Keys::Remote,
        ..gate
    };
    let unknown = "RS256, unknown kid, remote keys";
    [
        (
            "401-missing",
            "no token",
            &gate,
            medians(1.00, 0.68),
            Tokens::None,
        ),
        (
            "401-forged",
            "RS256, forged",
            &gate,
            medians(1.30, 1.00),
            Tokens::Forged,
        ),
        (
            "401-kid",
            unknown,
            &remote,
            medians(1.40, 1.10),
            Tokens::UnknownKid,
        ),
    ]
    .into_iter()
    .flat_map(|(id, what, gate, aims, tokens)| {
        compared(id, (REFUSED, what), gate, aims, (tokens, 401))
    })
    .collect()
}
