//! What must be the same on both sides.

use std::{collections::BTreeMap, fmt};

use crate::{
    gates::Outcome,
    support::{driver::Seen, http::Headers},
};

/// How two outcomes differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Status of `jwt_authn`; 200 where it let the request through.
    pub(crate) native: u16,
    /// The module's.
    pub(crate) ours: u16,
    /// What the upstream saw otherwise, where both let the request through: the name of each header,
    /// `:path` for path and query.
    pub(crate) forwarded: Vec<Forwarded>,
}

/// A header that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forwarded {
    pub(crate) name: String,
    pub(crate) native: Vec<String>,
    pub(crate) ours: Vec<String>,
}

impl Difference {
    /// Compares; `None` where both are the same.
    pub(crate) fn between(native: &Outcome, ours: &Outcome) -> Option<Self> {
        let forwarded = match (&native.seen, &ours.seen) {
            (Some(native), Some(ours)) => forwarded(native, ours),
            _ => Vec::new(),
        };
        let decision = |outcome: &Outcome| (outcome.status, outcome.seen.is_some());
        (decision(native) != decision(ours) || !forwarded.is_empty()).then(|| Self {
            native: native.status,
            ours: ours.status,
            forwarded,
        })
    }

    /// Whether only these headers differ.
    pub(crate) fn forwards_otherwise(&self, names: impl Fn(&Forwarded) -> bool) -> bool {
        self.native == self.ours && self.forwarded.iter().all(names)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} -> {}", self.native, self.ours)?;
        for header in &self.forwarded {
            let (name, native, ours) = (&header.name, &header.native, &header.ours);
            write!(formatter, ", {name}: {native:?} -> {ours:?}")?;
        }
        Ok(())
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

/// Method, path and headers; the order of lines counts within a name.
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
