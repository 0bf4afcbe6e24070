//! Escapes strings from a token so that they are safe to print on a terminal.

use portcullis::foreign_text;

/// Escapes characters that control a terminal. Otherwise, an attacker who has made the token could
/// change what the operator sees.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::new();
    for character in text.chars() {
        if foreign_text::misleads(character) {
            foreign_text::push_number(&mut printable, character);
        } else {
            printable.push(character);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_no_character_that_a_terminal_obeys() {
        for (text, shown) in [
            ("plain Größe", "plain Größe"),
            ("\u{1b}[31m", "\\u001b[31m"),
            ("a\u{9b}2J\u{7f}", "a\\u009b2J\\u007f"),
            ("admin\u{202e}nimda", "admin\\u202enimda"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }
}
