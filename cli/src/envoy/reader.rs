//! Reads YAML and JSON documents.
//!
//! The reader is stricter than Envoy. If a name occurs twice in one object, Envoy uses the last
//! value. If a file has several documents, Envoy uses the first document. This reader reports an
//! error in both cases. The number of nodes is limited, because YAML aliases can make a small file
//! expand to a huge document.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError};

use super::{
    document::Node,
    position::{Position, indenting_tab},
};

/// The maximum number of nodes in a document after its aliases are expanded.
const MAX_NODES: usize = 1_000_000;

/// The syntax of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON.
    Json,
    /// YAML that is not JSON.
    Yaml,
}

/// Why a document cannot be read, and the position of the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) fault: Fault,
    /// The position, if the error has one.
    pub(crate) position: Option<Position>,
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Neither YAML nor JSON.
    Syntax {
        /// The parser's message.
        what: String,
    },
    /// A tab indents a line.
    Tab,
    /// A name occurs twice in one object.
    NameTwice {
        /// The name.
        name: String,
    },
    /// A list or an object is used as a member's name.
    NameIsNoText,
    /// The file has more than one document.
    SeveralDocuments,
    /// The file is empty.
    Empty,
    /// The document has too many nodes after its aliases are expanded.
    TooLarge,
}

impl Fault {
    const fn at(self, position: Position) -> Unreadable {
        let position = Some(position);
        Unreadable {
            fault: self,
            position,
        }
    }
}

impl From<Fault> for Unreadable {
    fn from(fault: Fault) -> Self {
        let position = None;
        Self { fault, position }
    }
}

impl Node {
    pub(crate) fn read(text: &str) -> Result<(Self, Format), Unreadable> {
        // If the text is not valid JSON, it goes to the YAML reader. JSON is also YAML, so the YAML
        // reader can report the errors in broken JSON too.
        match serde_json::from_str(text) {
            Ok(node) if Node::size(&node) > MAX_NODES => Err(Fault::TooLarge.into()),
            Ok(node) => Ok((node, Format::Json)),
            Err(_) => read_yaml(text).map(|node| (node, Format::Yaml)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { what } => write!(
                formatter,
                "neither JSON nor YAML: {what}; check the indentation and the quotes"
            ),
            Self::Tab => formatter
                .write_str("neither JSON nor YAML: a tab indents this line; indent with spaces"),
            Self::NameTwice { name } => {
                write!(
                    formatter,
                    "{name:?} occurs twice in one object; remove one of the two members"
                )
            }
            Self::NameIsNoText => formatter.write_str(
                "a list or an object is used as a name; if the name is text, put quotes around it",
            ),
            Self::SeveralDocuments => formatter
                .write_str("several YAML documents; copy the one to check into a separate file"),
            Self::Empty => formatter.write_str("the file is empty"),
            Self::TooLarge => formatter
                .write_str("more than a million values after aliases are expanded; split the file"),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(formatter, "line {line}, column {column}: ")?;
        }
        self.fault.fmt(formatter)
    }
}

fn read_yaml(text: &str) -> Result<Node, Unreadable> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| syntax(text, &error))?;
        let position = Position::new(span.start.line(), span.start.col());
        tree.accept(event).map_err(|fault| fault.at(position))?;
    }
    tree.root.ok_or_else(|| Fault::Empty.into())
}

fn syntax(text: &str, error: &ScanError) -> Unreadable {
    if let Some(position) = indenting_tab(text) {
        return Fault::Tab.at(position);
    }
    let position = Position::new(error.marker().line(), error.marker().col());
    let what = error.info();
    Fault::Syntax { what }.at(position)
}

/// A document that is being built from parser events.
#[derive(Default)]
struct Tree {
    anchors: BTreeMap<usize, Node>,
    /// Lists and objects that have not ended yet, outermost first.
    open: Vec<Open>,
    nodes: usize,
    root: Option<Node>,
}

struct Open {
    anchor: usize,
    /// In an object, the name of the member whose value has not been read yet.
    name: Option<String>,
    /// In an object, the names that have been read so far. They serve to find duplicates.
    names: BTreeSet<String>,
    node: Node,
}

