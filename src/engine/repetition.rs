//! Limits how much text is compared with the rules for one request.
//!
//! If servers could read the path of a request in several ways, the rules are evaluated for each
//! reading, and once more for each query that the path hides ([`hidden_query`](super::hidden_query)).
//! Each evaluation compares the path, the query and the headers again. Without a limit, a client
//! without a token could keep a worker busy for hundreds of milliseconds with 8 kB: it would encode
//! characters of the path, which multiplies the readings, and send a long header for a regular
//! expression.

use crate::{
    config::Config,
    decision::Reason,
    http::{
        Request,
        path::{Readings, Target},
    },
};

/// All evaluations together compare at most this many times `limits.path_bytes` of the request's
/// target, and as many of its headers.
const FACTOR: usize = 4;

/// Refuses a request if the rules would have to be compared with too much text. `hidden` are the
/// queries that the path hides, and `others` are the other readings of the path. The limit does not
/// apply to a path with only one reading: `limits.path_bytes` already limits its length.
pub(super) fn limit(
    config: &Config,
    request: &Request<'_>,
    (target, hidden, others): (Target<'_>, &[String], &Readings),
) -> Result<(), Reason> {
    let others = || others.iter();
    let path_bytes = config.limits.path_bytes;
    // The normal spelling of a path can be three times as long as the path.
    if others().any(|path| path.len() > path_bytes) {
        return Err(Reason::PathTooLong);
    }
    let repetitions = hidden
        .len()
        .saturating_add(1)
        .saturating_mul(others().count());
    if repetitions == 0 {
        return Ok(());
    }
    let is_too_long = |length: usize| {
        length.saturating_mul(repetitions.saturating_add(1)) > path_bytes.saturating_mul(FACTOR)
    };
    let query = target.query.filter(|_| config.rules.read_query());
    if is_too_long(query.map_or(0, str::len).saturating_add(target.path.len())) {
        return Err(Reason::PathTooLong);
    }
    let own =
        |name: &[u8]| (config.rules.headers().iter()).any(|own| own.as_str().as_bytes() == name);
    let lines = request.headers().iter().filter(|(name, _)| own(name));
    if is_too_long(lines.map(|(_, line)| line.len()).sum()) {
        return Err(Reason::HeaderTooLong);
    }
    Ok(())
}
