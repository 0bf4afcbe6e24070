//! Reads the fields of protobuf messages from a document.
//!
//! As in Envoy, a name is in `snake_case` or `lowerCamelCase`, null means absent, and a single
//! value counts as a list with one element. The caller takes every field that it knows. At the end,
//! [`Fields::finish`] refuses the message if a field has not been taken, because an unknown field
//! might make `jwt_authn` stricter.

use super::obstacle::{NotCarried, Obstacle};
use crate::envoy::document::Node;
use portcullis::config::{ConfigPath, camel_case};

/// The fields of one message that have not been taken yet.
pub(super) struct Fields<'a> {
    at: ConfigPath,
    rest: Vec<(&'a str, &'a Node)>,
}

/// A value with its path.
pub(super) type Placed<'a> = (ConfigPath, &'a Node);

impl<'a> Fields<'a> {
    /// Starts to read a message.
    pub(super) fn open((at, node): Placed<'a>) -> Result<Self, NotCarried> {
        let rest = match node {
            Node::Map(members) => members
                .iter()
                .filter(|(name, node)| name != "@type" && !node.is_null())
                .map(|(name, node)| (name.as_str(), node))
                .collect(),
            node if node.is_null() => Vec::new(),
            _ => return Err(wrong(at, "an object")),
        };
        Ok(Self { at, rest })
    }

    /// The path of the message.
    pub(super) const fn at(&self) -> &ConfigPath {
        &self.at
    }

    /// Takes a field, and returns it with its path.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<Placed<'a>>, NotCarried> {
        let camel = camel_case(name);
        let is_it = |(own, _): &(&str, &Node)| *own == name || *own == camel;
        let Some(position) = self.rest.iter().position(is_it) else {
            return Ok(None);
        };
        let (own, node) = self.rest.remove(position);
        let at = self.at.member(own);
        if self.rest.iter().any(is_it) {
            let reason = Obstacle::SpeltTwice;
            return Err(NotCarried { at, reason });
        }
        Ok(Some((at, node)))
    }

    /// Takes a string. An empty string counts as absent.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<&'a str>, NotCarried> {
        let Some((at, node)) = self.take(name)? else {
            return Ok(None);
        };
        let text = node.text().ok_or_else(|| wrong(at, "a string"))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Takes a string field of a protobuf `oneof`. An empty string counts as present, because it
    /// still selects this field of the `oneof`.
    pub(super) fn chosen(&mut self, name: &str) -> Result<Option<&'a str>, NotCarried> {
        let Some((at, node)) = self.take(name)? else {
            return Ok(None);
        };
        node.text().map(Some).ok_or_else(|| wrong(at, "a string"))
    }

    /// Takes a boolean. If the field is absent, returns false.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, NotCarried> {
        let Some((at, node)) = self.take(name)? else {
            return Ok(false);
        };
        node.boolean().ok_or_else(|| wrong(at, "a boolean"))
    }

    /// Takes an unsigned number. Zero counts as absent.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u64>, NotCarried> {
        let Some((at, node)) = self.take(name)? else {
            return Ok(None);
        };
        let number = node.unsigned().ok_or_else(|| wrong(at, "a number"))?;
        Ok(Some(number).filter(|number| *number > 0))
    }

    /// Takes a duration, and returns it as protobuf JSON writes it, such as `1.5s`.
    pub(super) fn duration(&mut self, name: &str) -> Result<Option<String>, NotCarried> {
        let Some((at, node)) = self.take(name)? else {
            return Ok(None);
        };
        if let Some(text) = node.text() {
            return Ok(Some(text.to_owned()));
        }
        let mut parts = Self::open((at, node))?;
        let seconds = parts.number("seconds")?.unwrap_or(0);
        let nanoseconds = parts.number("nanos")?.unwrap_or(0);
        parts.finish()?;
        Ok(Some(match nanoseconds {
            0 => format!("{seconds}s"),
            _ => {
                let fraction = format!("{nanoseconds:09}");
                format!("{seconds}.{}s", fraction.trim_end_matches('0'))
            }
        }))
    }

    /// Takes a list.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<Placed<'a>>, NotCarried> {
        Ok(match self.take(name)? {
            Some((at, Node::List(elements))) => elements
                .iter()
                .enumerate()
                .map(|(index, node)| (at.element(index), node))
                .collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        })
    }

    /// Takes a list of strings.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<&'a str>, NotCarried> {
        let text = |(at, node): Placed<'a>| node.text().ok_or_else(|| wrong(at, "a string"));
        self.list(name)?.into_iter().map(text).collect()
    }

    /// Takes a map. Its entries keep their order.
    pub(super) fn entries(&mut self, name: &str) -> Result<Vec<(&'a str, Placed<'a>)>, NotCarried> {
        match self.take(name)? {
            Some((at, Node::Map(members))) => Ok(members
                .iter()
                .map(|(name, node)| (name.as_str(), (at.member(name), node)))
                .collect()),
            Some((at, _)) => Err(wrong(at, "an object")),
            None => Ok(Vec::new()),
        }
    }

    /// Ends reading the message. Fails if a field has not been taken.
    pub(super) fn finish(self) -> Result<(), NotCarried> {
        match self.rest.first() {
            Some((name, _)) => Err(NotCarried {
                at: self.at.member(name),
                reason: Obstacle::UnknownField,
            }),
            None => Ok(()),
        }
    }
}

