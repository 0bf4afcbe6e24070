//! `portcullis decide`: reads requests from standard input, and prints a decision on each.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    accepted,
    input::{self, KeySetFile},
    outcome::{Exit, Failure},
    redact::redacted,
};
use portcullis::{
    connection::{Connection, PeerName, Refused},
    decision::{Decision, Denial, HeaderEdit, Reason, StateEntry, edited},
    engine::{Engine, Patience},
    http::{Request, Response},
    policy::{HeaderPlace, Places, ProtectedResource},
    time::UnixMillis,
};

/// One request, as a line of the input.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestLine {
    #[serde(default)]
    id: Value,
    #[serde(default = "get")]
    method: String,
    path: Option<String>,
    pub(super) authority: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// The route's metadata in the namespace `portcullis`.
    pub(super) route_metadata: Option<Value>,
    /// The filter state that other filters have written.
    #[serde(default)]
    pub(super) filter_state: BTreeMap<String, String>,
    /// The certificate of the connection's peer. Only policy tests set it.
    #[serde(skip)]
    pub(super) certificate: PeerCertificate,
}

/// The certificate of a connection's peer. All fields are empty if the peer has no certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PeerCertificate {
    pub(super) digest: Option<[u8; 32]>,
    pub(super) names: Vec<(PeerName, String)>,
}

/// One decision, as a line of the output.
#[derive(Debug, Serialize)]
pub(super) struct DecisionLine {
    id: Value,
    pub(super) decision: &'static str,
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) provider: Option<String>,
    pub(super) response_headers: Vec<(&'static str, String)>,
    /// All headers that the upstream would receive; empty if the request is not forwarded.
    pub(super) forwarded_headers: Vec<(String, String)>,
    /// The names of headers that the client sent and that do not reach the upstream.
    pub(super) removed_headers: Vec<String>,
    /// The index of the rule that the request matches.
    #[serde(skip)]
    pub(super) rule: Option<usize>,
    /// Why the request is denied, or would be denied outside shadow mode.
    #[serde(skip)]
    pub(super) denied: Option<Reason>,
    /// The names of headers that Portcullis has set or changed.
    #[serde(skip)]
    pub(super) set_headers: Vec<String>,
    /// The filter state that the filters behind Portcullis would see.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    filter_state: BTreeMap<String, String>,
}

impl RequestLine {
    pub(super) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: Some(path.to_owned()),
            ..Self::default()
        }
    }

    pub(super) fn add_header(&mut self, name: &str, value: String) {
        self.headers.push((name.to_owned(), value));
    }

    /// Adds a name-value pair to the query. The pair must be percent-encoded already.
    fn add_query(&mut self, pair: &str) {
        if let Some(path) = &mut self.path {
            path.push(match path.contains('?') {
                true => '&',
                false => '?',
            });
            path.push_str(pair);
        }
    }

    /// Puts a token into the first place where a provider looks for tokens: a header, a cookie or a
    /// parameter. If `places` is `None`, puts it into `Authorization`.
    pub(super) fn add_token(&mut self, token: &str, places: Option<&Places>) {
        let header = places.and_then(|places| places.headers.first());
        let cookie = places.and_then(|places| places.cookies.first());
        let param = places.and_then(|places| places.params.first());
        match (header, cookie, param) {
            (Some(HeaderPlace::Prefixed { name, prefix }), ..) => {
                self.add_header(name.as_str(), format!("{prefix}{token}"));
            }
            (None, Some(cookie), _) => self.add_header("cookie", format!("{cookie}={token}")),
            (None, None, Some(param)) => {
                let mut pair = form_urlencoded::Serializer::new(String::new());
                self.add_query(&pair.append_pair(param, token).finish());
            }
            (Some(HeaderPlace::Bearer | HeaderPlace::Basic), ..) | (None, None, None) => {
                self.add_header("authorization", format!("Bearer {token}"));
            }
        }
    }
}

