//! Requests: no request passes without a valid token, and the only identity that the upstream
//! receives is the verified one.

use std::cell::LazyCell;

use portcullis::{
    connection::NoConnection,
    decision::{Decision, HeaderEdit, Permit, PermitReason},
    engine::{Engine, Patience},
    http::Request,
};
use serde_json::json;

use crate::issuer::{self, NOW};

/// The header for the verified identity.
const IDENTITY: &str = "x-user";

thread_local! {
    static ENGINE: LazyCell<Engine> = LazyCell::new(|| {
        issuer::engine(&json!({
            "from_headers": [
                { "name": "authorization", "value_prefix": "Bearer " },
                { "name": "x-jwt", "value_prefix": "jwt=" },
            ],
            "from_params": ["access_token"],
            "from_cookies": ["session"],
        }))
    });
}

/// Reads the input as the header lines of a request, each in the form `name: value`. In a value,
/// `$` stands for a valid token.
pub fn check(input: &[u8]) {
    let lines: Vec<(Vec<u8>, Vec<u8>)> = input.split(|octet| *octet == b'\n').map(header).collect();
    let headers = || {
        lines
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice()))
    };
    let request = Request::new(headers().collect());
    let decision = ENGINE.with(|engine| {
        engine
            .decide(&request, None, NOW, Patience::Waiting, &NoConnection)
            .decision
    });
    let Decision::Permit(permit) = decision else {
        assert!(
            matches!(decision, Decision::Deny(_)),
            "local keys are never waited for"
        );
        return;
    };
    assert_eq!(permit.reason, PermitReason::Verified);
    let has_good = |value: &[u8]| {
        value
            .windows(issuer::GOOD.len())
            .any(|part| part == issuer::GOOD.as_bytes())
    };
    assert!(
        headers().any(|(_, value)| has_good(value)),
        "passes without a good token"
    );

    let upstream = edited(&lines, &permit);
    let identities: Vec<&(Vec<u8>, Vec<u8>)> = upstream
        .iter()
        .filter(|(name, _)| spells_identity(name))
        .collect();
    assert_eq!(
        identities,
        [&(IDENTITY.into(), b"alice".to_vec())],
        "the client says who it is"
    );
    let again = Request::new(
        upstream
            .iter()
            .map(|(name, value)| (&name[..], &value[..]))
            .collect(),
    );
    let second = ENGINE.with(|engine| {
        engine
            .decide(&again, None, NOW, Patience::Waiting, &NoConnection)
            .decision
    });
    assert!(
        matches!(second, Decision::Deny(_)),
        "a token is left for the upstream"
    );
}

/// Splits a line into a name and a value. Converts the name to lower case, as Envoy does.
fn header(line: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let colon = line
        .iter()
        .skip(1)
        .position(|octet| *octet == b':')
        .map(|at| at + 1);
    let (name, value) = line.split_at(colon.unwrap_or(line.len()));
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    let parts: Vec<&[u8]> = value.split(|octet| *octet == b'$').collect();
    (
        name.to_ascii_lowercase(),
        parts.join(issuer::GOOD.as_bytes()),
    )
}

/// The headers that the upstream receives.
fn edited(lines: &[(Vec<u8>, Vec<u8>)], permit: &Permit) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut headers = lines.to_vec();
    for edit in &permit.edits {
        let (HeaderEdit::Remove(name) | HeaderEdit::Set(name, _)) = edit;
        headers.retain(|(own, _)| own != name.as_bytes());
        if let HeaderEdit::Set(name, value) = edit {
            headers.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
    }
    headers
}

/// Returns true if some server could mistake this header for the identity header. CGI and PHP turn
/// punctuation in header names into `_`.
fn spells_identity(name: &[u8]) -> bool {
    match name {
        [b'x', mark, user @ ..] => user == b"user" && b"!#$%&'*+-.^_`|~".contains(mark),
        _ => false,
    }
}
