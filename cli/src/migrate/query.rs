//! Converts conditions on the query.
//!
//! `jwt_authn` compares a query as it was sent. The module decodes the query first, so that
//! `?%73ecure=1` does not evade a rule on `secure`. A condition on encoded text would never match
//! in the module, and so would no longer protect anything.

use super::{
    difference::Deviation,
    expression::{Set, ascii, sets},
    fields::{Placed, copy},
    journal::Journal,
    obstacle::{NotCarried, Obstacle},
};
use crate::envoy::document::Node;
use portcullis::policy::may_set_flag;

/// Converts one element of `query_parameters`.
pub(super) fn condition((at, node): Placed<'_>, journal: &mut Journal) -> Result<Node, NotCarried> {
    let mut condition = copy(node);
    let name = condition.member("name").and_then(Node::text);
    let mut reading = name.map_or(Reading::Same, |name| of_text(name, "="));
    if let Some(Node::Map(patterns)) = condition.member_mut("string_match") {
        for (kind, pattern) in patterns {
            let of_pattern = match (kind.as_str(), pattern.member_mut("regex")) {
                ("safe_regex", Some(regex)) => of_regex(regex),
                (_, None) => pattern
                    .text()
                    .map_or(Reading::Same, |text| of_text(text, "")),
                _ => Reading::Same,
            };
            reading = reading.max(of_pattern);
        }
    }
    match reading {
        Reading::Same => {}
        Reading::Decoded => journal.note(&at, Deviation::QueryDecoded),
        Reading::Encoded => {
            let reason = Obstacle::QueryEncoded;
            return Err(NotCarried { at, reason });
        }
    }
    Ok(condition)
}

/// Which forms of a query a condition can match: the form as sent, or the decoded form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reading {
    /// Both forms.
    Same,
    /// Only the decoded form. Clients always encode the text that the condition matches.
    Decoded,
    /// Only the form as sent. Decoding changes the text that the condition matches.
    Encoded,
}

/// Returns the forms of a query that a literal string can match. `separators` contains the
/// characters that clients have to encode in this part of a query, such as `=` in a name.
fn of_text(text: &str, separators: &str) -> Reading {
    let of = |letter: char| match letter {
        '%' | '+' => Reading::Encoded,
        letter if is_sent(letter) && !separators.contains(letter) => Reading::Same,
        _ => Reading::Decoded,
    };
    text.chars().map(of).max().unwrap_or(Reading::Same)
}

/// Returns the forms of a query that a regular expression can match. Also changes the expression so
/// that its dots match line breaks. In `jwt_authn`, a line break is the three characters `%0a`, and
/// a dot matches each of them.
fn of_regex(regex: &mut Node) -> Reading {
    let Some(expression) = regex.text().map(str::to_owned) else {
        return Reading::Same;
    };
    // This analysis does not support cleared flags (`-`) or the flag `x`, which makes the engine
    // ignore spaces. An expression with either is treated as if it matched only encoded text.
    if ['x', '-']
        .iter()
        .any(|flag| may_set_flag(&expression, *flag))
    {
        return Reading::Encoded;
    }
    let reading = sets(&expression).map(|set| of_set(&set)).max();
    if expression.contains('.') {
        *regex = Node::from(format!("(?s){expression}"));
    }
    reading.unwrap_or(Reading::Same)
}

/// Returns the forms of a query that one step of an expression can match. A class with `%` or `+`
/// matches encoded text in `jwt_authn`, and the decoded text may have characters outside the class.
/// This is harmless if clients can send those characters unencoded, because clients can then
/// already evade the condition in `jwt_authn`.
fn of_set(set: &Set) -> Reading {
    if let Some(only) = set.only() {
        return of_text(only.encode_utf8(&mut [0; 4]), "");
    }
    let has_encoded = set.has('%') || set.has('+');
    let mut missing = ascii().filter(|letter| !set.has(*letter));
    let is_same = set.has_all_beyond_ascii() && missing.all(is_sent);
    match has_encoded && !is_same {
        true => Reading::Encoded,
        false => Reading::Same,
    }
}

/// Whether the unencoded character means the same in a query as its percent-encoding.
fn is_sent(letter: char) -> bool {
    letter.is_ascii_graphic() && !"#%&+".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_conditions_on_encoded_and_decoded_queries() {
        for (pattern, expected) in [
            ("exact: a/b=c", Reading::Same),
            ("exact: 'a%2Fb'", Reading::Encoded),
            ("exact: c++", Reading::Encoded),
            ("prefix: '%2F'", Reading::Encoded),
            ("suffix: a b", Reading::Decoded),
            ("contains: 'a&b'", Reading::Decoded),
            ("exact: é", Reading::Decoded),
            ("safe_regex: { regex: '.*%3D.*' }", Reading::Encoded),
            (r"safe_regex: { regex: 'c\+\+' }", Reading::Encoded),
            ("safe_regex: { regex: '[+]' }", Reading::Encoded),
            (r"safe_regex: { regex: '\x25' }", Reading::Encoded),
            ("safe_regex: { regex: '[^&]*' }", Reading::Encoded),
            (r"safe_regex: { regex: '\S+' }", Reading::Encoded),
            ("safe_regex: { regex: '[!-~]+' }", Reading::Encoded),
            ("safe_regex: { regex: '(?x) a' }", Reading::Encoded),
            ("safe_regex: { regex: '(?-s).' }", Reading::Encoded),
            ("safe_regex: { regex: 'a b' }", Reading::Decoded),
            ("safe_regex: { regex: '[a-z0-9_]+|.*' }", Reading::Same),
            (r"safe_regex: { regex: '[^,/]+\d?\W' }", Reading::Same),
        ] {
            let text = format!("{{ name: a, string_match: {{ {pattern} }} }}");
            let (node, _) = Node::read(&text).unwrap();
            let mut journal = Journal::default();
            let read = condition((Default::default(), &node), &mut journal);
            let found = match (&read, journal.0.is_empty()) {
                (Err(error), _) => {
                    assert_eq!(error.reason, Obstacle::QueryEncoded, "{text}");
                    Reading::Encoded
                }
                (Ok(_), true) => Reading::Same,
                (Ok(_), false) => Reading::Decoded,
            };
            assert_eq!(found, expected, "{text}");
        }
        for name in ["'a%5B%5D'", "x+y"] {
            let (node, _) =
                Node::read(&format!("{{ name: {name}, present_match: true }}")).unwrap();
            let read = condition((Default::default(), &node), &mut Journal::default());
            assert_eq!(read.unwrap_err().reason, Obstacle::QueryEncoded, "{name}");
        }
    }

    #[test]
    fn lets_dots_match_what_is_decoded_to_a_line_break() {
        let text = "{ name: a, stringMatch: { safeRegex: { regex: 'a.*' } } }";
        let (node, _) = Node::read(text).unwrap();
        let read = condition((Default::default(), &node), &mut Journal::default()).unwrap();
        let expected = "{ name: 'a', string_match: { safe_regex: { regex: '(?s)a.*' } } }";
        assert_eq!(read, Node::read(expected).unwrap().0);
    }
}
