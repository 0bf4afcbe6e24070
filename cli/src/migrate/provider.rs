//! Converts a provider.

use super::{
    difference::Deviation,
    fields::{Fields, Placed, copy},
    journal::Journal,
    keys,
    object::Object,
    obstacle::NotCarried,
};
use crate::envoy::document::Node;

/// The clock skew in seconds that `jwt_authn` uses if the field is zero.
const CLOCK_SKEW: u64 = 60;

/// Reads `providers.<name>`.
pub(super) fn provider(placed: Placed<'_>, journal: &mut Journal) -> Result<Node, NotCarried> {
    let mut fields = Fields::open(placed)?;
    let mut provider = Object::default();
    parties(&mut fields, &mut provider, journal)?;
    let keys = keys::keys(&mut fields, journal)?;
    provider.put_filled(
        "algorithms",
        keys.secret_algorithms.into_iter().collect::<Node>(),
    );
    provider.put("token_types", ["*"].into_iter().collect::<Node>());
    times(&mut fields, &mut provider)?;
    places(&mut fields, &mut provider, journal)?;
    passed_on(&mut fields, &mut provider, journal)?;
    if let Some(placed) = fields.take("jwt_cache_config")? {
        provider.put_filled("jwt_cache_config", cache(placed)?);
    }
    provider.put_some(keys.field, keys.source);
    fields.finish()?;
    Ok(provider.into())
}

