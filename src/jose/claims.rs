//! The claims of a token (RFC 7519 section 4).
//!
//! A registered claim must have the type that RFC 7519 section 4.1 defines. Otherwise the token is
//! refused. For example, if an `exp` in quotes counted as missing, the token would never expire.
//! All other claims are kept unchanged and looked up by their path. A path is a list of segments,
//! not a dotted string, because some claim names contain dots, such as `kubernetes.io` and
//! `https://api.example/roles`.
//!
//! [`Claims`] may come from a token that is not verified. Only the claims of a
//! [`VerifiedToken`](super::VerifiedToken) can be trusted.

use serde_json::{Map, Value};

use crate::jose::base64url;
use crate::jose::error::TokenError;
use crate::json;
use crate::time::{Rounding, UnixSeconds};

/// The claims set of a token: a JSON object whose registered claims have the right types.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    members: Map<String, Value>,
    times: Times,
}

/// The times that limit a token's validity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// `exp` (RFC 7519 section 4.1.4), rounded down to a whole second.
    pub expiration: Option<UnixSeconds>,
    /// `nbf` (RFC 7519 section 4.1.5), rounded up to a whole second.
    pub not_before: Option<UnixSeconds>,
    /// `iat` (RFC 7519 section 4.1.6), rounded up to a whole second.
    pub issued_at: Option<UnixSeconds>,
}

/// The path of a claim: the name of a top-level member, then the name of a member inside that
/// member, and so on. Each segment is a literal name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClaimPath {
    first: String,
    rest: Vec<String>,
}

impl Claims {
    /// Parses a claims set.
    ///
    /// # Errors
    /// [`TokenError::ClaimsJson`] or [`TokenError::ClaimType`].
    pub fn parse(json: &[u8]) -> Result<Self, TokenError> {
        let members = json::parse_object(json).map_err(TokenError::ClaimsJson)?;
        for claim in ["iss", "sub", "jti"] {
            if members.get(claim).is_some_and(|value| !value.is_string()) {
                return Err(TokenError::ClaimType { claim });
            }
        }
        if !members.get("aud").is_none_or(is_audience) {
            return Err(TokenError::ClaimType { claim: "aud" });
        }
        let times = Times {
            expiration: numeric_date(&members, "exp", Rounding::Down)?,
            not_before: numeric_date(&members, "nbf", Rounding::Up)?,
            issued_at: numeric_date(&members, "iat", Rounding::Up)?,
        };
        Ok(Self { members, times })
    }

    /// Decodes and parses the second segment of a token.
    ///
    /// # Errors
    /// [`TokenError::NotBase64url`], or an error of [`Self::parse`].
    pub fn of_segment(segment: &str) -> Result<Self, TokenError> {
        Self::parse(&base64url::decode(segment).ok_or(TokenError::NotBase64url)?)
    }

    /// Makes claims for a client that has authenticated with a secret instead of a token. An access
    /// token issued to this client would have these claims too (RFC 9068 section 2.2).
    pub fn of_client(id: &str, scopes: &[String], roles: &[String]) -> Self {
        let mut members = Map::new();
        members.insert("client_id".to_owned(), Value::from(id));
        members.insert("sub".to_owned(), Value::from(id));
        if !scopes.is_empty() {
            members.insert("scope".to_owned(), Value::from(scopes.join(" ")));
        }
        if !roles.is_empty() {
            members.insert("roles".to_owned(), Value::from(roles));
        }
        Self {
            members,
            times: Times::default(),
        }
    }

