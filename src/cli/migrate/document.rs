//! A YAML or JSON document as Envoy reads it.
//!
//! Members keep their order, and a scalar keeps how it was written: what stands unquoted in YAML is a
//! boolean, an integer or a text by Envoy's own rules (`60.0` is a text, `on` is true), so a document
//! that is read and written again means the same to Envoy. Comments and anchors are lost.
//!
//! Refused are what is neither YAML nor JSON, names that occur twice, of which Envoy would take the
//! last, several documents, of which it would take the first, and aliases that multiply without end.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};

/// Most nodes of a document, aliases resolved.
const MAX_NODES: usize = 1_000_000;

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A scalar without quotes, as it was written; `null`, `~` and nothing are null.
    Plain(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// An object, in its order.
    Map(Vec<(String, Self)>),
}

/// What a document was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON.
    Json,
    /// YAML that is not JSON.
    Yaml,
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Neither YAML nor JSON.
    Syntax {
        /// The reader's words.
        fault: String,
    },
    /// A name occurs twice in one object.
    NameTwice {
        /// The name.
        name: String,
    },
    /// A list or an object stands for a name.
    NameIsNoText,
    /// More than one document.
    SeveralDocuments,
    /// Nothing.
    Empty,
    /// Aliases make more of it than fits.
    TooLarge,
}

impl Node {
    /// Reads a document.
    pub(super) fn read(text: &str) -> Result<(Self, Format), Unreadable> {
        // What is wrong with it, the reader of YAML says too.
        match serde_json::from_str(text) {
            Ok(node) => Ok((node, Format::Json)),
            Err(_) => read_yaml(text).map(|node| (node, Format::Yaml)),
        }
    }

    /// The member `name` of an object.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members
                .iter()
                .find(|(own, _)| own == name)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) if is_null(text) => None,
            Self::Plain(text) | Self::Text(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Whether it counts as not written.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(text) if is_null(text))
    }

    /// The boolean that Envoy reads.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Plain(text) => boolean(text),
            Self::Text(text) => text.parse().ok(),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The number without sign that Envoy reads.
    pub(super) fn unsigned(&self) -> Option<u64> {
        let text = self.text()?;
        let whole = match text.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
            Some(_) => return None,
            None => text,
        };
        integer(whole)?.try_into().ok()
    }

    /// The same without the freedoms of Envoy's reader: unquoted are booleans, integers and null,
    /// each in its one spelling; all else is a text. Numbers of JSON stay.
    pub(super) fn canonical(&self) -> Self {
        match self {
            Self::Plain(text) if is_null(text) => Self::Plain("null".to_owned()),
            Self::Plain(text) => match (boolean(text), integer(text)) {
                (Some(flag), _) => Self::from(flag),
                (None, Some(number)) => Self::Plain(number.to_string()),
                (None, None) => Self::Text(text.clone()),
            },
            Self::Text(text) => Self::Text(text.clone()),
            Self::List(elements) => Self::List(elements.iter().map(Self::canonical).collect()),
            Self::Map(members) => Self::Map(
                members
                    .iter()
                    .filter(|(_, node)| !node.is_null())
                    .map(|(name, node)| (name.clone(), node.canonical()))
                    .collect(),
            ),
        }
    }

    /// How many nodes it is.
    fn size(&self) -> usize {
        let inner: usize = match self {
            Self::Plain(_) | Self::Text(_) => 0,
            Self::List(elements) => elements.iter().map(Self::size).sum(),
            Self::Map(members) => members.iter().map(|(_, node)| node.size()).sum(),
        };
        inner.saturating_add(1)
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Self::Plain(flag.to_string())
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> FromIterator<T> for Node {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }
}

fn is_null(text: &str) -> bool {
    ["", "~", "null", "Null", "NULL"].contains(&text)
}

/// In lower case, in capitals, or with one capital at the start.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let mut rest = text.chars().skip(1);
    let is_even = text == lower
        || text == text.to_ascii_uppercase()
        || rest.all(|letter| letter.is_ascii_lowercase());
    match lower.as_str() {
        "y" | "yes" | "true" | "on" if is_even => Some(true),
        "n" | "no" | "false" | "off" if is_even => Some(false),
        _ => None,
    }
}

/// As C reads numbers: `0x10` is 16 and `010` is 8.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = match (lower.strip_prefix("0x"), lower.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (lower.as_str(), 10),
    };
    // `from_str_radix` would take another sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

fn read_yaml(text: &str) -> Result<Node, Unreadable> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| Unreadable::Syntax {
            fault: error.to_string(),
        })?;
        tree.accept(event)?;
    }
    tree.root.ok_or(Unreadable::Empty)
}

/// A document in the making.
#[derive(Default)]
struct Tree {
    anchors: BTreeMap<usize, Node>,
    /// Lists and objects that have begun, outermost first.
    open: Vec<Open>,
    nodes: usize,
    root: Option<Node>,
}

struct Open {
    anchor: usize,
    /// Of an object: the name whose value comes next.
    name: Option<String>,
    node: Node,
}

