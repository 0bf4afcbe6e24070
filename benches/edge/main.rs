//! What verification costs at the edge: the module beside Envoy's own `jwt_authn`, in one Envoy.
//!
//! `make bench` runs it. All listeners stand side by side in one process, on one core of its own;
//! wrk loads them in turn from another, a second each, round after round, so that whatever else the
//! machine does falls on all of them alike. A ratio is taken within each round and the median of
//! the rounds counts. Before anything is measured, each listener must answer as its case says.
//!
//! The environment chooses (docs/performance.md): `BENCH_ROUNDS`, `BENCH_SECONDS`, `BENCH_CASES`,
//! `BENCH_SOAK`, `BENCH_WRITE_DOCS`.

mod cases;
mod configuration;
mod footprint;
mod load;
mod machine;
mod options;
mod plot;
mod report;
mod rounds;
mod soak;
mod statistics;
mod tokens;
mod world;

use crate::{options::Options, report::Report};

fn main() {
    let options = Options::from_environment();
    let mut report = Report::new(&options);
    report.footprint = footprint::measure(&options);
    report.rows = rounds::measure(&options);
    report.soak = soak::measure(&options);
    report.publish(&options);
}
