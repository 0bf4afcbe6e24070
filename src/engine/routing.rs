//! The rule for a request, however servers read its path.

use crate::{
    config::Config,
    decision::Reason,
    http::{
        Request, method,
        path::{Readings, Target, readings},
    },
    policy::{PathPolicy, Rule, Unclear, authority},
};

/// A rule and its index.
type Placed<'c> = (usize, &'c Rule);

/// The first rule that matches the request, and its split path. With `path_policy: reject`, a
/// request that servers could read in two ways is an error.
pub(super) fn route<'a, 'c>(
    config: &'c Config,
    request: &Request<'a>,
) -> Result<(Option<Target<'a>>, Option<Placed<'c>>), Reason> {
    let rejects = config.path_policy == PathPolicy::Reject;
    if rejects {
        refuse_head(request)?;
    }
    let Some(raw) = request.target() else {
        return Ok((None, first_match(config, request, None)?));
    };
    // Refused in every mode, since no rule can match bytes that are not text.
    let target = Target::new(str::from_utf8(raw).map_err(|_| Reason::AmbiguousPath)?);
    // This precedes all regular expressions, because their running time grows with the path.
    if target.path.len() > config.limits.path_bytes {
        return Err(Reason::PathTooLong);
    }
    let others = match rejects {
        true => readings(target.path).map_err(|_| Reason::AmbiguousPath)?,
        false => Readings::default(),
    };
    let rule = first_match(config, request, Some(target))?;
    // An upstream may decode the path, and then drop its parameters or truncate it.
    for path in others.iter() {
        let other = first_match(config, request, Some(Target { path, ..target }))?;
        if other.map(|(place, _)| place) != rule.map(|(place, _)| place) {
            return Err(Reason::AmbiguousPath);
        }
    }
    Ok((Some(target), rule))
}

/// Refuses a method or an authority by which no rule can be chosen safely.
fn refuse_head(request: &Request<'_>) -> Result<(), Reason> {
    for (name, value) in request.headers() {
        match *name {
            b":method" if method::is_misspelt(value) => {
                return Err(Reason::AmbiguousMethod);
            }
            b":authority" | b"host" if authority::is_ambiguous(value) => {
                return Err(Reason::AmbiguousAuthority);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The first rule that matches the request, if no earlier rule could match it too. Not inlined,
/// because a copy for each caller would add a kilobyte to the module.
#[inline(never)]
fn first_match<'c>(
    config: &'c Config,
    request: &Request<'_>,
    target: Option<Target<'_>>,
) -> Result<Option<Placed<'c>>, Reason> {
    for (place, rule) in config.rules.iter().enumerate() {
        if rule.route.matches(request, target, config.path_policy)? {
            return Ok(Some((place, rule)));
        }
    }
    Ok(None)
}

impl From<Unclear> for Reason {
    fn from(unclear: Unclear) -> Self {
        match unclear {
            Unclear::Authority => Self::AmbiguousAuthority,
            Unclear::Header => Self::AmbiguousHeader,
            Unclear::Method => Self::AmbiguousMethod,
            // The whole target is refused: clients do not distinguish path and query.
            Unclear::Parameter => Self::AmbiguousPath,
        }
    }
}
