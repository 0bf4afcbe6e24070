//! Detects characters that make a terminal or a web page display something other than the actual
//! text.

/// Returns true for control characters, because a terminal may execute them, and for invisible
/// characters. Some invisible characters reverse the text around them (Unicode TR 36 section 3.5).
#[must_use]
pub fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// Appends an escape sequence for the character, such as `\u202e`.
pub fn push_number(text: &mut String, character: char) {
    text.push_str(&format!("\\u{:04x}", u32::from(character)));
}
