//! Finds credentials in headers, query parameters and cookies.
//!
//! A provider's [`Places`] are the parts of a request where Portcullis looks for the provider's
//! tokens or client secrets. [`Places::find`] returns the credential in these places. A request
//! with several credentials is refused. Otherwise an attacker who can add a credential to a request
//! could make Portcullis check one credential while the upstream trusts the other (RFC 6750 §2).
//! For the same reason, the search includes headers and parameters whose names some servers confuse
//! with a configured name.

mod text;

use std::sync::Arc;

use crate::{
    http::{
        HeaderName, Request, decoded_again, is_read_as,
        octets::{Octets, octets},
        path::Target,
    },
    policy::{Scheme, basic::ClientCredentials},
};

pub use self::text::TokenText;

/// The places in a request where Portcullis looks for a provider's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The headers.
    pub headers: Vec<HeaderPlace>,
    /// The names of the query parameters, without percent-encoding.
    pub params: Vec<String>,
    /// The cookies.
    pub cookies: Vec<String>,
}

/// A header that may hold a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderPlace {
    /// `Authorization: Basic` with a client's secret (RFC 7617 §2).
    Basic,
    /// `Authorization: Bearer`, parsed strictly (RFC 6750 §2.1).
    Bearer,
    /// Any other header, or `Authorization` with another prefix. As in `jwt_authn`, the prefix may
    /// be anywhere in the value, and the token follows the prefix.
    Prefixed {
        /// The header's name.
        name: HeaderName,
        /// The text before the token. The comparison is case-sensitive. If the prefix is empty, the
        /// whole value is the token.
        prefix: String,
    },
}

/// A token or client secret in a request, before it is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential<'a> {
    /// The token, or the text that follows the scheme `Basic`.
    pub token: TokenText<'a>,
    /// Where the credential is in the request.
    pub location: Location<'a>,
}

/// Omits the token, which may be a secret.
impl core::fmt::Debug for Credential<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut shown = formatter.debug_struct("Credential");
        shown
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

