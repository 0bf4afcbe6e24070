//! Advice for values of the wrong type, and for fields in the wrong object.
//!
//! The module only says which type or which fields it expects. For common mistakes, a hint shows the
//! correct form, with the operator's own value where possible.

use core::time::Duration;

use serde_json::Value;

use super::misplaced::misplaced;

use portcullis::config::{ConfigError, ConfigPath, Fault, Step, camel_case};

/// The advice for a common mistake; `None` for other errors.
pub(super) fn hint(error: &ConfigError, document: &Value) -> Option<String> {
    let written = at(document, error.location());
    match error.reason() {
        Fault::WrongType { expected, .. } => wrong_type(error.location(), expected, written?),
        Fault::UnknownField { field, .. } if is_top(error) => wrapper(field, document),
        Fault::UnknownField { field, .. } => {
            misplaced(error.location(), field).map(|fields| fields.advice.to_owned())
        }
        Fault::Pem(_) => {
            let text = written?.as_str()?;
            let hint = "the text has \\n as two characters: put the text between double quotes, or \
                        write \"- |\" and the lines of the text below it";
            text.contains("\\n").then(|| hint.to_owned())
        }
        _ => None,
    }
}

fn is_top(error: &ConfigError) -> bool {
    error.location().steps().is_empty()
}

/// The advice for a policy that was copied together with part of its Envoy filter.
fn wrapper(field: &str, document: &Value) -> Option<String> {
    let inner = document.get(field)?;
    let has = |name: &str| {
        inner.get(name).is_some() || inner.pointer(&format!("/value/{name}")).is_some()
    };
    (has("providers") || has("rules")).then(|| {
        format!("the policy is the part below \"{field}\": remove the line with \"{field}\", or give the whole Envoy file")
    })
}

fn wrong_type(at: &ConfigPath, expected: &str, written: &Value) -> Option<String> {
    let mut names = at.steps().iter().rev().filter_map(|step| match step {
        Step::Member(name) => Some(name.as_str()),
        Step::Element(_) => None,
    });
    let name = names.next()?;
    let member = matches!(at.steps().last(), Some(Step::Member(_)));
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let list = |value: &Value| match value {
        Value::Array(elements) => {
            let texts: Option<Vec<String>> = elements.iter().map(text).collect();
            texts.map(|texts| texts.join(", "))
        }
        value => text(value),
    };
    let secret = [
        "client_secrets",
        "local_jwks",
        "public_keys",
        "shared_memory_key",
        "shared_secrets",
    ];
    if secret
        .iter()
        .any(|name| at.passes(name) || at.passes(&camel_case(name)))
    {
        return (expected == "a list").then(|| "write the value between [ and ]".to_owned());
    }
    let instead = match (name, expected) {
        ("scopes", "an object") => format!("{{ all_of: [{}] }}", list(written)?),
        ("roles", "an object") => format!("{{ any_of: [{}] }}", list(written)?),
        ("requires", "an object") => format!("{{ provider_name: {} }}", list(written)?),
        ("safe_regex" | "safeRegex", "an object") => format!("{{ regex: {:?} }}", text(written)?),
        ("match", "an object") => format!("{{ prefix: {} }}", text(written)?),
        ("remote_jwks" | "remoteJwks", "an object") => {
            format!(
                "{{ http_uri: {{ uri: {}, cluster: NAME, timeout: 5s }} }}",
                text(written)?
            )
        }
        ("http_uri" | "httpUri", "an object") => {
            format!("{{ uri: {}, cluster: NAME, timeout: 5s }}", text(written)?)
        }
        ("rules", "a list") => "\"- \" before each rule".to_owned(),
        (_, "a list") if member => format!("[{}]", text(written)?),
        ("providers", "an object") => "each provider as NAME: { … }".to_owned(),
        (_, expected) if expected.starts_with("a duration") => {
            format!("\"{}\"", duration(&text(written)?)?)
        }
        (_, "a string") if written.is_number() || written.is_boolean() => {
            format!("the value between quotes: \"{written}\"")
        }
        _ => return None,
    };
    Some(format!("write {instead}"))
}

/// Writes a duration that has no unit, or another unit than seconds, in the form that a
/// configuration requires.
fn duration(written: &str) -> Option<String> {
    let digits = written.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let number: u64 = digits.parse().ok()?;
    let seconds = |factor| number.checked_mul(factor).map(Duration::from_secs);
    let duration = match written.get(digits.len()..)?.trim() {
        "" => seconds(1)?,
        "ms" => Duration::from_millis(number),
        "m" | "min" => seconds(60)?,
        "h" => seconds(60 * 60)?,
        "d" => seconds(24 * 60 * 60)?,
        _ => return None,
    };
    (!duration.is_zero()).then(|| format!("{}s", duration.as_secs_f64()))
}

/// Returns the value at a path.
pub(super) fn at<'a>(document: &'a Value, place: &ConfigPath) -> Option<&'a Value> {
    place
        .steps()
        .iter()
        .try_fold(document, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Element(index) => value.get(index),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_durations_in_seconds() {
        for (written, expected) in [
            ("5", Some("5s")),
            ("500ms", Some("0.5s")),
            ("5m", Some("300s")),
            ("1 h", Some("3600s")),
            ("2d", Some("172800s")),
            ("0", None),
            ("-5", None),
            ("5 weeks", None),
            ("soon", None),
            ("", None),
            ("18446744073709551615h", None),
        ] {
            assert_eq!(duration(written).as_deref(), expected, "{written}");
        }
    }
}
