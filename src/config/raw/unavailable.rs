//! Names that are known but not available.
//!
//! An operator who writes one of them has made no spelling mistake: it is a field of `jwt_authn`
//! or of a later version of this module, or it needs what a module does not have. Each is refused
//! with what to do instead, never ignored: a requirement that is not enforced must not look as if
//! it were.

use crate::config::Reason;

/// A field that is known to be absent.
struct Absence {
    /// A field that the object has where this name would stand.
    beside: &'static str,
    /// The name.
    field: &'static str,
    /// The name in protobuf JSON, where `jwt_authn` or Envoy has it.
    camel: &'static str,
    /// What the operator can do.
    instead: &'static str,
}

const LEAVE: &str = "leave it out";

/// Sorted by the object in which the name stands.
const ABSENT: &[Absence] = &[
    absent(
        "prefix",
        "cookies",
        "",
        "match the header \"cookie\" in \"headers\"",
    ),
    absent(
        "prefix",
        "dynamic_metadata",
        "dynamicMetadata",
        "match headers or the path",
    ),
    absent(
        "prefix",
        "filter_state",
        "filterState",
        "match headers or the path",
    ),
    absent(
        "prefix",
        "grpc",
        "",
        "match the header \"content-type\" in \"headers\"",
    ),
    absent(
        "prefix",
        "path_match_policy",
        "pathMatchPolicy",
        "use \"path_separated_prefix\" or \"safe_regex\"",
    ),
    absent(
        "prefix",
        "runtime_fraction",
        "runtimeFraction",
        "leave it out; try rules by \"mode\": \"shadow\"",
    ),
    absent(
        "prefix",
        "tls_context",
        "tlsContext",
        "match headers or the path",
    ),
    absent("suffix", "custom", "", "use \"safe_regex\""),
    absent(
        "retry_on",
        "host_selection_retry_max_attempts",
        "hostSelectionRetryMaxAttempts",
        LEAVE,
    ),
    absent(
        "retry_on",
        "retry_host_predicate",
        "retryHostPredicate",
        LEAVE,
    ),
    absent("retry_on", "retry_priority", "retryPriority", LEAVE),
];

/// Data sources that a module cannot read.
const UNREADABLE: &[(&str, &str)] = &[
    ("environment_variable", "environmentVariable"),
    ("filename", ""),
    ("watched_directory", "watchedDirectory"),
];

/// Why an object with the fields `known` does not have `field`, where that is no spelling mistake.
pub(in crate::config) fn absence(field: &str, known: &[&str]) -> Option<Reason> {
    if field.is_empty() {
        return None;
    }
    if known.contains(&"inline_string") {
        let unreadable = UNREADABLE
            .iter()
            .find(|(name, camel)| [*name, *camel].contains(&field));
        return unreadable.map(|(field, _)| Reason::Unreadable { field });
    }
    ABSENT
        .iter()
        .find(|absent| {
            known.contains(&absent.beside) && [absent.field, absent.camel].contains(&field)
        })
        .map(|absent| Reason::NotAvailable {
            field: absent.field,
            instead: absent.instead,
        })
}

const fn absent(
    beside: &'static str,
    field: &'static str,
    camel: &'static str,
    instead: &'static str,
) -> Absence {
    Absence {
        beside,
        field,
        camel,
        instead,
    }
}
