//! The test suite. It sends every planned request of each configuration to `jwt_authn` and to
//! Portcullis.

use std::{collections::BTreeMap, env};

use crate::{
    comparison::Difference,
    configurations::{self, Configuration},
    differences::{Case, Row, TABLE},
    gates::{self, Client, Gates, Outcome, Side},
    generated,
    plans::{self, Plan},
    tokens::Mint,
};
use support::{envoy, random::Random};

/// The default seed.
const SEED: u64 = 20_261_122;
/// The number of generated configurations.
const GENERATED: usize = 24;
/// The maximum number of unexpected differences to show.
const SHOWN: usize = 60;
/// The minimum number of configurations, and the minimum number of requests to each of them.
const FEWEST: (usize, usize) = (40, 60);
/// The maximum number of rows in the table of deliberate differences.
const MOST_ROWS: usize = 15;

/// The results of a run.
#[derive(Default)]
struct Report {
    compared: usize,
    equal: usize,
    /// The number of requests that both sides let through to the upstream, with the same outcome.
    allowed: usize,
    by_row: BTreeMap<&'static str, usize>,
    unlisted: Vec<String>,
}

#[test]
fn decides_and_forwards_as_jwt_authn_does() {
    if !envoy::is_installed(&envoy::module()) {
        return;
    }
    let seed = env::var("PORTCULLIS_PARITY_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let mut random = Random::new(seed);
    let mut configurations = configurations::table();
    configurations
        .extend((0..GENERATED).map(|number| generated::configuration(number, &mut random)));
    assert!(configurations.len() >= FEWEST.0);
    let pairs: Vec<_> = configurations
        .iter()
        .enumerate()
        .map(|(number, configuration)| gates::pair(configuration, number))
        .collect();
    let gates = Gates::start(&pairs, &gates::idp(&configurations));
    let mut report = Report::default();
    for (number, configuration) in configurations.iter().enumerate() {
        compare(&gates, number, configuration, &mut random, &mut report);
    }
    gates.check();
    report.print(seed, configurations.len());
    report.check();
}

fn compare(
    gates: &Gates,
    number: usize,
    configuration: &Configuration,
    random: &mut Random,
    report: &mut Report,
) {
    let mut native = gates.client(Side::JwtAuthn, number);
    let mut ours = gates.client(Side::Portcullis, number);
    let plans = plans::plans(configuration, random);
    assert!(
        plans.len() >= FEWEST.1,
        "{}: {} requests",
        configuration.name,
        plans.len()
    );
    for plan in plans {
        let (mut outcomes, mut difference) = ask(configuration, &plan, &mut native, &mut ours);
        if difference.is_some() {
            // The clock may have reached the next second between the two decisions. So both sides
            // get the request once more.
            (outcomes, difference) = ask(configuration, &plan, &mut native, &mut ours);
        }
        report.add(configuration, &plan, difference, &outcomes);
    }
}

fn ask(
    configuration: &Configuration,
    plan: &Plan,
    native: &mut Client<'_>,
    ours: &mut Client<'_>,
) -> ([Outcome; 2], Option<Difference>) {
    let request = plan.request(configuration, Mint { now: gates::now() });
    let outcomes = [native.send(&request), ours.send(&request)];
    let difference = Difference::between(&outcomes[0], &outcomes[1]);
    (outcomes, difference)
}

impl Report {
    fn add(
        &mut self,
        configuration: &Configuration,
        plan: &Plan,
        difference: Option<Difference>,
        [native, _]: &[Outcome; 2],
    ) {
        self.compared += 1;
        let Some(Difference(atoms)) = difference else {
            self.equal += 1;
            self.allowed += usize::from(native.seen.is_some());
            return;
        };
        let case = Case {
            configuration,
            plan,
        };
        let applicable: Vec<&Row> = TABLE.iter().filter(|row| (row.applies)(case)).collect();
        let mut rows = Vec::new();
        for atom in &atoms {
            match applicable.iter().find(|row| (row.is)(case, atom)) {
                Some(row) => rows.push(row.id),
                None => self.unlisted.push(format!(
                    "{}: {atom} ({})\n    {}",
                    configuration.name,
                    native.body,
                    described(plan)
                )),
            }
        }
        rows.sort_unstable();
        rows.dedup();
        for row in rows {
            *self.by_row.entry(row).or_default() += 1;
        }
    }

    fn print(&self, seed: u64, configurations: usize) {
        println!(
            "seed {seed}: {} requests to {configurations} configurations",
            self.compared
        );
        println!(
            "{:6}  equal; both sides let {} of them through",
            self.equal, self.allowed
        );
        for row in TABLE {
            let count = self.by_row.get(row.id).copied().unwrap_or_default();
            println!("{count:6}  {}", row.id);
        }
    }

    fn check(&self) {
        let shown = self
            .unlisted
            .iter()
            .take(SHOWN)
            .cloned()
            .collect::<Vec<_>>();
        assert!(
            self.unlisted.is_empty(),
            "{} differences that are not in the table:\n{}",
            self.unlisted.len(),
            shown.join("\n")
        );
        for row in TABLE {
            assert!(
                self.by_row.contains_key(row.id),
                "{}: never occurred",
                row.id
            );
        }
    }
}

fn described(plan: &Plan) -> String {
    let tokens = plan.tokens.iter().map(|token| {
        format!(
            "#{}.{} {:?} {:?} at {:?}",
            token.provider, token.key, token.fault, token.dress, token.place
        )
    });
    format!(
        "{} {} {:?} [{}]",
        plan.method,
        plan.target,
        plan.headers,
        tokens.collect::<Vec<_>>().join(", ")
    )
}

#[test]
fn the_documentation_lists_the_same_differences() {
    let page = include_str!("../../docs/jwt_authn.md");
    let (_, section) = page
        .split_once("### Decisions and forwarded requests\n")
        .unwrap();
    let documented: Vec<&str> = section
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let cells = |row: &Row| {
        let [id, native, ours, reason] = [row.id, row.native, row.ours, row.reason];
        format!("| {id} | {native} | {ours} | {reason} |")
    };
    let listed: Vec<String> = TABLE.iter().map(cells).collect();
    assert_eq!(documented, listed, "write this:\n{}", listed.join("\n"));
    assert!(TABLE.len() <= MOST_ROWS);
}
