//! Names that are known but not available.
//!
//! An operator who writes one of them has made no spelling mistake: it is a field of `jwt_authn`
//! or of a later version of this module, or it needs what a module does not have. Each is refused
//! with what to do instead, never ignored: a requirement that is not enforced must not look as if
//! it were.

use crate::config::{
    Fault,
    spelling::{FieldName, camel_case},
};

/// A field that is known to be absent.
struct Absence {
    /// A field that the object has where this name would stand.
    beside: &'static str,
    /// The name.
    field: &'static str,
    /// What the operator can do.
    instead: &'static str,
}

const LEAVE: &str = "leave it out";

/// Sorted by the object in which the name stands.
const ABSENT: &[Absence] = &[
    absent(
        "prefix",
        "cookies",
        "match the header \"cookie\" in \"headers\"",
    ),
    absent("prefix", "dynamic_metadata", "match headers or the path"),
    absent("prefix", "filter_state", "match headers or the path"),
    absent(
        "prefix",
        "grpc",
        "match the header \"content-type\" in \"headers\"",
    ),
    absent(
        "prefix",
        "path_match_policy",
        "use \"path_separated_prefix\" or \"safe_regex\"",
    ),
    absent(
        "prefix",
        "runtime_fraction",
        "leave it out; try rules by \"mode\": \"shadow\"",
    ),
    absent("prefix", "tls_context", "match headers or the path"),
    absent("suffix", "custom", "use \"safe_regex\""),
    absent("retry_on", "host_selection_retry_max_attempts", LEAVE),
    absent("retry_on", "retry_host_predicate", LEAVE),
    absent("retry_on", "retry_priority", LEAVE),
];

/// Data sources that a module cannot read.
const UNREADABLE: [&str; 3] = ["environment_variable", "filename", "watched_directory"];

/// Why an object with the fields `known` does not have the one that is `written`, where that is no spelling mistake.
pub(in crate::config) fn absence(written: &str, known: &[FieldName]) -> Option<Fault> {
    let has = |name: &str| known.iter().any(|own| own.snake == name);
    let is = |name: &str| written == name || written == camel_case(name);
    if has("inline_string") {
        let unreadable = UNREADABLE.into_iter().find(|name| is(name));
        return unreadable.map(|field| Fault::Unreadable { field });
    }
    ABSENT
        .iter()
        .find(|absent| has(absent.beside) && is(absent.field))
        .map(|absent| Fault::NotAvailable {
            field: absent.field,
            instead: absent.instead,
        })
}

const fn absent(beside: &'static str, field: &'static str, instead: &'static str) -> Absence {
    Absence {
        beside,
        field,
        instead,
    }
}