    /// `iss` (RFC 7519 section 4.1.1).
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// `sub` (RFC 7519 section 4.1.2).
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// `jti` (RFC 7519 section 4.1.7).
    pub fn token_id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// The values of `aud`, which may be a string or an array (RFC 7519 section 4.1.3).
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.members
            .get("aud")
            .map_or(&[][..], elements)
            .iter()
            .filter_map(Value::as_str)
    }

    /// The times in `exp`, `nbf` and `iat`.
    pub fn times(&self) -> Times {
        self.times
    }

    /// `auth_time` (OpenID Connect Core section 2, RFC 9068 section 2.2.1), rounded down to a whole
    /// second. A value of the wrong type counts as missing.
    pub fn auth_time(&self) -> Option<UnixSeconds> {
        UnixSeconds::from_numeric_date(self.member("auth_time")?, Rounding::Down)
    }

    /// The top-level claim with this name.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// The claim at `path`. The search does not descend into arrays, because array elements have no
    /// names.
    pub fn find(&self, path: &ClaimPath) -> Option<&Value> {
        let first = self.members.get(&path.first)?;
        path.rest
            .iter()
            .try_fold(first, |value, segment| value.as_object()?.get(segment))
    }

    /// All claims.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }
}

impl ClaimPath {
    /// The path of a top-level claim.
    pub fn top_level(name: impl Into<String>) -> Self {
        Self {
            first: name.into(),
            rest: Vec::new(),
        }
    }

    /// Makes a path of these segments. Returns `None` if there are no segments.
    pub fn from_segments(segments: impl IntoIterator<Item = String>) -> Option<Self> {
        let mut segments = segments.into_iter();
        Some(Self {
            first: segments.next()?,
            rest: segments.collect(),
        })
    }

    /// The segments of the path.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.first)
            .chain(&self.rest)
            .map(String::as_str)
    }
}

/// Lists the words of a claim such as `scope`. A string is split at spaces, but not at other white
/// space (RFC 6749 section 3.3). If the claim is an array, each element is one word.
///
/// An array element that contains a space is left out, because some programs would read
/// `["read admin"]` as one scope and others as two. Elements that are empty or not strings are left
/// out too. A claim that is neither a string nor an array has no words.
pub fn words(value: &Value) -> impl Iterator<Item = &str> {
    let (text, list) = match value {
        Value::String(text) => (text.as_str(), &[][..]),
        Value::Array(list) => ("", list.as_slice()),
        _ => ("", &[][..]),
    };
    let listed = list
        .iter()
        .filter_map(Value::as_str)
        .filter(|word| !word.contains(' '));
    text.split(' ')
        .chain(listed)
        .filter(|word| !word.is_empty())
}

fn is_audience(value: &Value) -> bool {
    value.is_string()
        || value
            .as_array()
            .is_some_and(|list| list.iter().all(Value::is_string))
}

