//! Analyses regular expressions just enough to find those that match differently in Envoy and in
//! the module.
//!
//! Envoy's engine matches octets; the module's engine matches UTF-8 characters. The results differ
//! if an expression counts characters: `é` has two octets, so the path `/éx` matches `/..x` in
//! Envoy, but `/.x` in the module. In case of doubt, a difference is reported, because the operator
//! can always write an expression that counts only ASCII characters.

use regex_lite::Regex;

use portcullis::policy::{full_match, may_set_flag};

/// One step of an expression: a literal, an escape, a dot or a class, with its quantifier.
#[derive(Debug, PartialEq, Eq)]
struct Step<'a> {
    text: &'a str,
    /// Whether the step has to match at least once.
    is_needed: bool,
    /// Whether the step may repeat without limit, as with `*` or `+`.
    is_endless: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Step(Step<'a>),
    Open,
    /// The end of a group.
    Close {
        /// Whether the group has to match at least once.
        is_needed: bool,
        /// False if the group's quantifier is a count such as `{3}`, otherwise true.
        is_free: bool,
    },
    Or,
}

/// The characters that one step matches.
pub(super) struct Set {
    regex: Option<Regex>,
    text: String,
}

impl Set {
    /// Whether the set contains a character. If the step cannot be compiled, the set is treated as
    /// if it contained all characters.
    pub(super) fn has(&self, letter: char) -> bool {
        let text = letter.encode_utf8(&mut [0; 4]).to_owned();
        self.regex
            .as_ref()
            .is_none_or(|regex| regex.is_match(&text))
    }

    /// The character of the set, if the set contains exactly one character, and that character is
    /// ASCII.
    pub(super) fn only(&self) -> Option<char> {
        let mut letters = ascii().filter(|letter| self.has(*letter));
        let first = letters.next()?;
        (letters.next().is_none() && !self.has('\u{e9}')).then_some(first)
    }

    /// Whether the set contains all characters beyond ASCII.
    pub(super) fn has_all_beyond_ascii(&self) -> bool {
        !self.names_some_beyond_ascii() && self.has('\u{e9}')
    }

    /// Whether the step names individual characters beyond ASCII. If so, the set contains only some
    /// of the characters beyond ASCII.
    fn names_some_beyond_ascii(&self) -> bool {
        let has_code = ["\\x", "\\u", "\\U"]
            .iter()
            .any(|code| self.text.contains(code));
        !self.text.is_ascii() || has_code
    }

    /// Whether the step is one literal character beyond ASCII. Such a step matches the same text in
    /// both engines.
    fn is_plain(&self) -> bool {
        self.text.chars().count() == 1 && !self.text.is_ascii()
    }
}

pub(super) fn ascii() -> impl Iterator<Item = char> {
    (0..=0x7f_u8).map(char::from)
}

/// Whether an expression may match different strings in Envoy and in the module, because Envoy
/// counts octets and the module counts characters.
pub(super) fn counts_octets(expression: &str) -> bool {
    let ignores_case = may_set_flag(expression, 'i');
    // `follows` is true after a step that may match an octet beyond ASCII. If the next step may
    // match such an octet too, then in Envoy the two steps could match parts of the same character.
    // `groups` is a stack with two values for each open group: the value of `follows` before the
    // group, and whether `follows` was true at the end of an earlier alternative of the group.
    let mut follows = false;
    let mut groups: Vec<(bool, bool)> = Vec::new();
    for part in parts(expression) {
        match part {
            Part::Open => groups.push((follows, false)),
            Part::Or => {
                if let Some((before, ends)) = groups.last_mut() {
                    *ends |= follows;
                    follows = *before;
                } else {
                    follows = false;
                }
            }
            Part::Close { is_needed, is_free } => {
                let (before, ends) = groups.pop().unwrap_or_default();
                follows |= ends || (before && !is_needed);
                if follows && !is_free {
                    return true;
                }
            }
            Part::Step(step) => {
                let set = set(step.text, expression);
                if set.is_plain() && step.is_needed && !step.is_endless && !ignores_case {
                    continue;
                }
                if set.names_some_beyond_ascii() {
                    return true;
                }
                if !set.has_all_beyond_ascii() {
                    follows &= !step.is_needed;
                } else if !step.is_endless || (step.is_needed && follows) {
                    return true;
                } else {
                    follows |= step.is_needed;
                }
            }
        }
    }
    false
}

/// The characters that each step of an expression matches. A dot also matches a line break.
pub(super) fn sets(expression: &str) -> impl Iterator<Item = Set> {
    parts(expression).into_iter().filter_map(move |part| {
        let Part::Step(step) = part else { return None };
        Some(set(step.text, expression))
    })
}