impl Tree {
    fn accept(&mut self, event: Event<'_>) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(Fault::SeveralDocuments),
            Event::Scalar(text, style, anchor, _) => {
                let text = text.into_owned();
                let node = match style {
                    ScalarStyle::Plain => Node::Plain(text),
                    _ => Node::Text(text),
                };
                self.count(1)?;
                self.complete(node, anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    let (node, size) = (node.clone(), node.size());
                    self.count(size)?;
                    self.complete(node, 0)
                }
                None => Err(Fault::Syntax {
                    what: "an alias inside the value of its own anchor".to_owned(),
                }),
            },
            Event::SequenceStart(_, anchor, _) => self.begin(Node::List(Vec::new()), anchor),
            Event::MappingStart(_, anchor, _) => self.begin(Node::Map(Vec::new()), anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(done) => self.complete(done.node, done.anchor),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        self.open.push(Open {
            anchor,
            name: None,
            names: BTreeSet::new(),
            node,
        });
        self.count(1)
    }

    fn count(&mut self, nodes: usize) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(Fault::TooLarge);
        }
        Ok(())
    }

    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            // The anchor keeps a copy of the value for aliases, and the copy uses memory too. So
            // the nodes of the value are counted again. With nested anchors, the nodes of an inner
            // value are counted again for each anchor.
            self.count(node.size())?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(outer) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut outer.node, outer.name.take()) {
            (Node::List(elements), _) => elements.push(node),
            (Node::Map(members), Some(name)) => members.push((name, node)),
            (Node::Map(_), None) => match node {
                Node::Plain(name) | Node::Text(name) => {
                    if !outer.names.insert(name.clone()) {
                        return Err(Fault::NameTwice { name });
                    }
                    outer.name = Some(name);
                }
                Node::List(_) | Node::Map(_) => return Err(Fault::NameIsNoText),
            },
            (Node::Plain(_) | Node::Text(_), _) => {} // scalars are never open
        }
        Ok(())
    }
}

/// Reads a JSON document.
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
        let mut names = BTreeSet::new();
        while let Some((name, node)) = members.next_entry::<String, Node>()? {
            if !names.insert(name.clone()) {
                return Err(de::Error::custom("a name occurs twice"));
            }
            map.push((name, node));
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// The nodes of a deeply nested value must be counted once, not once per level.
    #[test]
    fn reads_large_documents() {
        let routes =
            "        - { match: { prefix: /a, headers: [{ name: b }] }, route: { cluster: c } }\n";
        let table = format!("a:\n  b:\n    c:\n      d:\n{}", routes.repeat(20_000));
        assert!(Node::read(&table).is_ok());
        let flat = |end: &str| {
            let names: Vec<String> = (0..100_000).map(|name| format!("\"{name}\": 1")).collect();
            format!("{{{}{end}}}", names.join(",\n"))
        };
        assert_eq!(Node::read(&flat("")).unwrap().1, Format::Json);
        assert_eq!(Node::read(&flat(",")).unwrap().1, Format::Yaml);
        for text in [
            format!("[{}1]", "1,".repeat(MAX_NODES)),
            format!("[{}a]", "1,".repeat(MAX_NODES)),
        ] {
            assert_eq!(
                Node::read(&text).map_err(|error| error.fault),
                Err(Fault::TooLarge)
            );
        }
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
            ("a: 1\na: 2", Fault::NameTwice { name: name() }),
            (r#"{"a": 1, "a": 2}"#, Fault::NameTwice { name: name() }),
            ("a: 1\n---\nb: 2", Fault::SeveralDocuments),
            ("[a]: 1", Fault::NameIsNoText),
            ("", Fault::Empty),
            (&bomb, Fault::TooLarge),
        ] {
            assert_eq!(
                Node::read(text).map_err(|error| error.fault),
                Err(expected),
                "{text}"
            );
        }
        for text in ["a: &a [*a]", "a: *b", "a: [", "a: b: c"] {
            assert!(
                matches!(
                    Node::read(text),
                    Err(Unreadable {
                        fault: Fault::Syntax { .. },
                        position: Some(_)
                    })
                ),
                "{text}"
            );
        }
    }
}
