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
    engine::other_readings::OtherReadings,
    http::{Request, path::Target},
    policy::Comparison,
};

/// The maximum number of evaluations for each reading, if a rule matches MCP calls: one finds the
/// first matching rule, and two find the rules of the MCP endpoint.
const EVALUATIONS_WITH_CALLS: usize = 3;

/// Refuses a request if the rules would have to be compared with too much text. The limit does not
/// apply to a path with only one reading: `limits.path_bytes` already limits its length, and each
/// condition on the query checks the length of the query.
///
/// The limit on the text that all evaluations together compare is [`Comparison::total_bytes`]. It
/// applies to the target of the request, and separately to its headers.
pub(super) fn limit(
    config: &Config,
    request: &Request<'_>,
    target: Target<'_>,
    others: &OtherReadings,
    comparison: &Comparison,
) -> Result<(), Reason> {
    let path_bytes = config.limits.path_bytes;
    // The normal spelling of a path can be three times as long as the path.
    if others.paths.iter().any(|path| path.len() > path_bytes) {
        return Err(Reason::PathTooLong);
    }
    let queries = others.hidden_queries.len().saturating_add(1);
    let repetitions = others.paths.iter().count().saturating_mul(queries);
    if repetitions == 0 {
        return Ok(());
    }
    let evaluations =
        repetitions
            .saturating_add(1)
            .saturating_mul(match config.rules.match_calls() {
                true => EVALUATIONS_WITH_CALLS,
                false => 1,
            });
    let total = comparison.total_bytes();
    let is_too_long = |length: usize| length.saturating_mul(evaluations) > total;
    let query = match config.rules.read_query() {
        true => request.query().cost_with_plus(),
        false => 0,
    };
    if is_too_long(query.saturating_add(target.path.len())) {
        return Err(Reason::PathTooLong);
    }
    let lengths = config
        .rules
        .compared_headers()
        .map(|name| length(request, name));
    if is_too_long(lengths.sum()) {
        return Err(Reason::HeaderTooLong);
    }
    Ok(())
}

/// The length of the texts that a condition on this header is compared with. Several lines are also
/// joined in four ways.
fn length(request: &Request<'_>, name: &str) -> usize {
    let lines = || request.values(name);
    let length: usize = lines().map(<[u8]>::len).sum();
    match lines().nth(1) {
        Some(_) => length.saturating_mul(5),
        None => length,
    }
}