impl Tree {
    fn accept(&mut self, event: Event<'_>) -> Result<(), Unreadable> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(Unreadable::SeveralDocuments),
            Event::Scalar(text, style, anchor, _) => {
                let text = text.into_owned();
                let node = match style {
                    ScalarStyle::Plain => Node::Plain(text),
                    _ => Node::Text(text),
                };
                self.complete(node, anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.complete(node, 0),
                None => Err(Unreadable::Syntax {
                    fault: "an alias within its own anchor".to_owned(),
                }),
            },
            Event::SequenceStart(_, anchor, _) => {
                self.begin(Node::List(Vec::new()), anchor);
                Ok(())
            }
            Event::MappingStart(_, anchor, _) => {
                self.begin(Node::Map(Vec::new()), anchor);
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(done) => self.complete(done.node, done.anchor),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, node: Node, anchor: usize) {
        self.open.push(Open {
            anchor,
            name: None,
            node,
        });
    }

    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), Unreadable> {
        // A list is counted with its elements when it ends: once more for each level is no harm.
        self.nodes = self.nodes.saturating_add(node.size());
        if self.nodes > MAX_NODES {
            return Err(Unreadable::TooLarge);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(outer) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut outer.node, outer.name.take()) {
            (Node::List(elements), _) => elements.push(node),
            (Node::Map(members), Some(name)) => members.push((name, node)),
            (Node::Map(members), None) => match node {
                Node::Plain(name) | Node::Text(name) => {
                    if members.iter().any(|(own, _)| *own == name) {
                        return Err(Unreadable::NameTwice { name });
                    }
                    outer.name = Some(name);
                }
                Node::List(_) | Node::Map(_) => return Err(Unreadable::NameIsNoText),
            },
            (Node::Plain(_) | Node::Text(_), _) => {} // scalars are never open
        }
        Ok(())
    }
}

/// From JSON.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Plain("null".to_owned()))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Node, E> {
        Ok(flag.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Node, E> {
        Ok(number.into())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Plain(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Plain(number.to_string()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut map: Vec<(String, Node)> = Vec::new();
        while let Some((name, node)) = members.next_entry::<String, Node>()? {
            if map.iter().any(|(own, _)| *own == name) {
                return Err(de::Error::custom("a name occurs twice"));
            }
            map.push((name, node));
        }
        Ok(Node::Map(map))
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { fault } => write!(formatter, "neither JSON nor YAML: {fault}"),
            Self::NameTwice { name } => {
                write!(formatter, "{name:?} occurs twice in one object; remove one")
            }
            Self::NameIsNoText => formatter.write_str("a list or an object stands for a name"),
            Self::SeveralDocuments => formatter
                .write_str("several documents, of which Envoy reads the first; keep that alone"),
            Self::Empty => formatter.write_str("an empty document"),
            Self::TooLarge => formatter.write_str("aliases make more than a million values of it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        Node::read(text).unwrap().0
    }

    #[test]
    fn keeps_order_and_how_scalars_were_written() {
        let plain = |text: &str| Node::Plain(text.to_owned());
        let yaml = "z: 1.10\na: &x [on, 'on', \"\\x41\"]\nb: *x\nc: |\n  1\n";
        let list = Node::List(vec![plain("on"), "on".into(), "A".into()]);
        let expected = Node::Map(vec![
            ("z".to_owned(), plain("1.10")),
            ("a".to_owned(), list.clone()),
            ("b".to_owned(), list),
            ("c".to_owned(), "1\n".into()),
        ]);
        assert_eq!(Node::read(yaml).unwrap(), (expected, Format::Yaml));
        let json = Node::read("{\t\"z\": 1, \"a\": [true, null, \"1\", 1.5]}").unwrap();
        let list = vec![plain("true"), plain("null"), "1".into(), plain("1.5")];
        let expected = vec![
            ("z".to_owned(), plain("1")),
            ("a".to_owned(), Node::List(list)),
        ];
        assert_eq!(json, (Node::Map(expected), Format::Json));
    }

    #[test]
    fn reads_scalars_as_envoy_does() {
        for (text, boolean, unsigned) in [
            ("on", Some(true), None),
            ("Yes", Some(true), None),
            ("N", Some(false), None),
            ("yEs", None, None),
            ("'true'", Some(true), None),
            ("'on'", None, None),
            ("60", None, Some(60)),
            ("60.0", None, Some(60)),
            ("60.5", None, None),
            ("0x10", None, Some(16)),
            ("010", None, Some(8)),
            ("-1", None, None),
            ("1_000", None, None),
            ("~", None, None),
            ("[1]", None, None),
        ] {
            let node = read(text);
            assert_eq!(
                (node.boolean(), node.unsigned()),
                (boolean, unsigned),
                "{text}"
            );
        }
        let canonical = read("{a: off, b: 0x10, c: 60.0, d: , e: [~]}").canonical();
        assert_eq!(canonical, read("{a: false, b: 16, c: '60.0', e: [null]}"));
    }

    #[test]
    fn refuses_what_envoy_would_read_only_in_part() {
        let bomb: String = (1..9).fold("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned(), |text, n| {
            let before = n - 1;
            let aliases = vec![format!("*a{before}"); 10].join(",");
            format!("{text}a{n}: &a{n} [{aliases}]\n")
        });
        let name = || "a".to_owned();
        for (text, expected) in [
            ("a: 1\na: 2", Unreadable::NameTwice { name: name() }),
            (
                r#"{"a": 1, "a": 2}"#,
                Unreadable::NameTwice { name: name() },
            ),
            ("a: 1\n---\nb: 2", Unreadable::SeveralDocuments),
            ("[a]: 1", Unreadable::NameIsNoText),
            ("", Unreadable::Empty),
            (&bomb, Unreadable::TooLarge),
        ] {
            assert_eq!(Node::read(text), Err(expected), "{text}");
        }
        for text in ["a: &a [*a]", "a: *b", "a: [", "a: b: c"] {
            assert!(
                matches!(Node::read(text), Err(Unreadable::Syntax { .. })),
                "{text}"
            );
        }
    }
}
