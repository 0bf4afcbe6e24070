//! Measures what verification costs in Envoy, and compares the module with Envoy's own `jwt_authn`.
//!
//! `make bench` runs this program. All listeners are in one Envoy process, which has one core to
//! itself. The load generator wrk runs on another core. In each round, wrk loads every listener in
//! turn, for a second each, so that other load on the machine affects all listeners alike. Each
//! round yields its own ratio between two listeners, and the report shows the median of these
//! ratios. Before the measurement, the program checks that each listener answers as its case
//! expects.
//!
//! Environment variables select what is measured (docs/performance.md): `BENCH_ROUNDS`,
//! `BENCH_SECONDS`, `BENCH_CASES`, `BENCH_SOAK`, `BENCH_WRITE_DOCS`. With `BENCH_TRAIN`, the
//! program measures nothing, and only produces the load for a compiler profile ([training]).

mod cases;
mod configuration;
mod footprint;
mod hook;
mod load;
mod machine;
mod options;
mod plot;
mod report;
mod rounds;
mod soak;
mod statistics;
mod tokens;
mod training;
mod world;

use crate::{options::Options, report::Report};

fn main() {
    let options = Options::from_environment();
    if options.trains {
        training::run();
        return;
    }
    let mut report = Report::new(&options);
    report.footprint = footprint::measure(&options);
    report.rows = rounds::measure(&options);
    report.soaks = soak::measure(&options);
    report.publish(&options);
}
