//! The table, for people and for programs.

use std::fs;

use serde_json::{Value, json};

use crate::{
    footprint::Weight,
    machine,
    options::{self, Options},
    rounds::Row,
    soak::Soak,
};

/// All that was measured.
pub(crate) struct Report {
    /// How it was measured.
    conditions: String,
    pub(crate) footprint: Vec<Weight>,
    pub(crate) rows: Vec<Row>,
    pub(crate) soak: Option<Soak>,
}

impl Report {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            conditions: format!(
                "{}, {} rounds of {} s",
                machine::processors(),
                options.rounds,
                options.seconds
            ),
            footprint: Vec::new(),
            rows: Vec::new(),
            soak: None,
        }
    }

    /// Prints it, and writes it to `target/bench/`.
    pub(crate) fn publish(&self, _options: &Options) {
        let table = self.table();
        println!("\n{table}");
        let folder = options::folder();
        fs::write(folder.join("table.md"), &table).unwrap();
        fs::write(folder.join("results.json"), format!("{:#}\n", self.json())).unwrap();
    }

    fn table(&self) -> String {
        let mut lines = vec![
            self.conditions.clone(),
            String::new(),
            "| case | requests/s | µs above no filter | ratio | quartiles | by processor time | at least | |".to_owned(),
            "|---|---|---|---|---|---|---|---|".to_owned(),
        ];
        lines.extend(self.rows.iter().map(line));
        lines.push(String::new());
        for weight in &self.footprint {
            lines.push(format!(
                "{}: {:.0} {} (at most {:?})",
                weight.what, weight.value, weight.unit, weight.at_most
            ));
        }
        lines.join("\n") + "\n"
    }

    fn json(&self) -> Value {
        json!({
            "conditions": self.conditions,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

fn line(row: &Row) -> String {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
    let [low, ratio, high] = row.ratio().map_or([None; 3], |ratios| ratios.map(Some));
    let quartiles = match (low, high) {
        (Some(low), Some(high)) => format!("{low:.2} to {high:.2}"),
        _ => String::new(),
    };
    let verdict = match (ratio, row.case.at_least) {
        (Some(ratio), Some(at_least)) if ratio >= at_least => "yes",
        (Some(_), Some(_)) => "**no**",
        _ => "",
    };
    format!(
        "| {} | {:.0} | {:.1} | {} | {quartiles} | {} | {} | {verdict} |",
        row.case.what,
        row.median(|round| round.rate),
        row.above_none(),
        number(ratio),
        number(row.processor_ratio()),
        number(row.case.at_least),
    )
}

fn row(row: &Row) -> Value {
    json!({
        "id": row.case.id,
        "what": row.case.what,
        "requests_per_second": row.median(|round| round.rate),
        "processor_microseconds": row.median(|round| round.processor),
        "above_no_filter": row.above_none(),
        "above_other": row.above_other(),
        "ratio": row.ratio(),
        "processor_ratio": row.processor_ratio(),
        "at_least": row.case.at_least,
        "busy": row.median(|round| round.busy),
        "p50": row.median(|round| round.p50),
        "p99": row.median(|round| round.p99),
        "rounds": row.rounds.iter().map(|round| json!([round.rate, round.processor])).collect::<Vec<_>>(),
    })
}
