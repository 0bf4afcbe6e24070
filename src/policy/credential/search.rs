//! Searches a request for credentials.

use std::sync::Arc;

use crate::{
    http::{Request, decoded_again, is_read_as, path::Target},
    policy::Scheme,
};

use super::{
    Credential, CredentialError, HeaderPlace, Location, Places,
    syntax::{Text, cookie_pair, prefixed_token, text, token_of, token68},
    text::TokenText,
};

impl Places {
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
