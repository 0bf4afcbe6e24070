//! The request of the current context: read it, decide on it, carry the decision out.

use proxy_wasm::types::MapType;

use crate::{
    decision::{Decision, Denial, HeaderEdit, Permit, PermitReason, Reason, StateEntry},
    engine::{Engine, Patience},
    filter::{
        abi::{self, Status},
        answers::{Answer, Answers},
        gate::Gate,
        pairs,
        proxy::Proxy,
    },
    gate::{DecisionMetrics, LogLevel, RoutePolicies},
    http::{Format, Request},
    time::UnixMillis,
};

/// What has become of a request.
#[derive(Debug)]
pub(super) enum Fate {
    /// It was answered, or cannot be answered and must not go on.
    Answered,
    /// It may go on; its headers are edited.
    Passes,
    /// It waits for keys behind a gate.
    Waits(Gate),
}

/// Decides on the request of the current context. Where the host does not hand it over, or not
/// what its route says, it is refused.
pub(super) fn decide(
    engine: &Engine,
    policies: &mut RoutePolicies,
    now: UnixMillis,
    patience: Patience,
) -> Decision {
    let map = abi::header_map(MapType::HttpRequestHeaders).unwrap_or_default();
    let policy = policies.current(engine.config(), now, &Proxy, &Proxy);
    let (Some(headers), Ok(policy)) = (pairs::decode(&map), policy) else {
        return Decision::Deny(Denial::new(Reason::HostFailure));
    };
    let request = Request::new(headers);
    engine.decide(&request, policy.as_deref(), now, patience, &Proxy)
}

/// Edits the request of the current context as a permit says. An edit that the host refuses would
/// leave an untrusted header in place, or other filters without what they decide by, so the request
/// is answered instead.
pub(super) fn pass(
    engine: &Engine,
    metrics: &DecisionMetrics,
    answers: &Answers,
    permit: &Permit,
) -> Fate {
    if apply(permit).is_err() {
        let denial = Denial::new(Reason::HostFailure);
        return refuse(engine, metrics, answers, &denial);
    }
    metrics.permitted(permit, &Proxy);
    if let PermitReason::Shadow(denial) = &permit.reason {
        abi::log(
            LogLevel::Info,
            &format!(
                "portcullis: would have denied a request: {}",
                denial.reason.label()
            ),
        );
    }
    Fate::Passes
}

/// Answers the request of the current context.
pub(super) fn refuse(
    engine: &Engine,
    metrics: &DecisionMetrics,
    answers: &Answers,
    denial: &Denial,
) -> Fate {
    metrics.denied(denial.reason, &Proxy);
    // For the access log alone: the request goes no further.
    let _ = export(&denial.exports);
    said(answers.send(engine, denial))
}

/// What has become of a request that is answered, as far as the host lets it be.
fn said(sent: Result<(), Status>) -> Fate {
    if sent.is_err() {
        abi::log(
            LogLevel::Error,
            "portcullis: the proxy refuses proxy_send_local_response; allow it in \
             capability_restriction_config",
        );
    }
    Fate::Answered
}

/// Answers the request of the current context with how the authorization servers stand.
pub(super) fn report(
    engine: &Engine,
    metrics: &DecisionMetrics,
    answers: &Answers,
    format: Format,
) -> Fate {
    let Ok(now) = Proxy::now() else {
        let denial = Denial::new(Reason::HostFailure);
        return refuse(engine, metrics, answers, &denial);
    };
    let counts = match format {
        Format::Html => metrics.counts(&Proxy),
        Format::Json => Vec::new(),
    };
    said(Answer::from(&engine.report(format, now, &counts)).send())
}

/// Removes from the current request's trailers what only this module may set.
///
/// # Errors
/// When the host does not return the trailers, or refuses an edit: they may still hold a forged
/// identity.
pub(super) fn clean_trailers(engine: &Engine) -> Result<(), Status> {
    const TRAILERS: MapType = MapType::HttpRequestTrailers;
    if engine.config().owned_headers.is_empty() {
        return Ok(());
    }
    let map = abi::header_map(TRAILERS)?;
    if map.is_empty() {
        return Ok(());
    }
    let trailers = pairs::decode(&map).ok_or(Status::PARSE_FAILURE)?;
    let edits = engine.trailer_removals(&trailers);
    edits.iter().try_for_each(|edit| match edit {
        HeaderEdit::Remove(name) | HeaderEdit::Set(name, _) => abi::remove_from(TRAILERS, name),
    })
}

fn apply(permit: &Permit) -> Result<(), Status> {
    export(&permit.exports)?;
    permit.edits.iter().try_for_each(|edit| match edit {
        HeaderEdit::Remove(name) => abi::remove_from(MapType::HttpRequestHeaders, name),
        HeaderEdit::Set(name, value) => abi::replace_request_header(name, value),
    })?;
    if permit.clears_route_cache {
        let cleared = abi::call_foreign_function("clear_route_cache", &[]);
        // A host without that function clears on each edit.
        if permit.edits.is_empty() {
            cleared?;
        }
    }
    Ok(())
}

fn export(entries: &[StateEntry]) -> Result<(), Status> {
    entries
        .iter()
        .try_for_each(|entry| abi::set_property(entry.key.as_str(), entry.value.as_bytes()))
}
