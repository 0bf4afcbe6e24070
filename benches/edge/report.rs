//! The report: a table, the same results as JSON, and the chart.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    cases::{NONE, ROUTES_OFF, ROUTES_ON},
    footprint::Weight,
    machine,
    options::{self, Options},
    plot,
    rounds::Row,
    soak::Soak,
    statistics::median,
};

/// The page of the documentation that contains the table.
const DOCUMENT: &str = "docs/performance.md";
const PICTURE: &str = "docs/performance.svg";
const BEGIN: &str = "<!-- measured -->\n";
const END: &str = "<!-- /measured -->\n";

/// All results.
pub(crate) struct Report {
    /// When, where and how the results were measured.
    conditions: [(&'static str, String); 5],
    pub(crate) footprint: Vec<Weight>,
    pub(crate) rows: Vec<Row>,
    pub(crate) soaks: Vec<Soak>,
}

impl Report {
    pub(crate) fn new(options: &Options) -> Self {
        let (rounds, seconds) = (options.rounds, options.seconds);
        Self {
            conditions: [
                ("date", said("date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
                ("machine", machine::processors()),
                ("envoy", machine::envoy_version()),
                (
                    "portcullis",
                    said("git", &["describe", "--always", "--dirty"]),
                ),
                ("rounds", format!("{rounds} of {seconds} s each")),
            ],
            footprint: Vec::new(),
            rows: Vec::new(),
            soaks: Vec::new(),
        }
    }

    /// Prints the report and writes it to `target/bench/`.
    pub(crate) fn publish(self, options: &Options) {
        let (table, picture) = (self.table(), plot::picture(&self.rows));
        if let Some(conclusion) = self.conclusion() {
            println!("\n{conclusion}");
        }
        println!("\n{table}");
        let folder = options::folder();
        fs::write(folder.join("table.md"), &table).unwrap();
        fs::write(folder.join("plot.svg"), &picture).unwrap();
        fs::write(folder.join("results.json"), format!("{:#}\n", self.json())).unwrap();
        println!("{}: table.md, plot.svg, results.json", folder.display());
        if options.writes_docs {
            let document = options::root().join(DOCUMENT);
            let text = fs::read_to_string(&document).unwrap();
            let (before, rest) = text.split_once(BEGIN).expect(BEGIN);
            let (_, after) = rest.split_once(END).expect(END);
            let text = format!("{before}{BEGIN}\n{table}\n{END}{after}");
            fs::write(document, text).unwrap();
            fs::write(options::root().join(PICTURE), picture).unwrap();
        }
    }

    /// The conclusion: how many aims are met, and which aims are missed.
    fn conclusion(&self) -> Option<String> {
        let judged = self
            .rows
            .iter()
            .filter_map(|row| Some((row, row.is_met()?)));
        let (mut lines, mut count, mut met) = (Vec::new(), 0, 0);
        for (row, is_met) in judged {
            count += 1;
            met += usize::from(is_met);
            if !is_met {
                let [_, ratio, _] = row.processor_ratio().unwrap_or([f64::NAN; 3]);
                let (what, build) = (&row.case.what, row.case.filter.name());
                let place = what.0.to_lowercase();
                lines.push(format!("- {place}, {} ({build}): {ratio:.2}", what.1));
            }
        }
        if count == 0 {
            return None;
        }
        let head = format!("{met} of {count} goals for ratios are met.");
        if lines.is_empty() {
            return Some(head);
        }
        let lines = lines.join("\n");
        Some(format!("{head} The others are missed:\n\n{lines}"))
    }

    /// A sentence about how much cheaper a request is with `route_policies: off`.
    fn gain_of_routes_off(&self) -> Option<String> {
        let of = |id| self.rows.iter().find(|row| row.case.id == id);
        let (on, off) = (of(ROUTES_ON)?, of(ROUTES_OFF)?);
        let pairs = on.rounds.iter().zip(&off.rounds);
        let gain = median(pairs.map(|(on, off)| on.processor / off.processor));
        let is_met = (gain * 100.0).round() / 100.0 >= 1.05;
        let verdict = if is_met { "met" } else { "missed" };
        Some(format!(
            "In the wasm build, a request with a cached token costs {gain:.2} times as much with `route_policies: on` as with `off`. The goal of at least 1.05 is {verdict}."
        ))
    }

    fn table(&self) -> String {
        let mut lines: Vec<_> = self.conditions.iter().map(condition).collect();
        lines.extend(self.ground());
        let rows = self.rows.iter().filter(|row| is_compared(row));
        let mut heading = "";
        for row in rows {
            if row.case.what.0 != heading {
                heading = row.case.what.0;
                lines.extend([
                    "".to_owned(),
                    header(heading),
                    "|---|---|--:|--:|--:|--:|:-:|".to_owned(),
                ]);
            }
            lines.push(self.line(row));
        }
        if let Some(gain) = self.gain_of_routes_off() {
            lines.extend([String::new(), gain]);
        }
        if !self.footprint.is_empty() {
            let header = "| Weight | measured | at most | met |\n|---|--:|--:|:-:|";
            lines.extend(["".to_owned(), header.to_owned()]);
            lines.extend(self.footprint.iter().map(weight));
        }
        for soak in &self.soaks {
            lines.extend(["".to_owned(), soak.sentence()]);
        }
        lines.join("\n") + "\n"
    }

    /// The lines about the listener without a filter, and about the cost of a filter that does
    /// nothing.
    fn ground(&self) -> Option<String> {
        let of = |id: &str| self.rows.iter().find(|row| row.case.id == id);
        let none = of(NONE)?;
        let noop = |id: &str| of(id).map_or(f64::NAN, Row::above_none);
        let noop = format!(
            "; a filter that does nothing costs {:.1} µs more as wasm, {:.1} µs natively",
            noop("noop-wasm"),
            noop("noop-native")
        );
        let (rate, processor, busy) = (
            none.median(|round| round.rate),
            none.median(|round| round.processor),
            none.median(|round| round.busy) * 100.0,
        );
        Some(format!(
            "- without a filter: {rate:.0} requests/s, {processor:.1} µs of Envoy's processor time each{noop}\n\
             - Envoy had its core for {busy:.0} % of the time"
        ))
    }

    /// The table row for one comparison.
    fn line(&self, row: &Row) -> String {
        let other = self
            .rows
            .iter()
            .find(|other| Some(&other.case.id) == row.case.against.as_ref());
        let other = other.map_or(f64::NAN, Row::above_none);
        let ratio = |quartiles: Option<[f64; 3]>| {
            let [low, ratio, high] = quartiles.unwrap_or([f64::NAN; 3]);
            format!("**{ratio:.2}** ({low:.2} to {high:.2})")
        };
        let aim = row.case.aim.map_or(String::new(), |aim| {
            let quartile = aim.quartile.map(|least| format!(", quartile {least:.2}"));
            format!("{:.2}{}", aim.median, quartile.unwrap_or_default())
        });
        format!(
            "| {} | {} | {:.1} µs, {other:.1} µs | {} | {} | {aim} | {} |",
            row.case.what.1,
            row.case.filter.name(),
            row.above_none(),
            ratio(row.processor_ratio()),
            ratio(row.ratio()),
            row.is_met().map_or("", verdict),
        )
    }

    fn json(&self) -> Value {
        let conditions = self
            .conditions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)));
        let weight = |weight: &Weight| {
            json!({
                "id": weight.id, "value": weight.value, "unit": weight.unit,
                "at_most": weight.at_most, "met": weight.is_met(),
            })
        };
        json!({
            "conditions": conditions.collect::<serde_json::Map<_, _>>(),
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "weights": self.footprint.iter().map(weight).collect::<Vec<_>>(),
            "soak": self.soaks.iter().map(Soak::json).collect::<Vec<_>>(),
        })
    }
}

/// Whether a row is compared with another case. The table and the chart show only compared rows.
pub(crate) fn is_compared(row: &Row) -> bool {
    row.case.against.is_some() && !row.case.what.0.is_empty()
}

fn header(heading: &str) -> String {
    format!(
        "| {heading} | build | cost, cost of `jwt_authn` | ratio by processor time | ratio by requests | goal | met |"
    )
}

fn condition((name, value): &(&str, String)) -> String {
    format!("- {name}: {value}")
}

fn weight(weight: &Weight) -> String {
    let (what, value, unit) = (weight.what, weight.value, weight.unit);
    let at_most = weight
        .at_most
        .map_or(String::new(), |most| format!("{most} {unit}"));
    format!(
        "| {what} | {value:.1} {unit} | {at_most} | {} |",
        verdict(weight.is_met())
    )
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "yes" } else { "no" }
}

fn row(row: &Row) -> Value {
    let rounds = row.rounds.iter().map(|round| {
        json!({ "requests_per_second": round.rate, "processor_microseconds": round.processor })
    });
    json!({
        "id": row.case.id,
        "what": [row.case.what.0, row.case.what.1],
        "against": row.case.against,
        "requests_per_second": row.median(|round| round.rate),
        "processor_microseconds": row.median(|round| round.processor),
        "processor_microseconds_above_no_filter": row.above_none(),
        "ratio_quartiles": row.ratio(),
        "ratio_by_processor_time": row.processor_ratio(),
        "build": row.case.filter.name(),
        "at_least": row.case.aim.map(|aim| json!({ "median": aim.median, "quartile": aim.quartile })),
        "met": row.is_met(),
        "busy": row.median(|round| round.busy),
        "latency_microseconds": { "p50": row.median(|round| round.p50), "p99": row.median(|round| round.p99) },
        "rounds": rounds.collect::<Vec<_>>(),
    })
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(options::root())
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".to_owned())
}
