//! The caching headers (RFC 9111) and the entity tag of a response. The next request sends the
//! entity tag, to ask whether the document has changed (RFC 9110 section 13).

/// The maximum length of an entity tag. Longer tags are ignored.
const MAX_ETAG_BYTES: usize = 256;

/// The caching headers of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caching {
    /// How many more seconds the response stays fresh. `None` if the headers set no limit.
    pub max_age: Option<u64>,
    /// The entity tag, which the next request sends as `If-None-Match`.
    pub etag: Option<String>,
}

impl Caching {
    /// Reads the headers of a response. The header names must be in lower case. If several
    /// directives limit the freshness, the shortest time applies.
    pub fn read<'a>(headers: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let (mut caching, mut age) = (Self::default(), 0);
        for (name, value) in headers {
            let Ok(value) = str::from_utf8(value) else {
                continue;
            };
            match name {
                b"age" => age = seconds(value).unwrap_or(0),
                b"cache-control" => {
                    let lines = caching.max_age.into_iter();
                    caching.max_age = lines.chain(value.split(',').filter_map(directive)).min();
                }
                b"etag" => caching.etag = entity_tag(value),
                _ => {}
            }
        }
        caching.max_age = caching.max_age.map(|max_age| max_age.saturating_sub(age));
        caching
    }
}

/// How many seconds a response may stay fresh according to one `Cache-Control` directive (RFC 9111
/// section 5.2.2). Returns `None` if the directive sets no limit.
fn directive(text: &str) -> Option<u64> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim(), value.trim().trim_matches('"')),
        None => (text.trim(), ""),
    };
    if name.eq_ignore_ascii_case("max-age") {
        // A response whose max-age cannot be parsed counts as stale (RFC 9111 section 4.2.1).
        return Some(seconds(value).unwrap_or(0));
    }
    ["no-cache", "no-store"]
        .iter()
        .any(|stale| name.eq_ignore_ascii_case(stale))
        .then_some(0)
}

/// Parses `delta-seconds` (RFC 9111 section 1.2.2). A value that does not fit into 64 bits becomes
/// the maximum.
fn seconds(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Parses an entity tag (RFC 9110 section 8.8.3). The tag is sent back in a header, so it must not
/// contain a character that could end that header.
fn entity_tag(text: &str) -> Option<String> {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"')?.strip_suffix('"')?;
    let is_tag = text.len() <= MAX_ETAG_BYTES
        && inner
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"');
    is_tag.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn read(headers: &[(&str, &str)]) -> Caching {
        let headers = headers.iter();
        Caching::read(headers.map(|(name, value)| (name.as_bytes(), value.as_bytes())))
    }

    #[test]
    fn reads_how_long_a_response_is_fresh() {
        for (headers, expected) in [
            (&[][..], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "max-age=300")], Some(300)),
            (&[("cache-control", "public, Max-Age=\"300\"")], Some(300)),
            (&[("cache-control", "max-age=300, max-age=60")], Some(60)),
            (
                &[
                    ("cache-control", "max-age=300"),
                    ("cache-control", "no-cache"),
                ],
                Some(0),
            ),
            (&[("cache-control", "no-store")], Some(0)),
            (&[("cache-control", "max-age=-1")], Some(0)),
            (&[("cache-control", "max-age=+1")], Some(0)),
            (&[("cache-control", "max-age")], Some(0)),
            (&[("cache-control", "s-maxage=5")], None),
            (
                &[("cache-control", "max-age=99999999999999999999999")],
                Some(u64::MAX),
            ),
            (
                &[("age", "100"), ("cache-control", "max-age=300")],
                Some(200),
            ),
            (&[("cache-control", "max-age=300"), ("age", "400")], Some(0)),
            (&[("cache-control", "max-age=300"), ("age", "x")], Some(300)),
            (&[("expires", "0")], None),
        ] {
            assert_eq!(read(headers).max_age, expected, "{headers:?}");
        }
    }

    #[test]
    fn keeps_an_entity_tag_that_can_be_sent_back() {
        for tag in ["\"\"", "\"a-1\"", "W/\"x\""] {
            assert_eq!(read(&[("etag", tag)]).etag.as_deref(), Some(tag));
        }
        let long = format!("\"{}\"", "a".repeat(MAX_ETAG_BYTES));
        for no_tag in [
            "",
            "a",
            "\"",
            "\"a",
            "w/\"a\"",
            "\"a\"b\"",
            "\"a b\"",
            "\"\u{e4}\"",
            &long,
        ] {
            assert_eq!(read(&[("etag", no_tag)]).etag, None, "{no_tag}");
        }
    }
}