/// The location of a credential in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location<'a> {
    /// The header `Authorization`.
    Authorization,
    /// The cookie with this name.
    Cookie(&'a str),
    /// The header with this name.
    Header(&'a HeaderName),
    /// A header whose name some servers confuse with a configured name. The value of this variant
    /// is the name as it was sent in the request.
    HeaderTwin(&'a str),
    /// The query parameter with this name. The name is still percent-encoded, as in the request.
    Query(&'a str),
}

/// Why a request's credentials cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// The credential is not UTF-8, or does not have the form of `Bearer` (RFC 6750 §2.1) or
    /// `Basic` (RFC 7617 §2).
    Malformed,
    /// The request has several credentials, or the same credential in several places (RFC 6750 §2
    /// and §3.1).
    Several,
}

/// The text of a credential, or the reason why the credential cannot be used.
type Text<'a> = Result<TokenText<'a>, CredentialError>;

/// The result of the search so far. `first` is the first credential, or the reason why this
/// credential cannot be used. `several` is true if the request has more than one credential.
#[derive(Default)]
struct Found<'a> {
    first: Option<Result<Credential<'a>, CredentialError>>,
    several: bool,
}

impl<'a> Found<'a> {
    fn push(&mut self, token: Text<'a>, location: Location<'a>) {
        let credential = token.map(|token| Credential { token, location });
        if self.first.is_some() {
            self.several = true;
        } else {
            self.first = Some(credential);
        }
    }
}

impl Places {
    /// The places that `jwt_authn` reads by default: `Authorization: Bearer`, then the query
    /// parameter `access_token`.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            headers: vec![HeaderPlace::Bearer],
            params: vec!["access_token".to_owned()],
            cookies: vec![],
        }
    }

    /// The only place for a client's secret: `Authorization: Basic`.
    #[must_use]
    pub fn of_secrets() -> Self {
        Self {
            headers: vec![HeaderPlace::Basic],
            ..Self::default()
        }
    }

    /// Returns the credential of `request` in these places, or `None` if the request has no
    /// credential.
    ///
    /// # Errors
    /// If there are several credentials, or if the only credential is malformed.
    pub fn find<'a>(
        &'a self,
        request: &Request<'a>,
        target: Option<Target<'a>>,
    ) -> Result<Option<Credential<'a>>, CredentialError> {
        self.find_with(request, target, &mut |_| false)
    }

    /// Does the same as [`find`](Self::find), but takes less time for known tokens. `is_known`
    /// returns true for the text of a bearer token that was verified before. The syntax of a known
    /// token is not checked again.
    ///
    /// # Errors
    /// If there are several credentials, or if the only credential is malformed.
    pub(crate) fn find_with<'a>(
        &'a self,
        request: &Request<'a>,
        target: Option<Target<'a>>,
        is_known: &mut dyn FnMut(&'a [u8]) -> bool,
    ) -> Result<Option<Credential<'a>>, CredentialError> {
        let mut found = Found::default();
        for place in &self.headers {
            self.collect_header(place, request, is_known, &mut found);
        }
        if let Some(query) = target.and_then(|target| target.query) {
            self.collect_params(query, &mut found);
        }
        self.collect_cookies(request, &mut found);
        if found.several {
            return Err(CredentialError::Several);
        }
        found.first.transpose()
    }

    /// Returns true if tokens are read from a header with this lower-case name. The result is also
    /// true for a name that some servers confuse with a configured name.
    #[must_use]
    pub fn reads_header(&self, name: &[u8]) -> bool {
        self.headers.iter().any(|place| match place {
            HeaderPlace::Basic | HeaderPlace::Bearer => name == b"authorization",
            HeaderPlace::Prefixed { name: own, .. } => own.is_confusable_with(name),
        }) || (!self.cookies.is_empty() && name == b"cookie")
    }

    /// Returns true if any of these places reads tokens from a parameter of this query. The query
    /// is decoded only once, however many places there are.
    #[must_use]
    pub fn any_reads_query(all: &[Arc<Self>], query: &str) -> bool {
        let mut merged = Self::default();
        for places in all {
            merged.params.extend_from_slice(&places.params);
        }
        let mut found = Found::default();
        merged.collect_params(query, &mut found);
        found.first.is_some()
    }

    fn collect_header<'a>(
        &'a self,
        place: &'a HeaderPlace,
        request: &Request<'a>,
        is_known: &mut dyn FnMut(&'a [u8]) -> bool,
        found: &mut Found<'a>,
    ) {
        let (name, prefix) = match place {
            HeaderPlace::Basic => return collect_scheme(Scheme::Basic, request, is_known, found),
            HeaderPlace::Bearer => return collect_scheme(Scheme::Bearer, request, is_known, found),
            HeaderPlace::Prefixed { name, prefix } => (name, prefix),
        };
        for (written, value) in request.headers() {
            if !name.is_confusable_with(written) {
                continue;
            }
            let is_own = name.as_str().as_bytes() == *written;
            if !is_own && self.names_header(written) {
                continue;
            }
            let Some(token) = prefixed_token(value, prefix) else {
                continue;
            };
            let token = token.map(TokenText::checked);
            match text(written) {
                Ok(twin) if !is_own => found.push(token, Location::HeaderTwin(twin)),
                Ok(_) => found.push(token, Location::Header(name)),
                // The header's name is not UTF-8. The token is treated as malformed, because
                // Portcullis could not remove a header with such a name from the request.
                Err(error) => found.push(Err(error), Location::Header(name)),
            }
        }
    }

    /// Returns true if a place is configured with exactly this header name. Two places may have
    /// names that servers could confuse, such as `x-token` and `x_token`. A header `x_token` then
    /// belongs only to the place named `x_token`.
    fn names_header(&self, written: &[u8]) -> bool {
        self.headers.iter().any(|place| {
            matches!(place, HeaderPlace::Prefixed { name, .. } if name.as_str().as_bytes() == written)
        })
    }

    fn collect_params<'a>(&'a self, query: &'a str, found: &mut Found<'a>) {
        if self.params.is_empty() {
            return;
        }
        for pair in query.split('&') {
            if pair.contains(';') {
                self.collect_split_params(pair, found);
                continue;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if self.reads_param(name) {
                found.push(
                    token68(value).map(TokenText::checked),
                    Location::Query(name),
                );
            }
        }
    }

    /// Splits `pair` at `;`, and reports a malformed credential for each part that has the name of
    /// a token parameter. Some servers end a parameter at `;` as well as at `&`, so they would find
    /// a token in `a;token=x`. A token itself never contains `;`.
    fn collect_split_params<'a>(&'a self, pair: &'a str, found: &mut Found<'a>) {
        for part in pair.split(';') {
            let (name, _) = part.split_once('=').unwrap_or((part, ""));
            if self.reads_param(name) {
                found.push(Err(CredentialError::Malformed), Location::Query(name));
            }
        }
    }

    /// Returns true if tokens are read from the parameter `name`. The name is percent-decoded
    /// first, so that a token in `access%5Ftoken` is found too.
    fn reads_param(&self, name: &str) -> bool {
        // Some servers drop a `?` at the start of a query.
        let reads = |name: &str| {
            let name = decoded_again(name.trim_start_matches('?'));
            self.params.iter().any(|own| is_read_as(own, &name))
        };
        match name.contains(['%', '+']) {
            true => form_urlencoded::parse(name.as_bytes())
                .next()
                .is_some_and(|(name, _)| reads(&name)),
            false => reads(name),
        }
    }

    fn collect_cookies<'a>(&'a self, request: &Request<'a>, found: &mut Found<'a>) {
        if self.cookies.is_empty() {
            return;
        }
        for line in request.values("cookie") {
            for pair in line.split(|byte| *byte == b';') {
                let Some((name, value)) = cookie_pair(pair) else {
                    continue;
                };
                let own = self.cookies.iter().find(|own| own.as_bytes() == name);
                if let Some(own) = own {
                    found.push(text(value).map(TokenText::checked), Location::Cookie(own));
                }
            }
        }
    }
}

