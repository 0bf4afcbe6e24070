//! Runs the rounds. Each round loads every listener in turn.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::{
    cases::{self, Case, Filter, NONE},
    load::{self, Outcome},
    machine,
    options::Options,
    statistics::{median, quantile},
    tokens::Tokens,
    world::World,
};
use support::{
    driver::{Build, Request},
    envoy::TRAP,
    load::Client,
};
use workload::{Cache, PATH};

/// A case and its results in all rounds.
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) rounds: Vec<Round>,
    /// The results of the case that `case` is compared with.
    against: Vec<Round>,
    /// The results of the listener without a filter.
    none: Vec<Round>,
}

/// The results of a case in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// Requests per second.
    pub(crate) rate: f64,
    /// Envoy's processor time per request, in microseconds.
    pub(crate) processor: f64,
    /// How much of the time Envoy's core was busy, as a fraction.
    pub(crate) busy: f64,
    /// The median latency, in microseconds.
    pub(crate) p50: f64,
    /// The 99th percentile of the latency, in microseconds.
    pub(crate) p99: f64,
}

impl Row {
    /// The median of a value over the rounds.
    pub(crate) fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(of))
    }

    /// The requests per second of `case`, divided by those of the case that it is compared with.
    /// Returns the lower quartile, the median and the upper quartile over the rounds.
    pub(crate) fn ratio(&self) -> Option<[f64; 3]> {
        let pairs = || self.rounds.iter().zip(&self.against);
        let ratios = || pairs().map(|(own, other)| own.rate / other.rate);
        (!self.against.is_empty()).then(|| [0.25, 0.5, 0.75].map(|part| quantile(ratios(), part)))
    }

    /// Whether the ratio of the processor times reaches the aim. The ratio is first rounded to two
    /// decimal places, as in the report.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let ([low, ratio, _], aim) = (self.processor_ratio()?, self.case.aim?);
        let reaches = |value: f64, least: f64| (value * 100.0).round() / 100.0 >= least;
        Some(reaches(ratio, aim.median) && aim.quartile.is_none_or(|least| reaches(low, least)))
    }

    /// The processor time of the case that `case` is compared with, divided by that of `case`.
    /// Returns the lower quartile, the median and the upper quartile over the rounds.
    pub(crate) fn processor_ratio(&self) -> Option<[f64; 3]> {
        let pairs = || self.rounds.iter().zip(&self.against);
        let ratios = || pairs().map(|(own, other)| other.processor / own.processor);
        (!self.against.is_empty()).then(|| [0.25, 0.5, 0.75].map(|part| quantile(ratios(), part)))
    }

    /// The processor time that the filter adds to each request, in microseconds: the difference
    /// from the listener without a filter.
    pub(crate) fn above_none(&self) -> f64 {
        difference(&self.rounds, &self.none)
    }
}

fn difference(own: &[Round], other: &[Round]) -> f64 {
    let pairs = own.iter().zip(other);
    median(pairs.map(|(own, other)| own.processor - other.processor))
}

/// Measures the cases that the options select, and the cases with which they are compared.
pub(crate) fn measure(options: &Options) -> Vec<Row> {
    let cases = wanted(options);
    if cases.is_empty() {
        return Vec::new();
    }
    measure_all(&cases, options.rounds, options.seconds)
}

/// Measures these cases in one Envoy.
pub(crate) fn measure_all(cases: &[Case], count: usize, seconds: u64) -> Vec<Row> {
    say("minting tokens");
    let mut files = BTreeMap::new();
    for case in cases {
        files
            .entry(case.tokens)
            .or_insert_with_key(|tokens| tokens.file());
    }
    let world = World::start(cases);
    for case in cases {
        check(&world, case, &files[&case.tokens]);
    }
    let mut rounds: BTreeMap<&str, Vec<Round>> = BTreeMap::new();
    for number in 1..=count {
        say(&format!("round {number} of {count}"));
        for case in in_turn(cases, number) {
            let round = measure_once(&world, case, &files, seconds);
            rounds.entry(&case.id).or_default().push(round);
        }
    }
    assert!(!world.process.log().contains(TRAP), "the module trapped");
    for case in cases {
        check_cache(&world, case);
    }
    let of = |id: &str| rounds.get(id).cloned().unwrap_or_default();
    let row = |case: &Case| Row {
        rounds: of(&case.id),
        against: case.against.as_deref().map(of).unwrap_or_default(),
        none: of(NONE),
        case: case.clone(),
    };
    cases.iter().map(row).collect()
}

