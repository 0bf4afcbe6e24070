//! Scopes that consist of several parts. For example, `zscalerbeta.net::272378::sampleRole` names a
//! cloud, an organisation and a role.
//!
//! The operator configures a template with placeholders for the parts, and the values of all
//! placeholders except the role. So the template becomes two fixed strings: the text before the
//! role and the text after it. Each literal text of the template is a separator. A role must not
//! contain a separator. Otherwise a program that splits the scope at `::` would find more parts
//! than the template has, and could mistake a part of the role for an organisation. So each
//! separator must occur in the scope exactly as often as in the template. Overlapping occurrences
//! count too, because `:::` can be split from the left or from the right. Scopes are compared byte
//! for byte: case matters, and nothing is decoded.

use crate::template::occurrences;

/// How roles are extracted from scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructuredScopes {
    /// The text before the role.
    pub before: String,
    /// The text after the role.
    pub after: String,
    /// Each separator of the template, and the number of times that it must occur in a scope.
    pub separators: Vec<(String, usize)>,
    /// The name of the role's placeholder.
    pub role: String,
    /// The names and values of the other placeholders.
    pub fixed: Vec<(String, String)>,
}

impl StructuredScopes {
    /// Returns the role in a scope, or `None` if the scope does not match the template.
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
