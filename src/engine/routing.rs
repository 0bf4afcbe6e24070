//! Which rule a request is for, however its path is read.

use crate::{
    config::{Config, PathPolicy},
    policy::{
        Rule,
        path::{self, Ambiguity, Target},
    },
    request::Request,
};

/// A rule and its place among the rules.
type Placed<'c> = (usize, &'c Rule);

/// The first rule for the request, and its split path. With `path_policy: reject`, a path that
/// could be read in two ways is an error.
pub(super) fn route<'a, 'c>(
    config: &'c Config,
    request: &Request<'a>,
) -> Result<(Option<Target<'a>>, Option<Placed<'c>>), Ambiguity> {
    let Some(raw) = request.target() else {
        return Ok((None, first_match(config, request, None)));
    };
    // Refused in every mode: no rule can be chosen for what is no text.
    let target = Target::new(str::from_utf8(raw).map_err(|_| Ambiguity::NotText)?);
    let rule = first_match(config, request, Some(target));
    if config.path_policy == PathPolicy::Reject {
        path::ambiguity(target.path).map_or(Ok(()), Err)?;
        let same = |path: &str, otherwise| {
            let other = Target { path, ..target };
            let is_same = path == target.path || leads_to(config, request, other, rule)?;
            if is_same { Ok(()) } else { Err(otherwise) }
        };
        // An upstream may decode the path, and then leave its parameters out.
        let decoded = path::normal_encoding(target.path);
        same(&decoded, Ambiguity::Encoding)?;
        if decoded.contains(';') {
            same(&path::without_parameters(&decoded), Ambiguity::Parameter)?;
        }
    }
    Ok((Some(target), rule))
}

/// Whether another reading of the target leads to the same rule.
fn leads_to(
    config: &Config,
    request: &Request<'_>,
    target: Target<'_>,
    rule: Option<Placed<'_>>,
) -> Result<bool, Ambiguity> {
    path::ambiguity(target.path).map_or(Ok(()), Err)?;
    let other = first_match(config, request, Some(target));
    Ok(rule.map(|(place, _)| place) == other.map(|(place, _)| place))
}

fn first_match<'c>(
    config: &'c Config,
    request: &Request<'_>,
    target: Option<Target<'_>>,
) -> Option<Placed<'c>> {
    let mut rules = config.rules.iter().enumerate();
    rules.find(|(_, rule)| rule.route.matches(request, target))
}
