//! A request's query, split into parameters and decoded.
//!
//! Rules are evaluated before any token is verified, and many rules may have conditions on the same
//! query. So each reading of the query is decoded at most once, when a condition first needs it.

use core::cell::OnceCell;
use std::borrow::Cow;

use super::confusable::decoded_again;

/// The cost of a short parameter, in bytes ([`Query::cost`]). Comparing many short parameters with
/// a condition takes longer than comparing a few long ones of the same total length.
const PARAMETER_COST: usize = 16;

/// The bits of a way to read a query: some servers drop a `?` at the start of the query, and some
/// split the query at `;`. Each bit that applies to a query doubles the number of its readings.
const DROP_MARK: u8 = 1;
const SPLIT: u8 = 2;
/// The bit for servers that do not read `+` as a space.
const KEEP_PLUS: u8 = 4;

/// The query of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    text: Vec<u8>,
    sent_cost: usize,
    cost: usize,
    /// The ways to read the query that matter for this query.
    ways: u8,
    sent: OnceCell<Vec<Parameter>>,
    readings: OnceCell<Vec<Vec<Parameter>>>,
    readings_with_plus: OnceCell<Vec<Vec<Parameter>>>,
    has_utf8_names: OnceCell<bool>,
}

/// A decoded parameter of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    name_again: OnceCell<Option<String>>,
    value_again: OnceCell<Option<String>>,
}

impl Parameter {
    /// The name after it is decoded a second time, as some proxies do.
    #[must_use]
    pub fn name_decoded_again(&self) -> &str {
        decoded_once(&self.name, &self.name_again)
    }

    /// The value after it is decoded a second time, as some proxies do.
    #[must_use]
    pub fn value_decoded_again(&self) -> &str {
        decoded_once(&self.value, &self.value_again)
    }
}

/// Decodes the text again, unless `cell` already has the result.
fn decoded_once<'a>(text: &'a str, cell: &'a OnceCell<Option<String>>) -> &'a str {
    let decoded = cell.get_or_init(|| match decoded_again(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(decoded) => Some(decoded),
    });
    decoded.as_deref().unwrap_or(text)
}

impl Query {
    /// Wraps a query, which is the text after the first `?` of a request target.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        let (mut ways, mut readings) = (0, 1_usize);
        for (applies, way) in [
            (text.starts_with(b"?"), DROP_MARK),
            (text.contains(&b';'), SPLIT),
        ] {
            if applies {
                ways |= way;
                readings = readings.saturating_mul(2);
            }
        }
        let ends = text.iter().filter(|octet| matches!(octet, b'&' | b';'));
        let sent_cost = ends.count().saturating_mul(PARAMETER_COST).max(text.len());
        Self {
            text: text.to_vec(),
            sent_cost,
            cost: sent_cost.saturating_mul(readings),
            ways,
            ..Self::default()
        }
    }

    /// The work to compare the query with a condition, in bytes. This is the length of the query,
    /// or 16 times the number of its parameters if that is more.
    #[must_use]
    pub const fn sent_cost(&self) -> usize {
        self.sent_cost
    }

    /// The work to compare all [readings](Self::readings) with a condition, in bytes.
    #[must_use]
    pub const fn cost(&self) -> usize {
        self.cost
    }

    /// The work to compare all [readings](Self::readings) and all
    /// [readings with `+`](Self::readings_with_plus) with a condition, in bytes.
    #[must_use]
    pub fn cost_with_plus(&self) -> usize {
        match self.has_plus() {
            true => self.cost.saturating_mul(2),
            false => self.cost,
        }
    }

    /// The value of the first parameter with this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        let sent = self.sent.get_or_init(|| decoded(&self.text));
        let found = sent.iter().find(|parameter| parameter.name == name);
        found.map(|parameter| &*parameter.value)
    }

    /// The parameters, in order, in each way in which servers read them. The first reading is the
    /// usual one. Some servers, such as JavaScript's `URLSearchParams`, drop a `?` at the start of
    /// the query. Some split the query at `;` as well as at `&`.
    pub fn readings(&self) -> &[Vec<Parameter>] {
        self.readings.get_or_init(|| self.read_all(0))
    }

    /// Returns true if servers that do not read `+` as a space read this query differently.
    #[must_use]
    pub fn has_plus(&self) -> bool {
        self.text.contains(&b'+')
    }

    /// The [readings](Self::readings) of servers that do not read `+` as a space, but as itself.
    /// Browsers write each space of a form as `+`, so these readings matter only to a condition that
    /// may match because of a `+`.
    pub fn readings_with_plus(&self) -> &[Vec<Parameter>] {
        self.readings_with_plus
            .get_or_init(|| self.read_all(KEEP_PLUS))
    }

    /// Decodes the query in each way that makes a difference. `always` is added to each way.
    fn read_all(&self, always: u8) -> Vec<Vec<Parameter>> {
        let mut readings = Vec::new();
        for ways in 0..=self.ways {
            if ways & !self.ways == 0 {
                readings.push(self.read(ways | always));
            }
        }
        readings
    }

    /// Decodes the query as servers do that read it in these ways.
    fn read(&self, ways: u8) -> Vec<Parameter> {
        let mut text = Vec::with_capacity(self.text.len());
        for (place, octet) in self.text.iter().enumerate() {
            match *octet {
                b'?' if place == 0 && ways & DROP_MARK != 0 => {}
                b';' if ways & SPLIT != 0 => text.push(b'&'),
                b'+' if ways & KEEP_PLUS != 0 => text.extend_from_slice(b"%2B"),
                octet => text.push(octet),
            }
        }
        decoded(&text)
    }

    /// Returns true if all names are UTF-8, also after they are decoded again. Some servers read
    /// overlong encodings, such as `%C1%A1` for `a`.
    #[must_use]
    pub fn has_utf8_names(&self) -> bool {
        *self.has_utf8_names.get_or_init(|| {
            let is_utf8 = |own: &Parameter| is_utf8(own.name_decoded_again());
            (self.readings().first()).is_none_or(|sent| sent.iter().all(is_utf8))
        })
    }
}

