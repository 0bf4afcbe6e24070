//! Measures what verification costs in Envoy: the module compared with Envoy's own `jwt_authn`, in
//! one Envoy.
//!
//! `make bench` runs this program. All listeners are in one Envoy process, which has one core to
//! itself. wrk runs on another core and loads each listener for a second in turn, round after
//! round, so that other load on the machine affects all of them alike. A ratio is computed within
//! each round, and the median of the rounds counts. Before the measurement, each listener must
//! answer as its case says.
//!
//! Environment variables select what is measured (docs/performance.md): `BENCH_ROUNDS`,
//! `BENCH_SECONDS`, `BENCH_CASES`, `BENCH_SOAK`, `BENCH_WRITE_DOCS`.

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
