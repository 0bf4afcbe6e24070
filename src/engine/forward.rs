//! What the upstream gets to see: no client-made identity, no spent token, verified claims.

use core::iter;
use std::rc::Rc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    config::{Config, Provider},
    decision::{HeaderEdit, StateEntry, Text},
    engine::{
        course::Asked,
        evaluation::{self, Evaluation, Verified},
        export,
    },
    few::Few,
    http::{HeaderName, Request, is_token, path::Target},
    jose::Claims,
    policy::{AmbiguousIdentity, Extraction, IdentityHeader, Location, PayloadHeader, ProviderId},
};

/// Removes every header that only this module may set, from every request: one that is left in
/// place on some path is an identity that anyone can claim.
pub(super) fn removals(owned: &[HeaderName], request: &Request<'_>) -> Vec<HeaderEdit> {
    let mut edits = lines(owned, request.headers());
    edits.extend(connection(owned, request));
    edits
}

/// Removes the header or trailer lines that only this module may set.
pub(super) fn lines(owned: &[HeaderName], lines: &[(&[u8], &[u8])]) -> Vec<HeaderEdit> {
    let mut edits = Vec::new();
    for (name, _) in lines {
        if owned.iter().any(|own| own.is_confusable_with(name)) {
            let edit = HeaderEdit::Remove(String::from_utf8_lossy(name).into_owned().into());
            if !edits.contains(&edit) {
                edits.push(edit);
            }
        }
    }
    edits
}

/// Takes these headers out of `Connection`, which reaches the upstream with an upgrade: a proxy
/// there drops each header that it names (RFC 9110 section 7.6.1), and a client would rid itself of
/// its identity (as in CVE-2024-45410). Malformed options (`x-user;`,
/// `"x-user"`) are removed too: a lenient proxy might read a name in them.
fn connection(owned: &[HeaderName], request: &Request<'_>) -> Option<HeaderEdit> {
    const CONNECTION: &str = "connection";
    owned.first()?;
    request.values(CONNECTION).next()?;
    let options: Vec<&[u8]> = request
        .values(CONNECTION)
        .flat_map(|line| line.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .collect();
    let is_removed = |option: &&[u8]| {
        !is_token(option) || owned.iter().any(|own| own.is_confusable_with(option))
    };
    let (named, kept): (Vec<&[u8]>, Vec<&[u8]>) = options.into_iter().partition(is_removed);
    (!named.is_empty()).then(|| {
        let rest = String::from_utf8_lossy(&kept.join(&b", "[..])).into_owned();
        match rest.as_str() {
            "" => HeaderEdit::Remove(Text::Fixed(CONNECTION)),
            _ => HeaderEdit::Set(Text::Fixed(CONNECTION), rest.into()),
        }
    })
}

/// The request as [`removals`] leaves it: a rule must not be chosen by a header that a client made
/// up and the upstream will not see.
pub(super) fn without_owned<'a>(owned: &[HeaderName], request: &Request<'a>) -> Request<'a> {
    let headers = request.headers().iter().copied();
    Request::new(
        headers
            .filter(|(name, _)| !owned.iter().any(|own| own.is_confusable_with(name)))
            .collect(),
    )
}

/// What becomes of a request that passes, beside the edits that it has already.
#[derive(Debug, Default)]
pub(super) struct Forwarded {
    pub(super) edits: Vec<HeaderEdit>,
    pub(super) exports: Vec<StateEntry>,
    pub(super) clears_route_cache: bool,
}

/// What carries verified identity, behind the edits in `edits`.
///
/// # Errors
/// The provider of a token whose claims cannot stand in a header.
pub(super) fn verified(
    config: &Config,
    request: &Request<'_>,
    target: Option<Target<'_>>,
    verified: &Few<Verified<'_>>,
    asked: Asked<'_>,
    edits: Vec<HeaderEdit>,
) -> Result<Forwarded, ProviderId> {
    let mut forwarded = Forwarded {
        edits,
        ..Forwarded::default()
    };
    let mut spent: Few<Location<'_>> = Few::default();
    for token in verified.iter() {
        let Some(provider) = config.provider(token.provider) else {
            continue;
        };
        let location = token.credential.location;
        if !provider.forward && spent.iter().all(|other| *other != location) {
            spent.push(location);
        }
        if let Some(own) = &provider.payload_header {
            let edit = payload_header(config, own, token.payload_segment());
            forwarded.edits.push(edit.ok_or(token.provider)?);
        }
        let claims = token.identity.headers().ok_or(token.provider)?;
        // And one that takes the spent token out.
        let spends = usize::from(!provider.forward);
        forwarded.edits.reserve(claims.len().saturating_add(spends));
        forwarded.edits.extend_from_slice(claims);
        let mut is_told = !claims.is_empty();
        if let Some(own) = &provider.identity_header
            && let Some(caller) = caller(own, provider, token, asked).map_err(|_| token.provider)?
        {
            is_told = true;
            let entry = export::identity(provider, &caller);
            if !fits_header(&caller, config) {
                return Err(token.provider);
            }
            let edit = HeaderEdit::Set(Text::Shared(own.name.shared()), Text::Shared(caller));
            forwarded.edits.push(edit);
            forwarded.exports.extend(entry);
        }
        // As in `jwt_authn`: only where a route could be chosen by what is new.
        forwarded.clears_route_cache |=
            provider.clear_route_cache && (is_told || provider.exports.payload.is_some());
        let entries = export::verified(provider, token);
        forwarded.exports.extend(entries);
    }
    strip(&spent, request, target, &mut forwarded.edits);
    Ok(forwarded)
}

