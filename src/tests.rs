//! Helpers for the tests of several modules.

use serde_json::Value;

/// Merges `from` into `into`. Objects are merged member by member; any other value replaces the old
/// value.
pub(crate) fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// The headers in the form in which a host passes them: names and values as bytes.
pub(crate) fn header_bytes<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a [u8], &'a [u8])> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect()
}
