//! Compares the two outcomes of a request: with `jwt_authn` ("native") and with the module
//! ("ours").

use std::{collections::BTreeMap, fmt};

use crate::gates::Outcome;
use support::{driver::Seen, http::Headers};

/// The difference between two outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference(pub(crate) Vec<Atom>);

/// One part of a [`Difference`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Atom {
    /// The statuses that the client received from the two sides. They differ, or the request
    /// reached the upstream on only one side. The status 200 means that the request reached the
    /// upstream.
    Decision { native: u16, ours: u16 },
    /// A header of the forwarded request differs. The header `:path` contains the path and the
    /// query.
    Forwarded(Forwarded),
}

/// A length in characters. Every token in these tests is longer.
const SHORTEST_TOKEN: usize = 10;

/// A header with different values on the two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forwarded {
    pub(crate) name: String,
    pub(crate) native: Vec<String>,
    pub(crate) ours: Vec<String>,
}

impl Difference {
    /// Compares two outcomes. Returns `None` if they are equal.
    pub(crate) fn between(native: &Outcome, ours: &Outcome) -> Option<Self> {
        let mut atoms = Vec::new();
        let decision = |outcome: &Outcome| (outcome.status, outcome.seen.is_some());
        if decision(native) != decision(ours) {
            let (native, ours) = (native.status, ours.status);
            atoms.push(Atom::Decision { native, ours });
        }
        if let (Some(native), Some(ours)) = (&native.seen, &ours.seen) {
            atoms.extend(forwarded(native, ours).into_iter().map(Atom::Forwarded));
        }
        (!atoms.is_empty()).then_some(Self(atoms))
    }
}

impl Atom {
    /// Returns whether `jwt_authn` let the request through, but the module refused it with this
    /// status. `jwt_authn` never answers 503. If the native status is 503, `jwt_authn` let the
    /// request through, and the upstream then refused it.
    pub(crate) fn is_refusal(&self, status: u16) -> bool {
        matches!(self, Self::Decision { native: 200 | 503, ours } if *ours == status)
    }

    /// Returns whether the statuses are the expected ones. `expected` contains the status with
    /// `jwt_authn` first, then the status with the module.
    pub(crate) fn is_decision(&self, expected: (u16, u16)) -> bool {
        matches!(self, Self::Decision { native, ours } if (*native, *ours) == expected)
    }

    /// Returns whether both sides let the request through, but only one side verified the token.
    /// The difference shows this, because a side that does not verify the token forwards it and
    /// sets no headers from claims.
    pub(crate) fn is_identity(&self) -> bool {
        let Self::Forwarded(header) = self else {
            return false;
        };
        let lengths = [&header.native, &header.ours].map(|lines| lines.concat().len());
        header.native.is_empty()
            || header.ours.is_empty()
            || matches!(header.name.as_str(), ":path" | "cookie")
                && lengths[0].abs_diff(lengths[1]) > SHORTEST_TOKEN
    }

    /// The header, if a header differs; `None` if the decision differs.
    pub(crate) fn header(&self) -> Option<&Forwarded> {
        match self {
            Self::Forwarded(header) => Some(header),
            Self::Decision { .. } => None,
        }
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decision { native, ours } => write!(formatter, "{native} -> {ours}"),
            Self::Forwarded(Forwarded { name, native, ours }) => {
                write!(formatter, "{name}: {native:?} -> {ours:?}")
            }
        }
    }
}

fn forwarded(native: &Seen, ours: &Seen) -> Vec<Forwarded> {
    let (native, ours) = (by_name(native), by_name(ours));
    let mut names: Vec<&String> = native.keys().chain(ours.keys()).collect();
    names.sort();
    names.dedup();
    let values = |side: &BTreeMap<String, Vec<String>>, name: &String| {
        side.get(name).cloned().unwrap_or_default()
    };
    names
        .into_iter()
        .map(|name| Forwarded {
            name: name.clone(),
            native: values(&native, name),
            ours: values(&ours, name),
        })
        .filter(|header| header.native != header.ours)
        .collect()
}

/// Groups the header lines of a request by name, and adds the method and the path as `:method` and
/// `:path`. The order of lines with different names does not matter, so it is not kept.
fn by_name(seen: &Seen) -> BTreeMap<String, Vec<String>> {
    let Headers(lines) = &seen.headers;
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in lines {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let value = value.escape_ascii().to_string();
        names.entry(name).or_default().push(value);
    }
    names.insert(":method".to_owned(), vec![seen.method.clone()]);
    names.insert(":path".to_owned(), vec![seen.path.clone()]);
    names
}