/// What carries claims that nobody has verified, behind the edits in `edits`, and the header that
/// says so. The token stays: it is for others to judge. No other filter is told of it.
pub(super) fn unverified(
    config: &Config,
    evaluation: &Evaluation<'_, '_>,
    extraction: &Extraction,
    edits: Vec<HeaderEdit>,
) -> Forwarded {
    let mut forwarded = Forwarded {
        edits,
        ..Forwarded::default()
    };
    for (provider, (_, token)) in evaluation.readable() {
        let payload = token.jws().payload_segment();
        let own = provider.payload_header.as_ref();
        let payload = own.and_then(|own| payload_header(config, own, payload));
        let claims = headers_of(config, provider, token.unverified_claims());
        // What cannot stand in a header is left out: the request passes, whatever it holds.
        let before = forwarded.edits.len();
        forwarded
            .edits
            .extend(payload.into_iter().chain(claims.flatten()));
        forwarded.clears_route_cache |=
            provider.clear_route_cache && forwarded.edits.len() > before;
    }
    if let Some(name) = &extraction.status_header
        && evaluation.finds_credential()
    {
        let edit = HeaderEdit::Set(Text::Shared(name.shared()), Text::Fixed("false"));
        forwarded.edits.push(edit);
    }
    forwarded
}

/// Who is calling, where the token says so. A role counts only by which the token satisfied the rule.
fn caller(
    own: &IdentityHeader,
    provider: &Provider,
    token: &Verified<'_>,
    asked: Asked<'_>,
) -> Result<Option<Rc<str>>, AmbiguousIdentity> {
    if let Some(known) = asked.rule.and_then(|rule| token.identity.caller(rule)) {
        return Ok(Some(known));
    }
    let Some(claims) = token.claims() else {
        return Ok(None);
    };
    let grants = evaluation::grants(provider, claims);
    let role = match asked.authorization {
        Some(authorization) => authorization.satisfying_role(&grants),
        None => grants.roles.first().copied(),
    };
    let caller = own.template.identity(role, claims)?.map(Rc::from);
    if let (Some(rule), Some(caller)) = (asked.rule, &caller) {
        token.identity.note_caller(rule, caller);
    }
    Ok(caller)
}

/// The headers that `provider` makes of verified claims; `None` where one cannot stand in a header.
pub(super) fn claim_headers(
    config: &Config,
    provider: &Provider,
    claims: &Claims,
) -> Option<Box<[HeaderEdit]>> {
    headers_of(config, provider, claims).collect()
}

/// A header for each claim that is there; `None` for one that cannot stand in it.
fn headers_of(
    config: &Config,
    provider: &Provider,
    claims: &Claims,
) -> impl Iterator<Item = Option<HeaderEdit>> {
    provider.claim_headers.iter().filter_map(move |own| {
        let value = claims.find(&own.claim).map(claim_text);
        let value = value.filter(|value| !value.is_empty())?;
        Some(header(&own.name, value, config))
    })
}

/// The header that carries the whole payload.
fn payload_header(config: &Config, own: &PayloadHeader, segment: &str) -> Option<HeaderEdit> {
    let mut payload = segment.to_owned();
    if own.padded {
        // What is left of the last four characters (RFC 4648 section 4).
        payload.extend(iter::repeat_n('=', payload.len().wrapping_neg() % 4));
    }
    header(&own.name, payload, config)
}

/// A claim with a line break would add headers of the client's choice, and one with a space at an
/// end would arrive as another user's: readers take those spaces off (RFC 9110 section 5.5).
fn header(name: &HeaderName, value: String, config: &Config) -> Option<HeaderEdit> {
    fits_header(&value, config).then(|| HeaderEdit::Set(Text::Shared(name.shared()), value.into()))
}

fn fits_header(value: &str, config: &Config) -> bool {
    value.len() <= config.limits.header_value_bytes
        && value.bytes().all(|byte| byte >= 0x20 && byte != 0x7f)
        && value.trim_matches(' ') == value
}