/// The cases in the order in which a round loads them. Every second round has the reverse order, so
/// that no case has an advantage from its position.
fn in_turn(cases: &[Case], round: usize) -> Vec<&Case> {
    let mut turn: Vec<&Case> = cases.iter().collect();
    if round.is_multiple_of(2) {
        turn.reverse();
    }
    turn
}

fn wanted(options: &Options) -> Vec<Case> {
    let all = cases::all();
    let chosen: Vec<&Case> = all.iter().filter(|case| options.wants(&case.id)).collect();
    let is_needed = |case: &Case| {
        !chosen.is_empty()
            && (case.id == NONE
                || chosen.iter().any(|chosen| chosen.id == case.id)
                || chosen
                    .iter()
                    .any(|chosen| chosen.against.as_ref() == Some(&case.id)))
    };
    all.iter().filter(|case| is_needed(case)).cloned().collect()
}

/// Loads the listener of a case for one round.
pub(crate) fn measure_once(
    world: &World,
    case: &Case,
    files: &BTreeMap<Tokens, PathBuf>,
    seconds: u64,
) -> Round {
    let process = world.process.id();
    let before = machine::processor_time(process);
    let outcome = load::send(world.address(&case.id), &files[&case.tokens], seconds);
    let spent = (machine::processor_time(process) - before) as f64 / 1000.0;
    assert_right(case, &outcome);
    let requests = outcome.requests as f64;
    Round {
        rate: requests * 1e6 / outcome.microseconds as f64,
        processor: spent / requests,
        busy: spent / outcome.microseconds as f64,
        p50: outcome.p50 as f64,
        p99: outcome.p99 as f64,
    }
}

fn assert_right(case: &Case, outcome: &Outcome) {
    let refused = if case.status < 400 {
        0
    } else {
        outcome.requests
    };
    let is_right = outcome.requests > 0 && outcome.refused == refused && outcome.lost == 0;
    assert!(is_right, "{}: {outcome:?}", case.id);
}

/// Sends a case's listener one request for each of the first tokens in the file `tokens`, and
/// checks that each response has the expected status. A filter that verifies tokens must also
/// refuse a request without a token.
pub(crate) fn check(world: &World, case: &Case, tokens: &Path) {
    let address: SocketAddr = world.address(&case.id);
    let text = fs::read_to_string(tokens).unwrap();
    for token in text.lines().take(4) {
        let request = match token {
            "" => Request::get(PATH),
            token => Request::get(PATH).bearer(token),
        };
        let ask = || Client::connected(address).unwrap().send(&request).unwrap();
        let (status, answer) = ask();
        let body = String::from_utf8_lossy(&answer.body);
        assert_eq!(status, case.status, "{}: {body}", case.id);
    }
    if let Filter::JwtAuthn(_) | Filter::Portcullis(..) | Filter::Timed(_) = case.filter {
        let (status, _) = Client::connected(address)
            .and_then(|mut client| client.send(&Request::get(PATH)))
            .unwrap();
        assert_eq!(status, 401, "{}: open to everyone", case.id);
    }
}

/// Checks that a case used its cache as expected. If the cache is on and a few good tokens are
/// repeated, there must be more hits than misses. Otherwise, there must be no hits.
pub(crate) fn check_cache(world: &World, case: &Case) {
    let (build, gate) = match &case.filter {
        Filter::Portcullis(build, gate, _) => (*build, gate),
        Filter::Timed(gate) => (Build::Native, gate),
        Filter::None | Filter::Noop(_) | Filter::JwtAuthn(_) => return,
    };
    let (hits, misses) = (
        world.metric(build, &case.id, "cache.hit"),
        world.metric(build, &case.id, "cache.miss"),
    );
    match (gate.cache, case.tokens) {
        (Cache::Off, _) => assert_eq!(hits, 0, "{}: there is a cache", case.id),
        (Cache::Entries(_), Tokens::Few(_)) => {
            assert!(hits > misses, "{}: {hits} hits, {misses} misses", case.id);
        }
        (Cache::Entries(_), _) => assert_eq!(hits, 0, "{}: found in the cache", case.id),
    }
}

/// Prints a line about the progress.
pub(crate) fn say(line: &str) {
    println!("{line}");
    let _ = io::stdout().flush();
}
