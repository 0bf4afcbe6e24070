//! Prints the differences of a migration. Each difference is printed once, the most severe first.
//!
//! Each line has the form `FILE:LINE:COLUMN: severity: path: what differs; what to do`, as in
//! `check`. A difference that applies to every filter, or to the whole file, has no path.

use std::io::{self, Write};

use super::difference::Difference;
use crate::{
    envoy::position::{Position, position},
    source::Source,
};
use portcullis::config::ConfigPath;

/// Prints the differences that the migration of a file has found.
pub(super) fn write(
    differences: &[Difference],
    source: &Source,
    errors: &mut dyn Write,
) -> io::Result<()> {
    let mut printed: Vec<&Difference> = Vec::new();
    for difference in differences {
        let is_same = |other: &&Difference| {
            other.what == difference.what
                && (difference.what.is_common() || other.at == difference.at)
        };
        if !printed.iter().any(is_same) {
            printed.push(difference);
        }
    }
    // Within a severity, the differences that apply to every filter come last, so that they do not
    // hide the differences that the operator has to act on.
    printed.sort_by_key(|difference| (difference.what.severity(), difference.what.is_common()));
    for Difference { at, what } in printed {
        let (file, severity) = (&source.name, what.severity());
        if what.is_common() || *at == ConfigPath::default() {
            writeln!(errors, "{file}: {severity}: {what}")?;
            continue;
        }
        let place = position(&source.text, at);
        let place = place.map(|Position { line, column }| format!(":{line}:{column}"));
        let place = place.unwrap_or_default();
        writeln!(errors, "{file}{place}: {severity}: {at}: {what}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::difference::Deviation;

    #[test]
    fn puts_the_dangerous_first_and_says_what_is_common_once() {
        let manager = ConfigPath::default().member("listeners").element(1);
        let within = |index: usize, what: Deviation| Difference {
            at: manager.member("http_filters").element(index),
            what,
        };
        let differences = [
            within(0, Deviation::StrictBearer),
            within(0, Deviation::NotWatched),
            within(1, Deviation::StrictBearer),
            within(1, Deviation::NotWatched),
            Difference {
                at: manager.member("rds"),
                what: Deviation::RoutesGuarded,
            },
        ];
        let source = Source {
            name: "e.yaml".to_owned(),
            text: "listeners:\n- {}\n- http_filters: [a,\n  b]\n  rds: {}\n".to_owned(),
        };
        let mut errors = Vec::new();
        write(&differences, &source, &mut errors).unwrap();
        let text = String::from_utf8(errors).unwrap();
        let brief = |line: &str| line.split(' ').take(4).collect::<Vec<_>>().join(" ");
        assert_eq!(
            text.lines().map(brief).collect::<Vec<_>>(),
            [
                "e.yaml:5:3: danger: listeners[1].rds: the",
                "e.yaml:3:18: warning: listeners[1].http_filters[0]: later",
                "e.yaml:4:3: warning: listeners[1].http_filters[1]: later",
                "e.yaml: note: in Authorization,",
            ]
        );
    }
}