/// As `jwt_authn`: text as it is, numbers and booleans as JSON, the rest as base64 of JSON.
fn claim_text(claim: &Value) -> String {
    match claim {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => claim.to_string(),
        Value::Array(_) | Value::Object(_) => STANDARD.encode(claim.to_string()),
    }
}

const COOKIE: &str = "cookie";

/// Takes spent tokens out of the request.
fn strip(
    spent: &Few<Location<'_>>,
    request: &Request<'_>,
    target: Option<Target<'_>>,
    edits: &mut Vec<HeaderEdit>,
) {
    let mut params = Vec::new();
    let mut cookies = Vec::new();
    for location in spent.iter() {
        match location {
            Location::Authorization => {
                edits.push(HeaderEdit::Remove(Text::Fixed("authorization")));
            }
            Location::Header(name) => edits.push(HeaderEdit::Remove(Text::Shared(name.shared()))),
            Location::HeaderTwin(name) => edits.push(HeaderEdit::Remove((*name).into())),
            Location::Query(name) => params.push(*name),
            Location::Cookie(name) => cookies.push(*name),
        }
    }
    if let Some(target) = target
        && !params.is_empty()
    {
        edits.push(HeaderEdit::Set(
            Text::Fixed(":path"),
            without_params(target, &params).into(),
        ));
    }
    if !cookies.is_empty() {
        let rest = without_cookies(request, &cookies);
        edits.push(if rest.is_empty() {
            HeaderEdit::Remove(Text::Fixed(COOKIE))
        } else {
            HeaderEdit::Set(Text::Fixed(COOKIE), rest.into())
        });
    }
}

/// The target without these parameters, given in its spelling. Every other byte stays.
fn without_params(target: Target<'_>, params: &[&str]) -> String {
    let is_spent = |pair: &str| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        params.contains(&name)
    };
    let kept: Vec<&str> = target
        .query
        .unwrap_or("")
        .split('&')
        .filter(|pair| !is_spent(pair))
        .collect();
    if kept.is_empty() {
        target.path.to_owned()
    } else {
        format!("{}?{}", target.path, kept.join("&"))
    }
}

/// All cookies but these, in one line (RFC 6265 section 5.4).
fn without_cookies(request: &Request<'_>, cookies: &[&str]) -> String {
    let is_kept = |pair: &&str| {
        let name = pair.split_once('=').map_or("", |(name, _)| name).trim();
        !pair.is_empty() && !cookies.contains(&name)
    };
    let lines: Vec<String> = request
        .values(COOKIE)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let kept: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split(';'))
        .map(str::trim)
        .filter(is_kept)
        .collect();
    kept.join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn removes_every_spelling_of_an_owned_header() {
        let request = Request::new(vec![
            (b"x_user", b"a"),
            (b"x-user", b"b"),
            (b"x-user", b"c"),
            (b"x.user", b"d"),
            (b"x-user-id", b"e"),
        ]);
        let owned = [HeaderName::parse("X-User").unwrap()];
        assert_eq!(
            removals(&owned, &request),
            [
                HeaderEdit::Remove("x_user".into()),
                HeaderEdit::Remove("x-user".into()),
                HeaderEdit::Remove("x.user".into()),
            ]
        );
    }

    #[test]
    fn writes_claims_as_jwt_authn_does() {
        for (claim, expected) in [
            (json!("a b"), "a b"),
            (json!(7), "7"),
            (json!(1.5), "1.5"),
            (json!(true), "true"),
            (json!(null), ""),
            (json!(["a"]), "WyJhIl0="),
            (json!({"a": 1}), "eyJhIjoxfQ=="),
        ] {
            assert_eq!(claim_text(&claim), expected, "{claim}");
        }
    }

    #[test]
    fn refuses_values_that_would_break_out_of_a_header() {
        let name = HeaderName::parse("x").unwrap();
        let config = Config::parse(br#"{"limits":{"header_value_bytes":7}}"#).unwrap();
        for value in ["a\r\nx-admin: 1", "a\u{0}", "a\u{7f}", "a\tb", "too long"] {
            assert_eq!(header(&name, value.to_owned(), &config), None, "{value:?}");
        }
        assert!(header(&name, "\u{e9}".to_owned(), &config).is_some());
    }

    #[test]
    fn strips_parameters_and_keeps_the_rest_to_the_byte() {
        for (target, expected) in [
            ("/a?access_token=t", "/a"),
            ("/a?x=%41&access_token=t&y", "/a?x=%41&y"),
            ("/a?access_tokens=t&&z", "/a?access_tokens=t&&z"),
        ] {
            assert_eq!(
                without_params(Target::new(target), &["access_token"]),
                expected
            );
        }
    }

    #[test]
    fn strips_cookies() {
        let request = Request::new(vec![(b"cookie", b"a=1; jwt=t;b=2"), (b"cookie", b"c=3")]);
        assert_eq!(without_cookies(&request, &["jwt"]), "a=1; b=2; c=3");
    }
}