fn set(text: &str, expression: &str) -> Set {
    let flags = match may_set_flag(expression, 'i') {
        true => "(?is)",
        false => "(?s)",
    };
    Set {
        regex: full_match(&format!("{flags}{text}")).ok(),
        text: text.to_owned(),
    }
}

fn parts(expression: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' => group_head(rest),
            '[' => class(rest),
            '\\' => escape(rest),
            _ => first.len_utf8(),
        };
        let (text, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let (is_needed, is_endless, is_once, behind) = quantifier(behind);
        rest = behind;
        match first {
            '(' if text.ends_with(')') => {} // only flags, such as `(?i)`
            '(' => parts.push(Part::Open),
            ')' => parts.push(Part::Close {
                is_needed,
                is_free: is_once || is_endless,
            }),
            '|' => parts.push(Part::Or),
            '^' | '$' => {}
            '\\' if ["\\A", "\\z", "\\b", "\\B", "\\<", "\\>"].contains(&text) => {}
            _ => parts.push(Part::Step(Step {
                text,
                is_needed,
                is_endless,
            })),
        }
    }
    parts
}

/// Splits off a step's quantifier. Returns whether the step must match, whether it may repeat
/// without limit, whether it matches at most once, and the rest of the text. For a count such as
/// `{3}`, both the second and the third value are false.
fn quantifier(text: &str) -> (bool, bool, bool, &str) {
    let (quantifier, rest) = match text.chars().next() {
        Some('*' | '+' | '?') => text.split_at(1),
        Some('{') => text.split_at(
            text.find('}')
                .map_or(text.len(), |end| end.saturating_add(1)),
        ),
        _ => return (true, false, true, text),
    };
    let rest = rest.strip_prefix('?').unwrap_or(rest);
    let (is_needed, is_endless, is_once) = match quantifier {
        "*" | "{0,}" => (false, true, false),
        "+" | "{1,}" => (true, true, false),
        "?" | "{0,1}" => (false, false, true),
        counted => (!counted.starts_with("{0"), false, false),
    };
    (is_needed, is_endless, is_once, rest)
}

/// The length of a group's head: `(`, `(?:`, `(?i:`, `(?P<name>`, or all of `(?i)`.
fn group_head(text: &str) -> usize {
    if !text.starts_with("(?") {
        return 1;
    }
    let end = text.find([')', ':', '>']);
    end.map_or(text.len(), |end| end.saturating_add(1))
}

/// The length of a character class. A `]` directly after `[` or `[^` does not end the class.
fn class(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut before = ' ';
    let mut is_escaped = false;
    let mut may_be_bracket = false;
    for (position, letter) in text.char_indices() {
        let is_first = may_be_bracket;
        may_be_bracket = false;
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => {
                depth = depth.saturating_add(1);
                may_be_bracket = true;
            }
            '^' if before == '[' => may_be_bracket = true,
            ']' if !is_first => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return position.saturating_add(1);
        }
        before = letter;
    }
    text.len()
}

/// The length of an escape: a backslash and the text that belongs to it.
fn escape(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    let Some((_, kind)) = letters.next() else {
        return text.len();
    };
    let simple = kind.len_utf8().saturating_add(1);
    match kind {
        'x' | 'u' | 'U' | 'p' | 'P' if letters.next().is_some_and(|(_, next)| next == '{') => text
            .find('}')
            .map_or(text.len(), |end| end.saturating_add(1)),
        'x' => 4,
        'u' => 6,
        'U' => 10,
        _ => simple,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_expressions_that_count_octets() {
        for expression in [
            "/..x",
            "/.x",
            "/a.b",
            "/[^a-z]{2}",
            r"/\W{2}",
            r"/\D",
            r"/\S?x",
            "/[^/]{0,8}",
            "/.{2,}",
            "/[é]x",
            "/é+",
            r"/\x{e9}",
            "(?i)/É",
            "/.+.+",
            "/[^/]+/?[^/]+",
            "/(.+|a).+",
            "/(.+|a)?.+",
            "/(.+){2}",
            "/(.+(a|)).+",
        ] {
            assert!(counts_octets(expression), "{expression}");
        }
    }

    #[test]
    fn passes_expressions_that_mean_the_same_in_octets() {
        for expression in [
            "/",
            "/.*",
            "/.+",
            "/.*.*",
            "/.+.*",
            "/[^/]+/[^/]+(/.*)?",
            r"/v[0-9]{1,3}/\d{2}/\w+/x\.y",
            "/(v1/[^/]+/x/[^/]+|v2/[^/]+)/y",
            r"^/(?P<id>[^/]+?)/\S*$",
            "/é",
            "/caf(é|e)",
            "(?i)/kelvin",
            "/[]a]+/[[:alpha:]]{2}",
            "/(?:[^/]+/)*x",
        ] {
            assert!(!counts_octets(expression), "{expression}");
        }
    }
}