/// The elements of an array. Any other value counts as a single element.
fn elements(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn numeric_date(
    members: &Map<String, Value>,
    claim: &'static str,
    rounding: Rounding,
) -> Result<Option<UnixSeconds>, TokenError> {
    let Some(value) = members.get(claim) else {
        return Ok(None);
    };
    let date = UnixSeconds::from_numeric_date(value, rounding);
    date.map(Some).ok_or(TokenError::ClaimType { claim })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    fn claims(value: &Value) -> Result<Claims, TokenError> {
        Claims::parse(value.to_string().as_bytes())
    }

    #[test]
    fn parses_registered_claims() {
        let claims = claims(&json!({
            "iss": "https://issuer.example", "sub": "s", "aud": "a", "jti": "j",
            "exp": 1_700_000_600.9, "nbf": 1_700_000_000.1, "iat": 1_700_000_000,
        }))
        .unwrap();
        assert_eq!(claims.issuer(), Some("https://issuer.example"));
        assert_eq!(claims.subject(), Some("s"));
        assert_eq!(claims.token_id(), Some("j"));
        assert_eq!(claims.audiences().collect::<Vec<_>>(), ["a"]);
        let times = claims.times();
        assert_eq!(times.expiration, Some(UnixSeconds::new(1_700_000_600)));
        assert_eq!(times.not_before, Some(UnixSeconds::new(1_700_000_001)));
        assert_eq!(times.issued_at, Some(UnixSeconds::new(1_700_000_000)));
    }

    #[test]
    fn absent_claims_are_absent() {
        let claims = claims(&json!({})).unwrap();
        assert_eq!(
            (claims.issuer(), claims.subject(), claims.token_id()),
            (None, None, None)
        );
        assert_eq!(claims.times(), Times::default());
        assert_eq!(claims.audiences().count(), 0);
    }

    #[test]
    fn audience_is_a_string_or_an_array_of_strings() {
        for (aud, expected) in [
            (json!("a b"), &["a b"][..]),
            (json!(["a", "b"]), &["a", "b"]),
            (json!([]), &[]),
            (json!(""), &[""]),
        ] {
            let claims = claims(&json!({ "aud": aud })).unwrap();
            assert_eq!(claims.audiences().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn refuses_a_registered_claim_of_the_wrong_type() {
        for (claim, wrong) in [
            ("iss", json!(1)),
            ("iss", json!(null)),
            ("iss", json!(["https://issuer.example"])),
            ("sub", json!({})),
            ("jti", json!(7)),
            ("aud", json!(1)),
            ("aud", json!(null)),
            ("aud", json!({ "a": "a" })),
            ("aud", json!(["a", 1])),
            ("aud", json!([["a"]])),
            ("exp", json!("1700000600")),
            ("exp", json!(null)),
            ("exp", json!(true)),
            ("exp", json!(-1)),
            ("nbf", json!([1])),
            ("iat", json!("now")),
        ] {
            let refused = claims(&json!({ claim: wrong.clone() })).unwrap_err();
            assert_eq!(refused, TokenError::ClaimType { claim }, "{claim}: {wrong}");
        }
    }

    #[test]
    fn claims_are_one_strict_object() {
        for json in [
            "",
            "[]",
            "\"a\"",
            "{\"a\":1,\"a\":1}",
            "{\"a\":{\"b\":1,\"b\":1}}",
            "{} {}",
        ] {
            let refused = Claims::parse(json.as_bytes()).unwrap_err();
            assert!(matches!(refused, TokenError::ClaimsJson(_)), "{json}");
        }
    }

    #[test]
    fn path_segments_are_literal_names() {
        let claims = claims(&json!({
            "a.b": 1, "a": { "b": 2, "c": [{ "d": 3 }] }, "https://x.example/r": 4, "": { "": 5 },
        }))
        .unwrap();
        for (path, expected) in [
            (&["a.b"][..], Some(json!(1))),
            (&["a", "b"], Some(json!(2))),
            (&["https://x.example/r"], Some(json!(4))),
            (&["", ""], Some(json!(5))),
            (&["a", "b", "c"], None),
            (&["a", "c", "0"], None),
            (&["a", "c", "d"], None),
            (&["A"], None),
        ] {
            let path = ClaimPath::from_segments(path.iter().map(ToString::to_string)).unwrap();
            assert_eq!(claims.find(&path).cloned(), expected, "{path:?}");
        }
        assert_eq!(claims.find(&ClaimPath::top_level("a.b")), Some(&json!(1)));
        assert_eq!(ClaimPath::from_segments([]), None);
    }

    #[test]
    fn words_are_split_at_spaces_and_never_inside_an_array() {
        for (value, expected) in [
            (json!("read write"), &["read", "write"][..]),
            (json!(" read  write "), &["read", "write"]),
            (json!("read\twrite\nx"), &["read\twrite\nx"]),
            (json!("read,write"), &["read,write"]),
            (json!(""), &[]),
            (json!(["read", "write"]), &["read", "write"]),
            (json!(["read admin", "x", "", 1, null, ["y"]]), &["x"]),
            (json!(7), &[]),
            (json!(null), &[]),
            (json!({ "read": true }), &[]),
        ] {
            assert_eq!(words(&value).collect::<Vec<_>>(), expected, "{value}");
        }
    }
}