impl DecisionLine {
    /// Replaces the token with a placeholder in the headers that the upstream would receive.
    pub(super) fn without(mut self, token: &str) -> Self {
        for (_, value) in &mut self.forwarded_headers {
            *value = value.replace(token, "(the token)");
        }
        self
    }
}

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
    fn client_certificate_digest(&self) -> Option<[u8; 32]> {
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

/// Decides on the request in each line of the input.
pub(super) fn run(
    path: &Path,
    filter: Option<&str>,
    now: Option<u64>,
    key_sets: &[KeySetFile],
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Exit, Failure> {
    if input::is_standard(path) {
        return Err(Failure::Usage(
            "--config -: standard input contains the requests; name a file for the policy"
                .to_owned(),
        ));
    }
    let config = accepted::config(path, filter, &mut io::empty())?;
    let now = input::time(now);
    let mut engine = Engine::new(config);
    for file in key_sets {
        file.preload(&mut engine, now)?;
    }
    for (index, line) in input.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let request: RequestLine = serde_json::from_str(&line).map_err(|error| {
            let number = index.saturating_add(1);
            Failure::Usage(format!("line {number}: {}", redacted(&error)))
        })?;
        let decision = decide(&engine, &request, now);
        serde_json::to_writer(&mut *output, &decision).map_err(io::Error::from)?;
        writeln!(output)?;
    }
    Ok(Exit::Done)
}

/// Returns the index of the rule that a request matches.
pub(super) fn rule(engine: &Engine, line: &RequestLine) -> Option<usize> {
    let host = LineHost::of(line);
    with_request(line, |request| engine.rule(request, &host))
}

/// The protected resources that a request reaches: the resource that the request belongs to, and
/// the resources that the request may reach although it names another host. A token that is meant
/// only for other resources is refused.
pub(super) type Reached<'a> = (Option<&'a ProtectedResource>, Vec<&'a ProtectedResource>);

/// Returns the protected resources that a request reaches.
pub(super) fn resources<'a>(engine: &'a Engine, line: &RequestLine) -> Reached<'a> {
    let host = LineHost::of(line);
    with_request(line, |request| engine.resources(request, &host))
}

/// Calls `read` with the request as the engine sees it.
pub(super) fn with_request<T>(line: &RequestLine, read: impl FnOnce(&Request<'_>) -> T) -> T {
    let headers = all_headers(line);
    let pairs = headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    read(&Request::new(pairs.collect()))
}

/// Decides on one request.
pub(super) fn decide(engine: &Engine, line: &RequestLine, now: UnixMillis) -> DecisionLine {
    let headers = all_headers(line);
    let request = Request::new(
        headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect(),
    );
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
    let decided = engine.decide(&request, policy.as_ref(), now, Patience::Exhausted, &host);
    let mut decision = match decided.decision {
        Decision::Permit(permit) => {
            let (forwarded_headers, removed_headers) = apply(&request, &permit.edits);
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
    decision.rule = engine.rule(&request, &host);
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

/// Returns the entries of the filter state. Each key has the prefix `wasm.`, as in Envoy.
fn filter_state(entries: &[StateEntry]) -> BTreeMap<String, String> {
    let named = |entry: &StateEntry| {
        let key = format!("wasm.{}", entry.key.as_str());
        (key, entry.value.text().into_owned())
    };
    entries.iter().map(named).collect()
}

/// The headers as Envoy passes them to filters: pseudo-headers first, names in lower case, `Host`
/// as `:authority`.
fn all_headers(line: &RequestLine) -> Vec<(String, String)> {
    let mut headers = vec![(":method".to_owned(), line.method.clone())];
    headers.extend(line.path.clone().map(|path| (":path".to_owned(), path)));
    let is_host = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("host");
    let host = line.headers.iter().find(is_host).map(|(_, value)| value);
    let authority = line.authority.as_ref().or(host).cloned();
    headers.push((":authority".to_owned(), authority.unwrap_or_default()));
    headers.extend(
        line.headers
            .iter()
            .filter(|header| !is_host(header))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone())),
    );
    headers
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

fn get() -> String {
    "GET".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(line: &str) -> Vec<(String, String)> {
        all_headers(&serde_json::from_str(line).unwrap())
    }

    #[test]
    fn gives_the_host_as_envoy_does() {
        for (line, authority) in [
            (r#"{"headers":[["Host","a"]]}"#, "a"),
            (r#"{"authority":"b","headers":[["host","a"]]}"#, "b"),
            ("{}", ""),
        ] {
            let authority = |name: &str| (name.to_owned(), authority.to_owned());
            let expected = [
                (":method".to_owned(), "GET".to_owned()),
                authority(":authority"),
            ];
            assert_eq!(headers(line), expected, "{line}");
        }
    }
}
