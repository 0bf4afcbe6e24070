//! The text of a credential.

use core::fmt;

/// The text of a token or of a client's secret, as the client sent it.
///
/// If the text is in the cache of verified tokens, its syntax is not checked again. For most
/// requests, this saves two passes over the token.
#[derive(Clone, Copy)]
pub struct TokenText<'a>(Form<'a>);

#[derive(Clone, Copy)]
enum Form<'a> {
    /// The syntax of this text has been checked.
    Checked(&'a str),
    /// These octets equal the text of a token that was verified before.
    Known(&'a [u8]),
}

impl<'a> TokenText<'a> {
    /// Wraps a string whose syntax has been checked.
    pub(super) const fn checked(text: &'a str) -> Self {
        Self(Form::Checked(text))
    }

    /// Wraps octets that equal the text of a token that was verified before.
    pub(super) const fn known(octets: &'a [u8]) -> Self {
        Self(Form::Known(octets))
    }

    /// Returns true if the text is known to equal the text of a token that was verified before.
    #[must_use]
    pub const fn is_known(self) -> bool {
        matches!(self.0, Form::Known(_))
    }

    /// The text as a string.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        match self.0 {
            Form::Checked(text) => text,
            // The octets equal a token's text, so they are UTF-8. If they were not, the result
            // would be the empty string, which is not accepted as a token.
            Form::Known(octets) => str::from_utf8(octets).unwrap_or_default(),
        }
    }

    /// The octets of the text.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        match self.0 {
            Form::Checked(text) => text.as_bytes(),
            Form::Known(octets) => octets,
        }
    }

    /// Returns true if both values refer to the same bytes of the request. For two copies of a
    /// token in different places of a request, the result is false.
    #[must_use]
    pub fn is_same_part(self, other: Self) -> bool {
        core::ptr::eq(self.as_bytes(), other.as_bytes())
    }
}

impl PartialEq for TokenText<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for TokenText<'_> {}

/// Omits the text, which may be a secret.
impl fmt::Debug for TokenText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenText").finish_non_exhaustive()
    }
}