/// Copies a message. Field names are converted to `snake_case`, and fields without an effect are
/// left out. The message must not contain maps, because the keys of a map are not field names.
pub(super) fn copy(node: &Node) -> Node {
    fn in_snake_case(node: Node) -> Node {
        match node {
            Node::Map(members) => Node::Map(
                members
                    .into_iter()
                    .map(|(name, node)| (snake_case(&name), in_snake_case(node)))
                    // `google_re2` once chose the regular expression engine; Envoy now has only
                    // one.
                    .filter(|(name, _)| name != "google_re2")
                    .collect(),
            ),
            Node::List(elements) => elements.into_iter().map(in_snake_case).collect(),
            scalar => scalar,
        }
    }
    in_snake_case(node.canonical())
}

/// The error for a value of the wrong type.
pub(super) const fn wrong(at: ConfigPath, expected: &'static str) -> NotCarried {
    NotCarried {
        at,
        reason: Obstacle::WrongType { expected },
    }
}

fn snake_case(camel: &str) -> String {
    let mut snake = String::new();
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Node {
        Node::read(text).unwrap().0
    }

    fn open(node: &Node) -> Fields<'_> {
        Fields::open((ConfigPath::default(), node)).unwrap()
    }

    #[test]
    fn reads_both_spellings_but_not_at_once() {
        for text in ["value_prefix: a", "valuePrefix: a", "valuePrefix: a\nb: "] {
            let node = document(text);
            let mut fields = open(&node);
            assert_eq!(fields.text("value_prefix").unwrap(), Some("a"), "{text}");
            fields.finish().unwrap();
        }
        let node = document("value_prefix: a\nvaluePrefix: a");
        let error = open(&node).text("value_prefix").unwrap_err();
        assert_eq!(error.reason, Obstacle::SpeltTwice);
    }

    #[test]
    fn reads_durations_in_each_form() {
        for (text, expected) in [
            ("5s", "5s"),
            ("'0.5s'", "0.5s"),
            ("{seconds: 300}", "300s"),
            ("{seconds: 1, nanos: 500000000}", "1.5s"),
            ("{nanos: 1}", "0.000000001s"),
            ("{}", "0s"),
        ] {
            let node = document(&format!("d: {text}"));
            let duration = open(&node).duration("d").unwrap();
            assert_eq!(duration.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_known_or_of_another_type() {
        let node = document("a: {b: 1}");
        let place = |result: Result<(), NotCarried>| result.unwrap_err().to_string();
        assert_eq!(
            place(open(&node).finish()),
            "a: unknown field; correct or delete the field"
        );
        assert_eq!(
            place(open(&node).text("a").map(drop)),
            "a: not a string; correct the value"
        );
        assert_eq!(
            place(open(&node).flag("a").map(drop)),
            "a: not a boolean; correct the value"
        );
    }

    #[test]
    fn copies_in_snake_case() {
        let node = document("[{safeRegex: {googleRe2: {}, regex: a}, invertMatch: on, x: }]");
        let expected = document("[{safe_regex: {regex: 'a'}, invert_match: true}]");
        assert_eq!(copy(&node), expected);
    }
}
