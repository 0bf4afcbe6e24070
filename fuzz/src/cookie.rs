//! Cookies: however the cookies are distributed over header lines, the engine finds the token in
//! them and removes it from the request.

use std::cell::LazyCell;

use portcullis::{
    connection::NoConnection,
    decision::{Decision, HeaderEdit, Permit},
    engine::{Engine, Patience},
    http::Request,
    policy::{CredentialError, Places},
};

use crate::issuer::{self, NOW};

/// The names of the cookies that contain tokens. The second name ends with the first name.
const NAMES: [&str; 2] = ["session", "x-session"];

thread_local! {
    static ENGINE: LazyCell<Engine> = LazyCell::new(|| {
        issuer::engine(&serde_json::json!({ "from_cookies": NAMES }))
    });
}

/// Reads the input as values of `Cookie` headers, one per line. Each `$` stands for a valid token.
pub fn check(input: &[u8]) {
    let lines: Vec<Vec<u8>> = input
        .split(|octet| *octet == b'\n')
        .map(|line| line.split(|octet| *octet == b'$').collect::<Vec<_>>())
        .map(|parts| parts.join(issuer::GOOD.as_bytes()))
        .collect();
    let places = Places {
        cookies: NAMES.map(str::to_owned).to_vec(),
        ..Places::default()
    };
    let request = request(&lines);
    let found = places.find(&request, None);

    let expected = match tokens(&lines).as_slice() {
        [] => Ok(None),
        [token] => str::from_utf8(token)
            .map(Some)
            .map_err(|_| CredentialError::Malformed),
        _ => Err(CredentialError::Several),
    };
    let found = found.map(|found| found.map(|found| found.token.as_str()));
    assert_eq!(found, expected);

    let joined = [lines.join(&b"; "[..])];
    let joined = places.find(&self::request(&joined), None);
    assert_eq!(
        joined,
        places.find(&request, None),
        "depends on how cookies are spread over lines"
    );

    check_permit(&lines, &places);
}

/// Checks that a request passes if and only if it has exactly one token and that token is good.
/// Also checks that the upstream of such a request receives no token.
fn check_permit(lines: &[Vec<u8>], places: &Places) {
    let request = request(lines);
    let decision = ENGINE.with(|engine| {
        engine
            .decide(&request, None, NOW, Patience::Waiting, &NoConnection)
            .decision
    });
    let is_good = tokens(lines) == [issuer::GOOD.as_bytes()];
    let Decision::Permit(Permit { edits, .. }) = decision else {
        assert!(!is_good, "a good token is refused: {decision:?}");
        return;
    };
    assert!(is_good, "passes without one good token");
    let cookies = edits.iter().find_map(|edit| match edit {
        HeaderEdit::Set(name, value) if **name == *"cookie" => Some(Some(value.to_string())),
        HeaderEdit::Remove(name) if **name == *"cookie" => Some(None),
        _ => None,
    });
    let cookies = cookies.expect("the token is not removed");
    let left: Vec<Vec<u8>> = cookies
        .iter()
        .map(|line| line.clone().into_bytes())
        .collect();
    assert_eq!(
        places.find(&self::request(&left), None),
        Ok(None),
        "{cookies:?}"
    );
    if lines.iter().all(|line| str::from_utf8(line).is_ok()) {
        assert_eq!(others(&left), others(lines), "other cookies are lost");
    }
}

/// A request with these `Cookie` header lines.
fn request(lines: &[Vec<u8>]) -> Request<'_> {
    let mut headers: Vec<(&[u8], &[u8])> = vec![(b":method", b"GET"), (b":path", b"/")];
    headers.extend(lines.iter().map(|line| (&b"cookie"[..], line.as_slice())));
    Request::new(headers)
}

/// The cookies, without white space around them (RFC 6265 section 5.4).
fn cookies(lines: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    let pieces = lines
        .iter()
        .flat_map(|line| line.split(|octet| *octet == b';'));
    pieces
        .map(<[u8]>::trim_ascii)
        .filter(|cookie| !cookie.is_empty())
}

fn name(cookie: &[u8]) -> Option<&[u8]> {
    let end = cookie.iter().position(|octet| *octet == b'=')?;
    Some(cookie[..end].trim_ascii())
}

fn is_own(cookie: &[u8]) -> bool {
    name(cookie).is_some_and(|name| NAMES.iter().any(|own| own.as_bytes() == name))
}

fn others(lines: &[Vec<u8>]) -> Vec<&[u8]> {
    cookies(lines).filter(|cookie| !is_own(cookie)).collect()
}

/// The values of the cookies that contain tokens.
fn tokens(lines: &[Vec<u8>]) -> Vec<&[u8]> {
    let own = cookies(lines).filter(|cookie| is_own(cookie));
    own.map(|cookie| {
        let equals = cookie.iter().position(|octet| *octet == b'=').unwrap();
        let value = &cookie[equals + 1..];
        match value {
            [b'"', inner @ .., b'"'] => inner,
            value => value,
        }
    })
    .collect()
}
