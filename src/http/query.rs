//! A request's query, split into parameters and decoded.

use super::confusable::decoded_again;

/// The decoded parameters of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    parameters: Vec<Parameter>,
    other_readings: Vec<Vec<Parameter>>,
    has_utf8_names: bool,
}

/// The name and the value of a parameter.
type Parameter = (String, String);

impl Query {
    /// Parses a query, which is the text after the first `?` of a request target.
    #[must_use]
    pub fn parse(query: &[u8]) -> Self {
        let decoded = |query: &[u8]| form_urlencoded::parse(query).into_owned().collect();
        let parameters: Vec<Parameter> = decoded(query);
        let mut other_readings = Vec::new();
        let behind_mark = query.strip_prefix(b"?");
        for query in [Some(query), behind_mark].into_iter().flatten() {
            if query.contains(&b';') {
                let end = |octet: &u8| if *octet == b';' { b'&' } else { *octet };
                let split: Vec<u8> = query.iter().map(end).collect();
                other_readings.push(decoded(&split));
            }
        }
        other_readings.extend(behind_mark.map(decoded));
        Self {
            has_utf8_names: parameters
                .iter()
                .all(|(name, _)| is_utf8(&decoded_again(name))),
            parameters,
            other_readings,
        }
    }

    /// All parameters, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The parameters as other servers read them. Some servers split the query at `;` as well as at
    /// `&`. Some, such as JavaScript's `URLSearchParams`, drop a `?` at the start of the query.
    pub fn other_readings(&self) -> impl Iterator<Item = &[Parameter]> {
        self.other_readings.iter().map(Vec::as_slice)
    }

    /// Returns true if all names are UTF-8, also after they are decoded again. Some servers read
    /// overlong encodings, such as `%C1%A1` for `a`.
    #[must_use]
    pub const fn has_utf8_names(&self) -> bool {
        self.has_utf8_names
    }
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

    fn parameters(all: &[(&str, &str)]) -> Vec<Parameter> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        all.iter().map(owned).collect()
    }

    #[test]
    fn decodes_names_and_values() {
        let query = Query::parse(b"a+b=c%2Fd&&e&=f&a+b=\xff");
        let expected = [("a b", "c/d"), ("e", ""), ("", "f"), ("a b", "\u{fffd}")];
        assert_eq!(query.parameters(), parameters(&expected));
        assert_eq!(query.other_readings().count(), 0);
        assert!(query.has_utf8_names());
        assert!(!Query::parse(b"a=b&%C1%A1=c").has_utf8_names());
        assert!(!Query::parse(b"a=b&%25C1%25A1=c").has_utf8_names());
    }

    #[test]
    fn splits_at_semicolons_as_some_servers_do() {
        let query = Query::parse(b"a=b;c&d%3Be");
        let expected = parameters(&[("a", "b;c"), ("d;e", "")]);
        assert_eq!(query.parameters(), expected);
        let expected = parameters(&[("a", "b"), ("c", ""), ("d;e", "")]);
        assert_eq!(query.other_readings().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn drops_a_question_mark_as_some_servers_do() {
        let query = Query::parse(b"?a=b&?c=d");
        let expected = parameters(&[("?a", "b"), ("?c", "d")]);
        assert_eq!(query.parameters(), expected);
        let expected = parameters(&[("a", "b"), ("?c", "d")]);
        assert_eq!(query.other_readings().collect::<Vec<_>>(), [expected]);
        let query = Query::parse(b"?a;b");
        let [split, both, dropped] = [
            &[("?a", ""), ("b", "")][..],
            &[("a", ""), ("b", "")],
            &[("a;b", "")],
        ];
        let expected = [split, both, dropped].map(parameters);
        assert_eq!(query.other_readings().collect::<Vec<_>>(), expected);
    }
}
