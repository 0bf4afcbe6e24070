//! Finds the rule for a request. Servers may read a path in several ways; the same rule must apply
//! to each reading.

use crate::{
    config::Config,
    decision::Reason,
    engine::resources::Place,
    http::{
        Request, method,
        path::{Readings, Target, readings},
    },
    policy::{PathPolicy, Rule, RuleIndex, Unclear, authority},
};

/// A rule and its index.
type Placed<'c> = (usize, &'c Rule);

/// The request's path and query, the rule that matches, and how the path relates to the protected
/// resources.
type Routed<'a, 'c> = (Option<Target<'a>>, Option<Placed<'c>>, Place);

/// Finds the rule and the protected resource of a request. With `path_policy: reject`, a request
/// that servers could read in two ways is an error.
pub(super) fn route<'a, 'c>(
    (config, index): (&'c Config, &RuleIndex),
    request: &Request<'a>,
) -> Result<Routed<'a, 'c>, Reason> {
    let rejects = config.path_policy == PathPolicy::Reject;
    if rejects {
        refuse_head(request)?;
    }
    let Some(raw) = request.target() else {
        let rule = first_match((config, index), request, None)?;
        return Ok((None, rule, Place::default()));
    };
    // This is refused under every `path_policy`, because no rule can match bytes that are not
    // UTF-8.
    let target = Target::new(str::from_utf8(raw).map_err(|_| Reason::AmbiguousPath)?);
    // The length is checked before any regular expression runs, because the running time of regular
    // expressions grows with the path.
    if target.path.len() > config.limits.path_bytes {
        return Err(Reason::PathTooLong);
    }
    let others = match rejects {
        true => readings(target.path).map_err(|_| Reason::AmbiguousPath)?,
        false => Readings::default(),
    };
    let rule = first_match((config, index), request, Some(target))?;
    let place = Place::of(config, request, target.path);
    // An upstream may decode the path, drop its parameters or truncate it. The same rule must match
    // in each case. The path must also belong to the same resource in each case: otherwise a token
    // for one resource could be used at another.
    for path in others.iter() {
        let other = first_match((config, index), request, Some(Target { path, ..target }))?;
        if other.map(|(number, _)| number) != rule.map(|(number, _)| number)
            || Place::of(config, request, path) != place
        {
            return Err(Reason::AmbiguousPath);
        }
    }
    Ok((Some(target), rule, place))
}

/// Refuses a request whose method or authority is too ambiguous to choose a rule.
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

/// Returns the first rule that matches the request, or an error if it is unclear whether a rule
/// matches. Not inlined, because a copy for each caller would add a kilobyte to the module.
#[inline(never)]
fn first_match<'c>(
    (config, index): (&'c Config, &RuleIndex),
    request: &Request<'_>,
    target: Option<Target<'_>>,
) -> Result<Option<Placed<'c>>, Reason> {
    for place in index.candidates(target.map(|target| target.path)) {
        if let Some(rule) = config.rules.get(place)
            && rule.route.matches(request, target, config.path_policy)?
        {
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
            // `AmbiguousPath` covers the query too.
            Unclear::Parameter => Self::AmbiguousPath,
        }
    }
}