/// Collects the credentials of a scheme from all `Authorization` header lines. If a request has
/// several lines, Envoy joins them with commas before any filter sees them. So each part between
/// commas is treated as a line.
fn collect_scheme<'a>(
    scheme: Scheme,
    request: &Request<'a>,
    is_known: &mut dyn FnMut(&'a [u8]) -> bool,
    found: &mut Found<'a>,
) {
    let (mut has_own, mut has_other) = (false, false);
    let mut collect = |token: Option<Text<'a>>| match token {
        Some(token) => {
            has_own = true;
            found.push(token, Location::Authorization);
        }
        None => has_other = true,
    };
    for line in request.values("authorization") {
        match token_of(scheme, line.trim_ascii(), is_known) {
            // The whole line is one credential. A token68 contains no comma, so no second
            // credential can follow in this line.
            whole @ Some(Ok(_)) => collect(whole),
            _ => line
                .split(|byte| *byte == b',')
                .for_each(|part| collect(token_of(scheme, part.trim_ascii(), &mut |_| false))),
        }
    }
    // If all credentials are of other schemes, the result is "no credential" (401). If the request
    // has credentials of this scheme and of another, the result is "several credentials".
    found.several |= has_own && has_other;
}

/// Parses a value that consists of a scheme, one or more spaces, and a token68. Returns `None` if
/// the value has another scheme. The scheme is case-insensitive (RFC 9110 §11.1).
fn token_of<'a>(
    scheme: Scheme,
    value: &'a [u8],
    is_known: &mut dyn FnMut(&'a [u8]) -> bool,
) -> Option<Text<'a>> {
    let name = scheme.name();
    let (written, rest) = value.split_at_checked(name.len())?;
    if !written.eq_ignore_ascii_case(name.as_bytes())
        || rest
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    {
        return None;
    }
    if rest.first() != Some(&b' ') {
        return Some(Err(CredentialError::Malformed));
    }
    let spaces = rest.iter().take_while(|octet| **octet == b' ').count();
    let rest = rest.get(spaces..).unwrap_or_default();
    if scheme == Scheme::Bearer && is_known(rest) {
        return Some(Ok(TokenText::known(rest)));
    }
    let token = text(rest).and_then(token68);
    Some(token.and_then(|token| match scheme {
        Scheme::Basic if ClientCredentials::parse(token).is_none() => {
            Err(CredentialError::Malformed)
        }
        _ => Ok(TokenText::checked(token)),
    }))
}

/// Finds the start of a token as `jwt_authn` does. The prefix may be anywhere in the value, and the
/// token begins at the first base64url character or dot after the prefix. Unlike in `jwt_authn`,
/// the token always extends to the end of the value. Returns `None` if the value does not contain
/// the prefix. If the value contains the prefix twice, it counts as two credentials: Envoy joins
/// several `Authorization` lines into one, and other proxies join the lines of any header.
fn prefixed_token<'a>(value: &'a [u8], prefix: &str) -> Option<Result<&'a str, CredentialError>> {
    let Ok(value) = text(value) else {
        return Some(Err(CredentialError::Malformed));
    };
    if prefix.is_empty() {
        return Some(Ok(value));
    }
    let (_, rest) = value.split_once(prefix)?;
    let is_token_char =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    let token = rest.trim_start_matches(|char| !is_token_char(char));
    Some(if token.contains(prefix) {
        Err(CredentialError::Several)
    } else {
        Ok(token)
    })
}

/// Returns the text if it is a token68 (RFC 9110 §11.2).
fn token68(text: &str) -> Result<&str, CredentialError> {
    let body = text.trim_end_matches('=');
    if !body.is_empty() && is_token68(body.as_bytes()) {
        Ok(text)
    } else {
        Err(CredentialError::Malformed)
    }
}

/// Returns true if every octet of `text` is allowed in a token68. For speed, the loop checks eight
/// octets at a time. This function runs for every bearer token that was not verified before.
fn is_token68(text: &[u8]) -> bool {
    let own = |octet: u8| TOKEN68.contains(octet);
    let (chunks, rest) = text.as_chunks::<8>();
    let all = |[a, b, c, d, e, f, g, h]: [u8; 8]| {
        own(a) & own(b) & own(c) & own(d) & own(e) & own(f) & own(g) & own(h)
    };
    chunks.iter().all(|chunk| all(*chunk)) && rest.iter().all(|octet| own(*octet))
}

/// The octets that a `token68` may contain, except its padding.
static TOKEN68: Octets = octets!(|octet| {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
});

fn text(bytes: &[u8]) -> Result<&str, CredentialError> {
    str::from_utf8(bytes).map_err(|_| CredentialError::Malformed)
}

/// Splits a pair `name=value` of a `Cookie` header. Removes spaces around the name and the value,
/// and quotes around the value (RFC 6265 §4.1.1).
fn cookie_pair(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let pair = pair.trim_ascii();
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (name, rest) = pair.split_at_checked(equals)?;
    let value = rest.get(1..)?;
    let unquoted = value
        .strip_prefix(b"\"")
        .and_then(|inner| inner.strip_suffix(b"\""));
    Some((name.trim_ascii(), unquoted.unwrap_or(value)))
}

#[cfg(test)]
mod tests;
