//! A YAML or JSON document as Envoy reads it.
//!
//! Members keep their order, and scalars keep their original text. So a document that is read and
//! then written again means the same to Envoy as before. Envoy has its own rules for unquoted
//! scalars: `60.0` is a string, and `on` is true. Comments and anchors are lost.

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// An unquoted scalar, as it was written. `null`, `~` and the empty string mean null.
    Plain(String),
    /// A quoted string.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// An object. Its members have the same order as in the document.
    Map(Vec<(String, Self)>),
}

impl Node {
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members
                .iter()
                .find(|(own, _)| own == name)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// The mutable version of [`Self::member`].
    pub(crate) fn member_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Map(members) => members
                .iter_mut()
                .find(|(own, _)| own == name)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// The elements of a list. As in Envoy, a single value counts as a list with one element.
    pub(crate) fn elements(&self) -> &[Self] {
        match self {
            Self::List(elements) => elements,
            node if node.is_null() => &[],
            node => core::slice::from_ref(node),
        }
    }

    /// The mutable version of [`Self::elements`].
    pub(crate) fn elements_mut(&mut self) -> &mut [Self] {
        match self {
            Self::List(elements) => elements,
            node if node.is_null() => &mut [],
            node => core::slice::from_mut(node),
        }
    }

    /// A scalar as a string; `None` for null, lists and objects.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) if is_null(text) => None,
            Self::Plain(text) | Self::Text(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Whether the value is null. Envoy treats a null member as absent.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(text) if is_null(text))
    }

    /// The value as a boolean. `None` if Envoy would not accept the value as a boolean.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Plain(text) => boolean(text),
            Self::Text(text) => text.parse().ok(),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The value as an unsigned integer. `None` if Envoy would not accept the value as an unsigned
    /// integer.
    pub(crate) fn unsigned(&self) -> Option<u64> {
        let text = self.text()?;
        let whole = match text.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
            Some(_) => return None,
            None => text,
        };
        integer(whole)?.try_into().ok()
    }

    /// The document in a canonical form, for comparisons. Booleans, integers and null stay
    /// unquoted, every other scalar becomes a quoted string, and null members are dropped.
    pub(crate) fn canonical(&self) -> Self {
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

    /// The number of nodes in this value, including the value itself.
    pub(crate) fn size(&self) -> usize {
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

/// Parses a boolean. Like Envoy's YAML reader, this function accepts `true`, `TRUE` and `True`, but
/// not `tRUE`.
pub(crate) fn boolean(text: &str) -> Option<bool> {
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

/// Reads an integer as C does: `0x10` is 16 and `010` is 8.
pub(crate) fn integer(text: &str) -> Option<i64> {
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
    // Without this check, `from_str_radix` would accept a second sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        Node::read(text).unwrap().0
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
}
