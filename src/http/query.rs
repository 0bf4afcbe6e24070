//! A request's query, split into parameters and decoded.

/// The decoded parameters of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    parameters: Vec<Parameter>,
    split_at_semicolons: Option<Vec<Parameter>>,
}

/// The name and the value of a parameter.
type Parameter = (String, String);

impl Query {
    /// Parses a query, which is the text after the first `?` of a request target.
    #[must_use]
    pub fn parse(query: &[u8]) -> Self {
        let decoded = |query: &[u8]| form_urlencoded::parse(query).into_owned().collect();
        Self {
            parameters: decoded(query),
            split_at_semicolons: query.contains(&b';').then(|| {
                let end = |octet: &u8| if *octet == b';' { b'&' } else { *octet };
                let split: Vec<u8> = query.iter().map(end).collect();
                decoded(&split)
            }),
        }
    }

    /// All parameters, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// All parameters, as read by a server that splits the query at `;` as well as at `&`. `None`
    /// if the query has no `;`, because all servers then read the same parameters.
    #[must_use]
    pub fn split_at_semicolons(&self) -> Option<&[Parameter]> {
        self.split_at_semicolons.as_deref()
    }
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
        assert_eq!(query.split_at_semicolons(), None);
    }

    #[test]
    fn splits_at_semicolons_as_some_servers_do() {
        let query = Query::parse(b"a=b;c&d%3Be");
        let expected = parameters(&[("a", "b;c"), ("d;e", "")]);
        assert_eq!(query.parameters(), expected);
        let expected = parameters(&[("a", "b"), ("c", ""), ("d;e", "")]);
        assert_eq!(query.split_at_semicolons(), Some(&*expected));
    }
}
