//! The syntax of credentials in headers, parameters and cookies.

use crate::{
    http::octets::{Octets, octets},
    policy::{Scheme, basic::ClientCredentials},
};

use super::{CredentialError, text::TokenText};

/// The text of a credential, or the reason why the credential cannot be used.
pub(super) type Text<'a> = Result<TokenText<'a>, CredentialError>;

/// Parses a value that consists of a scheme, one or more spaces, and a token68. Returns `None` if
/// the value has another scheme. The scheme is case-insensitive (RFC 9110 §11.1).
pub(super) fn token_of<'a>(
    scheme: Scheme,
    value: &'a [u8],
    is_known: &mut dyn FnMut(&'a [u8]) -> bool,
) -> Option<Text<'a>> {
    let name = scheme.name();
    let (written, rest) = value.split_at_checked(name.len())?;
    if !written.eq_ignore_ascii_case(name.as_bytes())
        || rest
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    {
        return None;
    }
    if rest.first() != Some(&b' ') {
        return Some(Err(CredentialError::Malformed));
    }
    let spaces = rest.iter().take_while(|octet| **octet == b' ').count();
    let rest = rest.get(spaces..).unwrap_or_default();
    if scheme == Scheme::Bearer && is_known(rest) {
        return Some(Ok(TokenText::known(rest)));
    }
    let token = text(rest).and_then(token68);
    Some(token.and_then(|token| match scheme {
        Scheme::Basic if ClientCredentials::parse(token).is_none() => {
            Err(CredentialError::Malformed)
        }
        _ => Ok(TokenText::checked(token)),
    }))
}

/// Finds the start of a token as `jwt_authn` does. The prefix may be anywhere in the value, and the
/// token begins at the first base64url character or dot after the prefix. Unlike in `jwt_authn`,
/// the token always extends to the end of the value. Returns `None` if the value does not contain
/// the prefix. If the value contains the prefix twice, it counts as two credentials: Envoy joins
/// several `Authorization` lines into one, and other proxies join the lines of any header.
pub(super) fn prefixed_token<'a>(
    value: &'a [u8],
    prefix: &str,
) -> Option<Result<&'a str, CredentialError>> {
    let Ok(value) = text(value) else {
        return Some(Err(CredentialError::Malformed));
    };
    if prefix.is_empty() {
        return Some(Ok(value));
    }
    let (_, rest) = value.split_once(prefix)?;
    let is_token_char =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    let token = rest.trim_start_matches(|char| !is_token_char(char));
    Some(if token.contains(prefix) {
        Err(CredentialError::Several)
    } else {
        Ok(token)
    })
}

/// Returns the text if it is a token68 (RFC 9110 §11.2).
pub(super) fn token68(text: &str) -> Result<&str, CredentialError> {
    let body = text.trim_end_matches('=');
    if !body.is_empty() && is_token68(body.as_bytes()) {
        Ok(text)
    } else {
        Err(CredentialError::Malformed)
    }
}

/// Returns true if every octet of `text` is allowed in a token68. For speed, the loop checks eight
/// octets at a time. This function runs for every bearer token that was not verified before.
fn is_token68(text: &[u8]) -> bool {
    let own = |octet: u8| TOKEN68.contains(octet);
    let (chunks, rest) = text.as_chunks::<8>();
    let all = |[a, b, c, d, e, f, g, h]: [u8; 8]| {
        own(a) & own(b) & own(c) & own(d) & own(e) & own(f) & own(g) & own(h)
    };
    chunks.iter().all(|chunk| all(*chunk)) && rest.iter().all(|octet| own(*octet))
}

/// The octets that a `token68` may contain, except its padding.
static TOKEN68: Octets = octets!(|octet| {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
});

pub(super) fn text(bytes: &[u8]) -> Result<&str, CredentialError> {
    str::from_utf8(bytes).map_err(|_| CredentialError::Malformed)
}

/// Splits a pair `name=value` of a `Cookie` header. Removes spaces around the name and the value,
/// and quotes around the value (RFC 6265 §4.1.1).
pub(super) fn cookie_pair(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let pair = pair.trim_ascii();
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (name, rest) = pair.split_at_checked(equals)?;
    let value = rest.get(1..)?;
    let unquoted = value
        .strip_prefix(b"\"")
        .and_then(|inner| inner.strip_suffix(b"\""));
    Some((name.trim_ascii(), unquoted.unwrap_or(value)))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// `token68` checks eight octets at a time. An invalid octet must be found, whatever its position.
    #[test]
    fn no_octet_of_a_token_may_be_outside_token68() {
        for length in 1..=20 {
            let token = "a".repeat(length);
            assert_eq!(token68(&token), Ok(&*token));
            for place in 0..length {
                let mut token = token.clone();
                token.replace_range(place..=place, ",");
                let found = token68(&token);
                assert_eq!(found, Err(CredentialError::Malformed), "{token}");
            }
        }
    }
}
