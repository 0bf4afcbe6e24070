//! The audience of a token (RFC 7519 section 4.1.3).

use crate::{decision::Reason, policy::Audiences};

/// Checks that one of the token's audiences is accepted. The comparison is exact, code point by
/// code point.
pub(super) fn check<'a>(
    accepted: &Audiences,
    mut audiences: impl Iterator<Item = &'a str>,
) -> Result<(), Reason> {
    let Audiences::AnyOf(accepted) = accepted else {
        return Ok(());
    };
    if audiences.any(|audience| accepted.iter().any(|own| own == audience)) {
        Ok(())
    } else {
        Err(Reason::Audience)
    }
}