/// All spellings that `jwt_authn` accepts for these audiences. `jwt_authn` ignores one leading
/// `http://` or `https://` and one trailing `/`. For each audience, the configured spelling comes
/// first.
pub(super) fn spellings(written: &[&str]) -> Vec<String> {
    let mut spellings: Vec<String> = Vec::new();
    for audience in written.iter().filter(|audience| !audience.is_empty()) {
        let bare = normal(audience);
        let all = ["https://", "http://", ""]
            .into_iter()
            .flat_map(|scheme| ["", "/"].map(|end| format!("{scheme}{bare}{end}")));
        for spelling in std::iter::once((*audience).to_owned()).chain(all) {
            // `jwt_authn` accepts a spelling with an added scheme or slash only if the spelling has
            // the same normal form as the audience.
            let is_same = !spelling.is_empty() && normal(&spelling) == bare;
            if is_same && !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
    }
    spellings
}

/// The normal form of an audience. `jwt_authn` compares the normal forms of two audiences.
fn normal(audience: &str) -> &str {
    let bare = ["https://", "http://"]
        .iter()
        .find_map(|scheme| audience.strip_prefix(scheme))
        .unwrap_or(audience);
    bare.strip_suffix('/').unwrap_or(bare)
}

/// Converts the issuer and the audiences.
fn parties(
    fields: &mut Fields<'_>,
    provider: &mut Object,
    journal: &mut Journal,
) -> Result<(), NotCarried> {
    match fields.text("issuer")? {
        Some(issuer) => provider.put("issuer", issuer),
        None => provider.put("allow_any_issuer", true),
    }
    let audiences = fields.texts("audiences")?;
    if audiences.is_empty() {
        provider.put("allow_any_audience", true);
    } else {
        // A list that contains only empty strings becomes an empty list, which the module refuses.
        // It must not turn into "any audience".
        let audiences = spellings(&audiences);
        journal.note_once(
            &fields.at().member("audiences"),
            Deviation::AudienceSpellings,
        );
        provider.put("audiences", audiences.into_iter().collect::<Node>());
    }
    let subjects = fields.take("subjects")?;
    provider.put_some("subjects", subjects.map(|(_, node)| copy(node)));
    Ok(())
}

fn times(fields: &mut Fields<'_>, provider: &mut Object) -> Result<(), NotCarried> {
    let is_written = fields.take("clock_skew_seconds")?;
    if let Some((at, node)) = is_written {
        let skew = node
            .unsigned()
            .ok_or_else(|| super::fields::wrong(at, "a number"))?;
        provider.put(
            "clock_skew_seconds",
            if skew == 0 { CLOCK_SKEW } else { skew },
        );
    }
    let required = fields.flag("require_expiration")?;
    let max_lifetime = fields.duration("max_lifetime")?;
    // `max_lifetime` already requires an expiration.
    if !required && max_lifetime.is_none() {
        provider.put("require_expiration", false);
    }
    provider.put("allow_future_iat", true);
    provider.put_some("max_lifetime", max_lifetime);
    Ok(())
}

/// Converts the settings for where the provider looks for tokens and whether it forwards verified
/// tokens.
fn places(
    fields: &mut Fields<'_>,
    provider: &mut Object,
    journal: &mut Journal,
) -> Result<(), NotCarried> {
    let at = fields.at().clone();
    let headers = fields.list("from_headers")?;
    let params = fields.texts("from_params")?;
    let cookies = fields.texts("from_cookies")?;
    let is_standard = headers.is_empty() && params.is_empty() && cookies.is_empty();
    let mut from_headers = Vec::new();
    let mut reads_bearer = is_standard;
    for placed in headers {
        let mut header = Fields::open(placed)?;
        let (name, prefix) = (header.text("name")?, header.text("value_prefix")?);
        header.finish()?;
        reads_bearer |= name.is_some_and(|name| name.eq_ignore_ascii_case("authorization"))
            && prefix.is_some_and(|prefix| prefix.trim_end().eq_ignore_ascii_case("bearer"));
        let mut written = Object::default();
        written.put("name", name.unwrap_or_default());
        written.put_some("value_prefix", prefix);
        from_headers.push(Node::from(written));
    }
    if reads_bearer {
        journal.note_once(&at, Deviation::StrictBearer);
    }
    // `jwt_authn` removes a verified token from headers and the query, but never from a cookie.
    let mut forward = fields.flag("forward")?;
    if !forward && !cookies.is_empty() {
        if from_headers.is_empty() && params.is_empty() {
            forward = true;
        } else {
            journal.note(&at.member("from_cookies"), Deviation::CookieRemoved);
        }
    }
    provider.put_filled("from_headers", Node::List(from_headers));
    provider.put_filled("from_params", params.into_iter().collect::<Node>());
    provider.put_filled("from_cookies", cookies.into_iter().collect::<Node>());
    provider.put_flag("forward", forward);
    Ok(())
}

/// Converts the settings for what upstreams and other filters receive: claim headers, payload and
/// metadata.
fn passed_on(
    fields: &mut Fields<'_>,
    provider: &mut Object,
    journal: &mut Journal,
) -> Result<(), NotCarried> {
    provider.put_some(
        "forward_payload_header",
        fields.text("forward_payload_header")?,
    );
    let is_padded = fields.flag("pad_forward_payload_header")?;
    provider.put_flag("pad_forward_payload_header", is_padded);
    let claims = fields.list("claim_to_headers")?;
    let claims = claims.into_iter().map(|(_, node)| copy(node));
    provider.put_filled("claim_to_headers", claims.collect::<Node>());
    for field in [
        "payload_in_metadata",
        "header_in_metadata",
        "failed_status_in_metadata",
    ] {
        if let Some(key) = fields.text(field)? {
            journal.note(&fields.at().member(field), Deviation::FilterState);
            provider.put(field, key);
        }
    }
    let normalize = fields.take("normalize_payload_in_metadata")?;
    if let Some(placed) = normalize {
        let mut normalize = Fields::open(placed)?;
        let claims = normalize.texts("space_delimited_claims")?;
        normalize.finish()?;
        if !claims.is_empty() {
            let mut written = Object::default();
            written.put(
                "space_delimited_claims",
                claims.into_iter().collect::<Node>(),
            );
            provider.put("normalize_payload_in_metadata", written);
        }
    }
    provider.put_flag("clear_route_cache", fields.flag("clear_route_cache")?);
    Ok(())
}

fn cache(placed: Placed<'_>) -> Result<Object, NotCarried> {
    let mut fields = Fields::open(placed)?;
    let mut cache = Object::default();
    for field in ["jwt_cache_size", "jwt_max_token_size"] {
        cache.put_some(field, fields.number(field)?);
    }
    fields.finish()?;
    Ok(cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_each_spelling_once() {
        assert_eq!(
            spellings(&["https://a/", "http://a", "b", ""]),
            [
                "https://a/",
                "https://a",
                "http://a",
                "http://a/",
                "a",
                "a/",
                "b",
                "https://b",
                "https://b/",
                "http://b",
                "http://b/",
                "b/"
            ]
        );
        // `jwt_authn` ignores only one `/` and one scheme.
        let twice = ["https://a//", "http://a//", "a//"];
        assert_eq!(spellings(&["https://a//"]), twice);
        assert_eq!(spellings(&["a//"])[..1], ["a//"]);
        assert_eq!(spellings(&["a//"]).len(), 3);
        let schemes = spellings(&["https://http://a"]);
        assert!(
            schemes.iter().all(|one| one.starts_with("http")),
            "{schemes:?}"
        );
        assert!(!schemes.contains(&"http://a".to_owned()), "{schemes:?}");
    }
}
