//! Scopes with parts: `zscalerbeta.net::272378::sampleRole` names a cloud, an organisation and a
//! role.
//!
//! All parts except the role are configured, so a template is two texts around the role. The text
//! between parts needs care. A reader that splits a scope at `::` must find as many parts as the
//! template has, in whichever direction it searches; otherwise a role could bring a part of its
//! own. Comparison is byte for byte: case is not folded and nothing is decoded.

use crate::template::occurrences;

/// How roles are extracted from scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructuredScopes {
    /// The text before the role.
    pub before: String,
    /// The text after the role.
    pub after: String,
    /// Each literal text of the template, and how often it occurs in a scope that matches.
    pub separators: Vec<(String, usize)>,
    /// The name of the role's placeholder.
    pub role: String,
    /// The names and values of the other placeholders.
    pub fixed: Vec<(String, String)>,
}

impl StructuredScopes {
    /// The role in a scope; `None` if the scope does not match.
    #[must_use]
    pub fn role<'s>(&self, scope: &'s str) -> Option<&'s str> {
        let role = scope.strip_prefix(self.before.as_str())?;
        let role = role.strip_suffix(self.after.as_str())?;
        let mut separators = self.separators.iter();
        let fits = !role.is_empty()
            && separators.all(|(literal, count)| occurrences(scope, literal) == *count);
        fits.then_some(role)
    }
}
