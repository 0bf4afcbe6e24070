//! Refuses paths that hide a query behind an encoded `?`. A proxy behind Envoy may decode such a
//! path, so that the upstream reads a query that Envoy did not see.

use crate::{
    config::Config,
    decision::Reason,
    engine::{
        first_match::{Matched, first_match},
        other_readings::OtherReadings,
    },
    http::{
        Request,
        path::{Target, decoded_queries},
    },
    policy::{Places, mcp::McpCall},
};

/// Refuses a path with a token after an encoded `?`. If a proxy behind Envoy decodes the path, the
/// upstream finds a second token, which was not verified.
pub(super) fn refuse_token(config: &Config, target: Target<'_>) -> Result<(), Reason> {
    // A later check finds tokens in the query that was sent, so only the path matters here.
    let query = None;
    for hidden in decoded_queries(Target { query, ..target }) {
        if Places::any_reads_query(&config.places, &hidden) {
            return Err(Reason::AmbiguousPath);
        }
    }
    Ok(())
}

/// Refuses a path with an encoded `?` or `#` if a different rule would match after a proxy has
/// decoded the path. Decoding the path changes the query that the upstream reads. Without this
/// check, `/q%3Fmode=admin` would evade a rule for the parameter `mode`.
///
/// `rule` is the rule that matches the request as it was sent.
pub(super) fn refuse_query<'c>(
    config: &'c Config,
    request: &Request<'_>,
    target: Target<'_>,
    others: &OtherReadings,
    call: Option<&McpCall<'_>>,
    rule: Option<Matched<'c>>,
) -> Result<(), Reason> {
    for hidden in &others.hidden_queries {
        let text = format!("{}?{hidden}", target.path);
        let request = request.with_target(text.as_bytes());
        // Each of these requests has its own limit on compared text, as if it had been sent.
        let comparison = config.comparison();
        for path in others.paths.iter() {
            let query = Some(&**hidden);
            let target = Some(Target { path, query });
            let other = first_match(config, &request, target, call, &comparison)?;
            if other != rule {
                return Err(Reason::AmbiguousPath);
            }
        }
    }
    Ok(())
}
