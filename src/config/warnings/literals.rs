//! Finds regular expressions with literal characters that no request path can contain.
//!
//! Regular expressions are matched against the normal spelling of a path. In this spelling, `[` is
//! written as `%5B`, and `%c3` as `%C3`. So an expression with `\[` or `%c3` matches no path.

use core::{iter::Peekable, str::Chars};

use crate::{http::path::normal_spelling, policy::may_set_flag};

/// Returns the first literal in `expression` that no path can contain, and the text to write
/// instead. Optional literals (`\[?`) and character classes are not reported.
pub(super) fn misspelt(expression: &str) -> Option<(String, String)> {
    if may_set_flag(expression, 'x') {
        return None; // with this flag, spaces are not literal
    }
    let expression = expression.split(r"\?").next()?; // drops the query, which is not normalised
    let ignores_case = may_set_flag(expression, 'i');
    let mut rest = expression.chars().peekable();
    while let Some(next) = rest.next() {
        let literal = match next {
            '[' => {
                skip_class(&mut rest);
                continue;
            }
            '{' => {
                rest.find(|other| *other == '}');
                continue;
            }
            '(' => {
                skip_group_name(&mut rest);
                continue;
            }
            '\\' => match rest.next() {
                Some(escaped @ ('[' | ']' | '{' | '}' | '|' | '^' | '"' | '<' | '>' | ' ')) => {
                    Some((format!("\\{escaped}"), escaped.to_string()))
                }
                _ => None,
            },
            '"' | '<' | '>' | ' ' | '}' | ']' => Some((next.to_string(), next.to_string())),
            '%' => triplet(&mut rest).map(|triplet| (triplet.clone(), triplet)),
            other if !other.is_ascii() => Some((other.to_string(), other.to_string())),
            _ => None,
        };
        let Some((written, text)) = literal else {
            continue;
        };
        let normal = normal_spelling(&text);
        let is_normal = *normal == *text || (ignores_case && normal.eq_ignore_ascii_case(&text));
        let is_optional = matches!(rest.peek(), Some('?' | '*' | '{'));
        if !is_normal && !is_optional {
            let is_meta = matches!(&*normal, "." | "*" | "+" | "(" | ")" | "$");
            let escape = if is_meta { "\\" } else { "" };
            return Some((written, format!("{escape}{normal}")));
        }
    }
    None
}

/// Skips the rest of a character class. A `]` at the start of the class does not end the class.
fn skip_class(rest: &mut Peekable<Chars<'_>>) {
    rest.next_if_eq(&'^');
    rest.next_if_eq(&']');
    while let Some(next) = rest.next() {
        match next {
            ']' => return,
            '[' => skip_class(rest),
            '\\' => drop(rest.next()),
            _ => {}
        }
    }
}

fn skip_group_name(rest: &mut Peekable<Chars<'_>>) {
    if rest.next_if_eq(&'?').is_some() {
        rest.next_if_eq(&'P');
        if rest.next_if_eq(&'<').is_some() {
            rest.find(|next| *next == '>');
        }
    }
}

/// Parses the two digits that follow the `%` of a percent-encoded octet. Returns the octet in its
/// encoded form, or `None` if the digits are malformed. Also returns `None` if requests with this
/// octet in the path are refused anyway.
fn triplet(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let high = rest.next_if(char::is_ascii_hexdigit)?;
    let low = rest.next_if(char::is_ascii_hexdigit)?;
    let text = format!("%{high}{low}");
    let is_refused = ["%2F", "%5C", "%00"]
        .iter()
        .any(|code| text.eq_ignore_ascii_case(code));
    (!is_refused).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_literals_that_no_normal_spelling_contains() {
        for (expression, written, instead) in [
            (r"/x\[1\]", r"\[", "%5B"),
            (r"/a\|b", r"\|", "%7C"),
            (r"/\{id\}", r"\{", "%7B"),
            (r"/a\^", r"\^", "%5E"),
            ("/a\"b", "\"", "%22"),
            ("/<b>", "<", "%3C"),
            ("/my docs", " ", "%20"),
            ("/café/.*", "é", "%C3%A9"),
            ("/caf%c3%a9", "%c3", "%C3"),
            ("/%61dmin", "%61", "a"),
            ("/a%2Eb", "%2E", r"\."),
            (r"/(?P<name>a)\]+", r"\]", "%5D"),
        ] {
            let found = misspelt(&format!(r"\A(?:{expression})\z"));
            assert_eq!(
                found,
                Some((written.into(), instead.into())),
                "{expression}"
            );
        }
    }

    #[test]
    fn accepts_classes_quantifiers_and_groups() {
        for expression in [
            r"/[a-z\[\]{} é]+",
            "/[]^x]*",
            r"/[[:alpha:]|<]+",
            "/v[0-9]{1,3}/x",
            r"/(?P<name>\d+)/(?<other>a|b)",
            r"/a\[?/b *",
            r"/a\]{0,1}",
            "/caf%C3%A9%20x",
            "(?i)/caf%c3%a9",
            "(?x) /a b",
            r"/a\.b\+c\$\(d\)",
            "/%2[0-9]",
            r"/\d+\w\s",
            "^/a|/b$",
            r"/a\?q=\[1\]",
        ] {
            assert_eq!(
                misspelt(&format!(r"\A(?:{expression})\z")),
                None,
                "{expression}"
            );
        }
    }
}
