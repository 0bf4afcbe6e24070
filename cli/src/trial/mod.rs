//! Decides on single requests without a proxy, for the commands `decide`, `test` and `explain` and for
//! the playground.

mod decision_line;
mod request_line;

use std::collections::BTreeMap;

use serde_json::Value;

use portcullis::{
    certificate_digest::CertificateDigest,
    connection::{Connection, PeerName, Refused},
    decision::{Decision, Denial, HeaderEdit, Reason, StateEntry, edited},
    engine::{Engine, Patience},
    http::{Request, Response},
    policy::{ProtectedResource, RuleId},
    time::UnixMillis,
};

pub(crate) use self::{
    decision_line::DecisionLine,
    request_line::{PeerCertificate, RequestLine},
};

/// A stand-in for Envoy. It provides only what one input line has: the filter state and the peer's
/// certificate.
struct LineHost<'a> {
    filter_state: &'a BTreeMap<String, String>,
    certificate: &'a PeerCertificate,
}

impl<'a> LineHost<'a> {
    const fn of(line: &'a RequestLine) -> Self {
        Self {
            filter_state: &line.filter_state,
            certificate: &line.certificate,
        }
    }
}

impl Connection for LineHost<'_> {
    fn client_certificate_digest(&self) -> Option<CertificateDigest> {
        self.certificate.digest
    }

    fn peer_name(&self, kind: PeerName) -> Option<String> {
        let mut names = self.certificate.names.iter();
        let (_, name) = names.find(|(own, _)| *own == kind)?;
        Some(name.clone())
    }

    fn filter_state(&self, name: &str) -> Result<Option<Vec<u8>>, Refused> {
        Ok(self
            .filter_state
            .get(name)
            .map(|value| value.clone().into_bytes()))
    }
}

/// Returns the index of the rule that a request matches.
pub(crate) fn rule(engine: &Engine, line: &RequestLine) -> Option<usize> {
    let host = LineHost::of(line);
    with_request(line, |request| engine.rule(request, &host)).map(RuleId::index)
}

/// The protected resources that a request reaches: the resource that the request belongs to, and
/// the resources that the request may reach although it names another host. A token that is meant
/// only for other resources is refused.
pub(crate) type Reached<'a> = (Option<&'a ProtectedResource>, Vec<&'a ProtectedResource>);

/// Returns the protected resources that a request reaches.
pub(crate) fn resources<'a>(engine: &'a Engine, line: &RequestLine) -> Reached<'a> {
    let host = LineHost::of(line);
    with_request(line, |request| engine.resources(request, &host))
}

/// Calls `read` with the request as the engine sees it.
pub(crate) fn with_request<T>(line: &RequestLine, read: impl FnOnce(&Request<'_>) -> T) -> T {
    let headers = line.all_headers();
    let pairs = headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    read(&Request::new(pairs.collect()))
}

/// Decides on one request.
pub(crate) fn decide(engine: &Engine, line: &RequestLine, now: UnixMillis) -> DecisionLine {
    with_request(line, |request| decide_on(request, engine, line, now))
}

fn decide_on(
    request: &Request<'_>,
    engine: &Engine,
    line: &RequestLine,
    now: UnixMillis,
) -> DecisionLine {
    let id = line.id.clone();
    let provider = |id| {
        engine
            .config()
            .provider(id)
            .map(|provider| provider.name.clone())
    };
    let policy = line
        .route_metadata
        .as_ref()
        .map(|metadata| engine.config().route_policy(metadata));
    let host = LineHost::of(line);
    let decided = engine.decide(request, policy.as_ref(), now, Patience::Exhausted, &host);
    let mut decision = match decided.decision {
        Decision::Permit(permit) => {
            let (forwarded_headers, removed_headers) = apply(request, &permit.edits);
            DecisionLine {
                id,
                decision: "allow",
                status: 200,
                reason: permit
                    .reason
                    .shadowed()
                    .map_or(permit.reason.label(), Reason::label),
                provider: permit.provider.and_then(provider),
                response_headers: vec![],
                forwarded_headers,
                removed_headers,
                rule: None,
                denied: permit.reason.shadowed(),
                set_headers: set_headers(&permit.edits),
                filter_state: filter_state(&permit.exports),
            }
        }
        Decision::Deny(denial) => denied(engine, id, &denial),
        Decision::Report(format) => served(id, "status", engine.report(format, now, &[])),
        Decision::Serve(response) => served(id, "resource_metadata", response),
        // This is not expected, because the engine was asked to decide without waiting for keys. If
        // it happens anyway, the request must not pass.
        Decision::AwaitKeys(_) => denied(engine, id, &Denial::keys_unavailable()),
    };
    decision.rule = engine.rule(request, &host).map(RuleId::index);
    decision
}

/// The output line for a request that Portcullis itself answers, with its status page or with the
/// metadata of a protected resource.
fn served(id: Value, reason: &'static str, response: Response) -> DecisionLine {
    DecisionLine {
        id,
        decision: "allow",
        status: response.status,
        reason,
        provider: None,
        response_headers: response.headers,
        forwarded_headers: vec![],
        removed_headers: vec![],
        rule: None,
        denied: None,
        set_headers: vec![],
        filter_state: BTreeMap::new(),
    }
}

fn denied(engine: &Engine, id: Value, denial: &Denial) -> DecisionLine {
    let response = engine.response(denial);
    let provider = denial.provider.and_then(|id| engine.config().provider(id));
    DecisionLine {
        id,
        decision: "deny",
        status: response.status,
        reason: denial.reason.label(),
        provider: provider.map(|provider| provider.name.clone()),
        response_headers: response.headers,
        forwarded_headers: vec![],
        removed_headers: vec![],
        rule: None,
        denied: Some(denial.reason),
        set_headers: vec![],
        filter_state: filter_state(&denial.exports),
    }
}

/// Returns the entries of the filter state. Each key has the prefix `wasm.`, as in the proxy-wasm
/// module. In the dynamic module, the keys do not have this prefix.
fn filter_state(entries: &[StateEntry]) -> BTreeMap<String, String> {
    let named = |entry: &StateEntry| {
        let key = format!("wasm.{}", entry.key.as_str());
        (key, entry.value.text().into_owned())
    };
    entries.iter().map(named).collect()
}

/// Returns the headers after the edits, and the names of the removed headers.
fn apply(request: &Request<'_>, edits: &[HeaderEdit]) -> (Vec<(String, String)>, Vec<String>) {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let forwarded = edited(request.headers(), edits);
    let names = request.headers().iter().map(|(name, _)| name);
    let mut removed: Vec<String> = names
        .filter(|name| forwarded.iter().all(|(own, _)| own != *name))
        .map(|name| text(name))
        .collect();
    removed.dedup();
    let forwarded = forwarded.iter();
    let forwarded = forwarded.map(|(name, value)| (text(name), text(value)));
    (forwarded.collect(), removed)
}

/// The names of the headers that the edits set.
fn set_headers(edits: &[HeaderEdit]) -> Vec<String> {
    let names = edits.iter().filter_map(|edit| match edit {
        HeaderEdit::Set(name, _) => Some(name.to_string()),
        HeaderEdit::Remove(_) => None,
    });
    names.collect()
}
