//! The listeners that are measured, and which of them is compared with which.

use portcullis::jose::Algorithm;

use crate::tokens::Tokens;

/// The algorithms, each with the least that its uncached ratio should be.
const UNCACHED: [(Algorithm, f64); 6] = [
    (Algorithm::Rs256, 1.10),
    (Algorithm::Ps256, 0.70),
    (Algorithm::Es256, 1.05),
    (Algorithm::Es384, 1.00),
    (Algorithm::EdDsa, 1.05),
    (Algorithm::Hs256, 1.35),
];
/// The listener without any filter: what all others cost is above it.
pub(crate) const NONE: &str = "none";

/// A listener under one kind of load.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Names it in `BENCH_CASES`, in metrics and in the report.
    pub(crate) id: String,
    /// What happens, for people.
    pub(crate) what: String,
    /// Who decides.
    pub(crate) filter: Filter,
    /// What is sent.
    pub(crate) tokens: Tokens,
    /// The answer to all of it.
    pub(crate) status: u16,
    /// The case that it is compared with.
    pub(crate) against: Option<String>,
    /// The least that the ratio should be.
    pub(crate) at_least: Option<f64>,
}

/// What stands before the router.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    None,
    Noop,
    JwtAuthn(Gate),
    Portcullis(Gate, Backend),
}

/// What both filters are configured to do.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) algorithm: Algorithm,
    pub(crate) cache: Cache,
    pub(crate) keys: Keys,
    pub(crate) forwards: Forwards,
    /// How many rules; the last but two matches, the only one if there is one.
    pub(crate) rules: usize,
}

/// Whether verified tokens are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cache {
    Off,
    On,
}

/// Where keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    Local,
    Remote,
}

/// What the protected service gets to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwards {
    Nothing,
    Claims,
}

/// Who verifies signatures for Portcullis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Host,
    Module,
}

impl Gate {
    fn new(algorithm: Algorithm, cache: Cache) -> Self {
        Self {
            algorithm,
            cache,
            keys: Keys::Local,
            forwards: Forwards::Nothing,
            rules: 10,
        }
    }
}

impl Backend {
    /// Who does it where nothing is configured.
    fn default_for(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256 | Algorithm::Es256 | Algorithm::Es384 => Self::Host,
            _ => Self::Module,
        }
    }

    /// As in the configuration.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Module => "module",
        }
    }
}

/// All of them, in the order of the report: each after what it is compared with.
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

fn plain(id: &str, what: &str, filter: Filter) -> Case {
    Case {
        id: id.to_owned(),
        what: what.to_owned(),
        filter,
        tokens: Tokens::Few(Algorithm::Rs256),
        status: 200,
        against: None,
        at_least: None,
    }
}

/// A case of `jwt_authn` and the same of Portcullis.
fn pair(
    id: &str,
    what: &str,
    gate: &Gate,
    at_least: f64,
    tokens: Tokens,
    status: u16,
) -> [Case; 2] {
    let native = Case {
        id: format!("{id}-native"),
        what: format!("{what}: jwt_authn"),
        filter: Filter::JwtAuthn(gate.clone()),
        tokens,
        status,
        against: None,
        at_least: None,
    };
    let backend = Backend::default_for(gate.algorithm);
    let ours = Case {
        id: format!("{id}-ours"),
        what: format!("{what}: Portcullis"),
        filter: Filter::Portcullis(gate.clone(), backend),
        against: Some(native.id.clone()),
        at_least: Some(at_least),
        ..native.clone()
    };
    [native, ours]
}

/// The same with the module's own arithmetic, where the host's is the default.
fn in_module([native, ours]: &[Case; 2], gate: &Gate) -> Case {
    Case {
        id: native.id.replace("-native", "-module"),
        what: format!("{}, own arithmetic", ours.what),
        filter: Filter::Portcullis(gate.clone(), Backend::Module),
        at_least: None,
        ..ours.clone()
    }
}

fn cached() -> Vec<Case> {
    let mut cases = Vec::new();
    for (algorithm, _) in UNCACHED {
        let gate = Gate::new(algorithm, Cache::On);
        let name = algorithm.name();
        let (id, what) = (format!("cached-{name}"), format!("{name}, cached"));
        cases.extend(pair(&id, &what, &gate, 0.95, Tokens::Few(algorithm), 200));
    }
    let gate = Gate {
        forwards: Forwards::Claims,
        ..Gate::new(Algorithm::Rs256, Cache::On)
    };
    let (what, tokens) = (
        "RS256, cached, claims to headers",
        Tokens::Few(Algorithm::Rs256),
    );
    cases.extend(pair("cached-headers", what, &gate, 0.92, tokens, 200));
    cases
}

fn uncached() -> Vec<Case> {
    let mut cases = Vec::new();
    for (algorithm, at_least) in UNCACHED {
        let gate = Gate::new(algorithm, Cache::Off);
        let name = algorithm.name();
        let (id, what) = (format!("uncached-{name}"), format!("{name}, no cache"));
        let pair = pair(&id, &what, &gate, at_least, Tokens::Many(algorithm), 200);
        let own = in_module(&pair, &gate);
        cases.extend(pair);
        if Backend::default_for(algorithm) == Backend::Host {
            cases.push(own);
        }
    }
    cases
}

fn refused() -> Vec<Case> {
    let gate = Gate::new(Algorithm::Rs256, Cache::On);
    let mut cases = Vec::from(pair(
        "401-missing",
        "401, no token",
        &gate,
        0.92,
        Tokens::None,
        401,
    ));
    let forged = pair(
        "401-forged",
        "401, forged RS256",
        &gate,
        1.10,
        Tokens::Forged,
        401,
    );
    let own = in_module(&forged, &gate);
    cases.extend(forged);
    cases.push(own);
    let gate = Gate {
        keys: Keys::Remote,
        ..gate
    };
    let what = "401, unknown kid, remote keys";
    cases.extend(pair("401-kid", what, &gate, 1.50, Tokens::UnknownKid, 401));
    cases
}

/// What rules cost by number; both are Portcullis.
fn rules() -> [Case; 2] {
    let case = |rules, id: &str, what: &str| {
        let gate = Gate {
            rules,
            ..Gate::new(Algorithm::Rs256, Cache::On)
        };
        plain(id, what, Filter::Portcullis(gate, Backend::Host))
    };
    let one = case(1, "rules-1", "RS256, cached: Portcullis with one rule");
    let hundred = case(100, "rules-100", "RS256, cached: Portcullis with a hundred");
    let against = Some(one.id.clone());
    [one, Case { against, ..hundred }]
}
