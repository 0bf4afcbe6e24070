//! Fields that Portcullis knows but does not support.
//!
//! Such a field is not a spelling mistake, because Envoy has it. Some of these fields need
//! something that a Wasm module does not have, such as files. Each field is rejected with advice.
//! It is never ignored, because an ignored requirement would look as if it were enforced.

use crate::config::{
    Fault,
    spelling::{FieldName, camel_case},
};

/// A field that Portcullis knows but does not support.
struct Absence {
    /// A supported field of the same object. It identifies the object.
    beside: &'static str,
    /// The name of the unsupported field.
    field: &'static str,
    /// What the operator can do instead.
    instead: &'static str,
}

const LEAVE: &str = "remove the field";

/// All unsupported fields, grouped by object.
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
        "remove the field; to try out rules, set \"mode\": \"shadow\"",
    ),
    absent("prefix", "tls_context", "match headers or the path"),
    absent("suffix", "custom", "use \"safe_regex\""),
    absent("retry_on", "host_selection_retry_max_attempts", LEAVE),
    absent("retry_on", "retry_host_predicate", LEAVE),
    absent("retry_on", "retry_priority", LEAVE),
];

/// Fields for data sources that a Wasm module cannot read.
const UNREADABLE: [&str; 3] = ["environment_variable", "filename", "watched_directory"];

/// Returns a fault if `written` is an unsupported field of the object that has the fields `known`.
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
