//! Scopes with parts: `zscalerbeta.net::272378::sampleRole` names a cloud, an organisation and a role.
//!
//! All parts but the role are configured, so a template is two texts with the role between them. What
//! makes it more than that is the text between parts: who splits a scope at `::` must find as many
//! parts as the template has, whichever way he searches, or a role could bring a part of its own.
//! Comparison is byte for byte: no case is folded and nothing is decoded.

use crate::template::occurrences;

/// How roles are read out of scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructuredScopes {
    /// Everything before the role.
    pub before: String,
    /// Everything behind it.
    pub after: String,
    /// Each literal text of the template, and how often it occurs in a scope that fits.
    pub separators: Vec<(String, usize)>,
    /// The name of the role's placeholder.
    pub role: String,
    /// The names of the other placeholders and what they stand for.
    pub fixed: Vec<(String, String)>,
}

impl StructuredScopes {
    /// The role that a scope names, where it fits.
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