fn decoded(query: &[u8]) -> Vec<Parameter> {
    let pairs = form_urlencoded::parse(query).into_owned();
    let parameters = pairs.map(|(name, value)| Parameter {
        name,
        value,
        ..Parameter::default()
    });
    parameters.collect()
}

/// Returns false if decoding the text has replaced octets that were not UTF-8.
pub(crate) fn is_utf8(decoded: &str) -> bool {
    !decoded.contains(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn readings(query: &str) -> Vec<Vec<(String, String)>> {
        let query = Query::new(query.as_bytes());
        let pair = |own: &Parameter| (own.name.clone(), own.value.clone());
        let reading = |own: &Vec<Parameter>| own.iter().map(pair).collect();
        let readings: Vec<_> = query.readings().iter().map(reading).collect();
        assert_eq!(query.cost(), query.sent_cost() * readings.len());
        readings
    }

    fn expected(readings: &[&[(&str, &str)]]) -> Vec<Vec<(String, String)>> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let reading = |own: &&[(&str, &str)]| own.iter().map(owned).collect();
        readings.iter().map(reading).collect()
    }

    #[test]
    fn decodes_names_and_values() {
        let found = readings("a%20b=c%2Fd&&e&=f&a%20b=%ff");
        let sent = [("a b", "c/d"), ("e", ""), ("", "f"), ("a b", "\u{fffd}")];
        assert_eq!(found, expected(&[&sent]));
        let query = Query::new(b"a+b=c+d&e&a+b=f");
        assert_eq!(query.first("a b"), Some("c d"));
        assert_eq!(query.first("e"), Some(""));
        assert_eq!(query.first("a"), None);
        assert!(query.has_utf8_names());
        assert!(!Query::new(b"a=b&%C1%A1=c").has_utf8_names());
        assert!(!Query::new(b"a=b&%25C1%25A1=c").has_utf8_names());
    }

    #[test]
    fn decodes_each_text_a_second_time_only_once() {
        let query = Query::new(b"%2561=%2562&c=d");
        let [encoded, plain] = &query.readings()[0][..] else {
            panic!("two parameters");
        };
        let again = || (encoded.name_decoded_again(), encoded.value_decoded_again());
        assert_eq!(again(), ("a", "b"));
        assert!(core::ptr::eq(again().0, again().0));
        assert!(core::ptr::eq(again().1, again().1));
        assert!(core::ptr::eq(plain.name_decoded_again(), &*plain.name));
        assert!(core::ptr::eq(query.readings(), query.readings()));
    }

    #[test]
    fn decodes_other_readings_only_if_they_are_needed() {
        let query = Query::new(b"?%2561;b%20c");
        assert_eq!(query.first("?%61;b c"), Some(""));
        assert_eq!(query.cost(), 4 * 16);
        assert!(query.readings.get().is_none());
        let sent = &query.sent.get().unwrap()[0];
        assert!(sent.name_again.get().is_none());
    }

    #[test]
    fn short_parameters_count_like_longer_ones() {
        for (text, expected) in [
            ("", 0),
            ("a", 1),
            ("a&b", 16),
            ("a&b&c", 32),
            ("a=aaaaaaaaaaaaaaaa&b", 20),
        ] {
            let query = Query::new(text.as_bytes());
            assert_eq!(query.sent_cost(), expected, "{text}");
        }
    }

    #[test]
    fn splits_at_semicolons_as_some_servers_do() {
        let sent = [("a", "b;c"), ("d;e", "")];
        let split = [("a", "b"), ("c", ""), ("d;e", "")];
        assert_eq!(readings("a=b;c&d%3Be"), expected(&[&sent, &split]));
    }

    #[test]
    fn keeps_a_plus_sign_as_some_servers_do() {
        let query = Query::new(b"?a+b=c+d%2Be;f");
        assert!(query.has_plus() && !Query::new(b"a%2Bb").has_plus());
        let kept = query.readings_with_plus();
        assert_eq!(kept.len(), 4);
        let [whole, ..] = &kept[0][..] else {
            panic!("a parameter");
        };
        assert_eq!((&*whole.name, &*whole.value), ("?a+b", "c+d+e;f"));
    }

    #[test]
    fn drops_a_question_mark_as_some_servers_do() {
        let sent = [("?a", "b"), ("?c", "d")];
        let dropped = [("a", "b"), ("?c", "d")];
        assert_eq!(readings("?a=b&?c=d"), expected(&[&sent, &dropped]));
        let all: [&[(&str, &str)]; 4] = [
            &[("?a;b", "")],
            &[("a;b", "")],
            &[("?a", ""), ("b", "")],
            &[("a", ""), ("b", "")],
        ];
        assert_eq!(readings("?a;b"), expected(&all));
    }
}
