//! Changes to a request's headers.

use crate::decision::Text;

/// A change to a request's headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderEdit {
    /// Removes every line of this header.
    Remove(Text),
    /// Replaces all lines of this header with one line, which has this value.
    Set(Text, Text),
}

impl HeaderEdit {
    /// The name of the header.
    #[must_use]
    pub const fn name(&self) -> &Text {
        match self {
            Self::Remove(name) | Self::Set(name, _) => name,
        }
    }
}

/// Returns the headers after the edits, in the order in which the upstream receives them. A header
/// that is set keeps the place of its first line. If it has no line yet, it becomes the last line.
#[must_use]
pub fn edited<'a>(
    headers: &[(&'a [u8], &'a [u8])],
    edits: &'a [HeaderEdit],
) -> Vec<(&'a [u8], &'a [u8])> {
    let mut edited = headers.to_vec();
    for edit in edits {
        let (name, mut value) = match edit {
            HeaderEdit::Remove(name) => (name.as_bytes(), None),
            HeaderEdit::Set(name, value) => (name.as_bytes(), Some(value.as_bytes())),
        };
        edited.retain_mut(|(own, line)| {
            if *own != name {
                return true;
            }
            // The first line gets the value, and the others are removed.
            let Some(value) = value.take() else {
                return false;
            };
            *line = value;
            true
        });
        edited.extend(value.map(|value| (name, value)));
    }
    edited
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn edits_apply_to_every_line_of_a_header_in_order() {
        let remove = |name: &str| HeaderEdit::Remove(name.into());
        let set = |name: &str, value: &str| HeaderEdit::Set(name.into(), value.into());
        let headers: [(&[u8], &[u8]); 4] = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"c", b"")];
        for (edits, expected) in [
            (vec![], "a=1 b=2 a=3 c="),
            (vec![remove("a")], "b=2 c="),
            (vec![remove("d")], "a=1 b=2 a=3 c="),
            (vec![set("a", "4")], "a=4 b=2 c="),
            (vec![set("a", "")], "a= b=2 c="),
            (vec![set("d", "4")], "a=1 b=2 a=3 c= d=4"),
            (vec![set("a", "4"), remove("a")], "b=2 c="),
            (vec![remove("a"), set("a", "4")], "b=2 c= a=4"),
        ] {
            let lines: Vec<String> = edited(&headers, &edits)
                .iter()
                .map(|line| [line.0, b"=", line.1].concat())
                .map(|line| String::from_utf8(line).unwrap())
                .collect();
            assert_eq!(lines.join(" "), expected, "{edits:?}");
        }
    }
}
