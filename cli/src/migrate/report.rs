//! Prints the differences of a migration. Each difference is printed once, the most severe first,
//! with a shortened path.
//!
//! Each line has the form `severity: path: what differs; what to do`. A difference that applies to
//! every filter has no path.

use std::io::{self, Write};

use super::{difference::Difference, search::Found};
use portcullis::config::ConfigPath;

/// The parts that are left out of a printed path, because they only show how Envoy nests objects.
/// An index other than `[0]` is not left out.
const NESTING: [&str; 8] = [
    "static_resources.",
    "filter_chains[0].",
    "filterChains[0].",
    "filters[0].",
    "typed_config.",
    "typedConfig.",
    "route_config.",
    "routeConfig.",
];

/// Prints the differences that the migration of these filters has found.
pub(super) fn write(
    differences: &[Difference],
    filters: &[Found<'_>],
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
    if filters.len() > 1 && printed.iter().any(|one| is_within(filters, one)) {
        for (index, filter) in filters.iter().enumerate() {
            let number = index.saturating_add(1);
            writeln!(errors, "note: filter {number} is {}", filter.at)?;
        }
    }
    for difference in printed {
        let what = &difference.what;
        let severity = what.severity();
        if what.is_common() || difference.at == ConfigPath::default() {
            writeln!(errors, "{severity}: {what}")?;
        } else {
            let place = place(&difference.at, filters);
            writeln!(errors, "{severity}: {place}: {what}")?;
        }
    }
    Ok(())
}

fn is_within(filters: &[Found<'_>], difference: &Difference) -> bool {
    !difference.what.is_common()
        && filters
            .iter()
            .any(|filter| within(&difference.at, filter).is_some())
}

/// The shortest form of a path that still identifies the value.
fn place(at: &ConfigPath, filters: &[Found<'_>]) -> String {
    for (index, filter) in filters.iter().enumerate() {
        if let Some(inner) = within(at, filter) {
            return match filters.len() {
                1 => inner,
                _ => format!("filter {}: {inner}", index.saturating_add(1)),
            };
        }
    }
    let mut place = at.to_string();
    for part in NESTING {
        place = place.replace(part, "");
    }
    place
}

/// The path relative to the filter's configuration; `None` if the path is not inside it.
fn within(at: &ConfigPath, filter: &Found<'_>) -> Option<String> {
    let place = at.to_string();
    let inner = place.strip_prefix(&filter.at.to_string())?;
    inner.strip_prefix('.').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{envoy::document::Node, migrate::difference::Deviation};

    #[test]
    fn puts_the_dangerous_first_and_says_what_is_common_once() {
        let manager = ConfigPath::default()
            .member("static_resources")
            .member("listeners")
            .element(1)
            .member("filter_chains")
            .element(0)
            .member("filters")
            .element(0)
            .member("typed_config");
        let configuration = Node::Map(Vec::new());
        let filter = |index: usize| Found {
            at: manager.member("http_filters").element(index),
            configuration: &configuration,
        };
        let within = |index: usize, what: Deviation| Difference {
            at: filter(index).at.member("providers").member("idp"),
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
        let report = |filters: &[Found<'_>]| {
            let mut errors = Vec::new();
            write(&differences, filters, &mut errors).unwrap();
            let text = String::from_utf8(errors).unwrap();
            let brief = |line: &str| line.split(' ').take(4).collect::<Vec<_>>().join(" ");
            text.lines().map(brief).collect::<Vec<_>>()
        };
        assert_eq!(
            report(&[filter(0), filter(1)]),
            [
                "note: filter 1 is",
                "note: filter 2 is",
                "danger: listeners[1].rds: the routes",
                "warning: filter 1: providers.idp:",
                "warning: filter 2: providers.idp:",
                "note: Authorization is read",
            ]
        );
        let of_one = report(&[filter(0)]);
        assert_eq!(of_one[1], "warning: providers.idp: changes of");
    }
}
