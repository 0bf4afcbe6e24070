//! Writes documents as a person would write them.
//!
//! The output is YAML in block style: two spaces per level, literal blocks for strings with several
//! lines, and quotes only around strings that a YAML parser could mistake for another type. Some
//! strings are ambiguous only in YAML 1.1 (`on`, `1_000`, dates). They are quoted too, because
//! tools other than Envoy read these files.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::envoy::document::{Node, boolean};

/// A document as YAML.
pub(crate) fn yaml(document: &Node) -> String {
    let mut text = String::new();
    match document {
        Node::Map(members) if !members.is_empty() => write_members(members, 0, &mut text),
        Node::List(elements) if !elements.is_empty() => write_elements(elements, 0, &mut text),
        scalar => {
            text.push_str(&flow(scalar));
            text.push('\n');
        }
    }
    text
}

/// Writes a document as JSON. An unquoted YAML null, such as `~`, becomes `null`. Any other
/// unquoted scalar becomes a boolean or a number if JSON spells the value the same way, and
/// otherwise a string.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(_) if self.is_null() => serializer.serialize_unit(),
            Self::Plain(text) => match serde_json::from_str::<serde_json::Value>(text) {
                Ok(value) if value.is_boolean() || value.is_number() => value.serialize(serializer),
                _ => serializer.serialize_str(text),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(elements) => serializer.collect_seq(elements),
            Self::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, node) in members {
                    map.serialize_entry(name, node)?;
                }
                map.end()
            }
        }
    }
}

fn write_members(members: &[(String, Node)], indent: usize, text: &mut String) {
    for (position, (name, node)) in members.iter().enumerate() {
        // The first member of a list element is on the same line as the element's dash.
        if position > 0 || text.is_empty() || text.ends_with('\n') {
            push_indent(indent, text);
        }
        text.push_str(&scalar(name));
        text.push(':');
        write_value(node, indent, text);
    }
}

fn write_elements(elements: &[Node], indent: usize, text: &mut String) {
    for node in elements {
        push_indent(indent, text);
        text.push('-');
        match node {
            Node::Map(members) if !members.is_empty() => {
                text.push(' ');
                write_members(members, indent.saturating_add(2), text);
            }
            node => write_value(node, indent, text),
        }
    }
}

/// Writes a value after its colon or dash.
fn write_value(node: &Node, indent: usize, text: &mut String) {
    let deeper = indent.saturating_add(2);
    match node {
        Node::Map(members) if !members.is_empty() => {
            text.push('\n');
            write_members(members, deeper, text);
        }
        Node::List(elements) if !elements.is_empty() => {
            text.push('\n');
            write_elements(elements, deeper, text);
        }
        Node::Plain(block) | Node::Text(block) if is_block(block) => {
            text.push_str(if block.ends_with('\n') {
                " |\n"
            } else {
                " |-\n"
            });
            for line in block.lines() {
                if !line.is_empty() {
                    push_indent(deeper, text);
                    text.push_str(line);
                }
                text.push('\n');
            }
        }
        node => {
            text.push(' ');
            text.push_str(&flow(node));
            text.push('\n');
        }
    }
}

fn push_indent(indent: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', indent));
}

/// A value on one line: a scalar, or an empty list or object.
fn flow(node: &Node) -> String {
    match node {
        Node::Plain(_) if node.is_null() => "null".to_owned(),
        // A plain scalar with line breaks was written on several lines. Every YAML parser reads it
        // as a string.
        Node::Plain(text) if text.contains('\n') => scalar(text),
        Node::Plain(text) => text.clone(),
        Node::Text(text) => scalar(text),
        Node::List(_) => "[]".to_owned(),
        Node::Map(_) => "{}".to_owned(),
    }
}

/// Whether a literal block (`|`) can represent the string unchanged.
fn is_block(text: &str) -> bool {
    let is_printable = |letter: char| letter == '\n' || !letter.is_control();
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with("\n\n")
        && text.trim_end_matches('\n').contains('\n')
        && text.chars().all(is_printable)
}

/// A string, quoted if necessary.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.contains(['"', '\\']) && !text.chars().any(char::is_control) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        // A JSON string is also a double-quoted YAML scalar.
        serde_json::Value::from(text).to_string()
    }
}

fn is_plain(text: &str) -> bool {
    const INDICATORS: [char; 22] = [
        '-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@',
        '`', '=', '<', ' ',
    ];
    let lower = text.to_ascii_lowercase();
    !text.is_empty()
        && !text.starts_with(INDICATORS)
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(char::is_control)
        && !["~", "null", ".inf", "+.inf", ".nan"].contains(&lower.as_str())
        && boolean(&lower).is_none()
        && !is_like_a_number(text)
}

/// Whether some YAML parser may mistake a string for a number, a version, a date or a time. Numbers
/// may be in any base, with an exponent or with separators.
fn is_like_a_number(text: &str) -> bool {
    let is_of_number = |byte: u8| byte.is_ascii_hexdigit() || b"xXoO_.:+-,TZ".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_digit() || "+.".contains(first))
        && text.bytes().all(is_of_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_is_read_as_the_same() {
        let document = "
a: {b: [], c: {}, d: [[1, [2, {x: y}]], {e: f, g: {h: i}}, '']}
'on': ['60.0', '60', 'off', '1_000', '2026-11-22', '1:30', '0x1f', '1e3', '.5', 'null', '~', y]
texts: ['a: b', 'a #b', '- a', '*', \"it's\", ' a', 'a ', 'a:', '@x', \"a\\tb\", \"\\0\", 5s, '{tid}']
urls: [https://idp.example.com/keys, spiffe://a, 'Bearer ', x-user, /api, 10.0.0.1]
plain: [60.0, on, ~, 1_000, 127.0.0.1, a folded
  text, a

  text]
blocks: [\"a\\nb\\n\", \"a\\nb\", \"a\\n\\n  b\\n\", \"a\\n\", \" a\\nb\", \"a\\nb\\n\\n\", \"\\na\\nb\"]
";
        let (document, _) = Node::read(document).unwrap();
        let written = yaml(&document);
        let (again, _) = Node::read(&written).unwrap();
        let expected = |text: &str| Node::read(text).unwrap().0;
        assert_eq!(again.canonical(), document.canonical(), "{written}");
        assert_eq!(
            again.member("plain"),
            Some(&expected(
                "[60.0, on, null, 1_000, 127.0.0.1, a folded text, \"a\\ntext\"]"
            )),
            "{written}"
        );
        assert_eq!(yaml(&again), written);
    }

    #[test]
    fn writes_as_a_person_would() {
        let text = "\
providers:
  okta:
    issuer: https://example.okta.com/oauth2/default
    token_types:
      - \"*\"
    local_jwks:
      inline_string: |
        {
          \"keys\": []
        }
rules:
  - match:
      prefix: /
    requires:
      provider_name: okta
  - match:
      connect_matcher: {}
clock: 60
timeout: 5s
version: \"1.10\"
word: \"on\"
keys: '{\"keys\": []}'
";
        let (document, _) = Node::read(text).unwrap();
        assert_eq!(yaml(&document), text);
    }

    #[test]
    fn writes_json_in_order() {
        let text = r#"{"z":1,"a":[true,null,1.5,"1","on"],"m":{}}"#;
        let (document, _) = Node::read(text).unwrap();
        assert_eq!(serde_json::to_string(&document).unwrap(), text);
    }
}
