//! The two spellings of field names: `snake_case` and `lowerCamelCase`.

/// The name of a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldName {
    /// The name in `snake_case`.
    pub(super) snake: &'static str,
    /// True if the name is also accepted in `lowerCamelCase`. This holds for the fields of
    /// `jwt_authn`, because protobuf JSON allows both spellings.
    pub(super) has_camel: bool,
    /// True if the field refuses `null`. If `null` counted as absent, more requests would pass.
    pub(super) refuses_null: bool,
}

impl FieldName {
    /// Returns the spelling in `lowerCamelCase`, if this spelling is accepted.
    pub(super) fn camel(self) -> Option<String> {
        self.has_camel.then(|| camel_case(self.snake))
    }

    /// Returns true if `written` is an accepted spelling of the name.
    pub(super) fn is(self, written: &str) -> bool {
        self.snake == written || self.is_camel(written)
    }

    /// Returns true if `written` is the `lowerCamelCase` form of the name and this form is
    /// accepted.
    #[inline(never)]
    pub(super) fn is_camel(self, written: &str) -> bool {
        self.has_camel && letters(self.snake).eq(written.chars())
    }
}

/// Converts a name to the `lowerCamelCase` of protobuf JSON.
pub fn camel_case(snake: &str) -> String {
    letters(snake).collect()
}

fn letters(snake: &str) -> impl Iterator<Item = char> {
    let mut begins_word = false;
    snake.chars().filter_map(move |letter| {
        let is_capital = core::mem::replace(&mut begins_word, letter == '_');
        match letter {
            '_' => None,
            letter if is_capital => Some(letter.to_ascii_uppercase()),
            letter => Some(letter),
        }
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn capitalizes_each_word_after_the_first() {
        for (snake, camel) in [
            ("issuer", "issuer"),
            ("claim_to_headers", "claimToHeaders"),
            ("google_re2", "googleRe2"),
        ] {
            assert_eq!(camel_case(snake), camel);
        }
    }

    #[test]
    fn accepts_camel_case_only_for_fields_of_jwt_authn() {
        let name = |has_camel| FieldName {
            snake: "max_lifetime",
            has_camel,
            refuses_null: false,
        };
        assert!(name(true).is_camel("maxLifetime"));
        for written in ["max_lifetime", "MaxLifetime", "maxlifetime", "maxLifetimes"] {
            assert!(!name(true).is_camel(written), "{written}");
        }
        assert!(!name(false).is_camel("maxLifetime"));
    }
}
