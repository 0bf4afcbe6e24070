//! A request as a line of JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use portcullis::{
    certificate_digest::CertificateDigest,
    connection::PeerName,
    policy::{HeaderPlace, Places},
};

/// One request, as a line of the input.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestLine {
    #[serde(default)]
    pub(super) id: Value,
    #[serde(default = "get")]
    method: String,
    path: Option<String>,
    pub(crate) authority: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// The route's metadata in the namespace `portcullis`.
    pub(crate) route_metadata: Option<Value>,
    /// The filter state that other filters have written.
    #[serde(default)]
    pub(crate) filter_state: BTreeMap<String, String>,
    /// The certificate of the connection's peer. Only policy tests set it.
    #[serde(skip)]
    pub(crate) certificate: PeerCertificate,
}

/// The certificate of a connection's peer. All fields are empty if the peer has no certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerCertificate {
    pub(crate) digest: Option<CertificateDigest>,
    pub(crate) names: Vec<(PeerName, String)>,
}

impl RequestLine {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: Some(path.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn add_header(&mut self, name: &str, value: String) {
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
    pub(crate) fn add_token(&mut self, token: &str, places: Option<&Places>) {
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

    /// The headers as Envoy passes them to filters: pseudo-headers first, names in lower case, `Host`
    /// as `:authority`.
    pub(super) fn all_headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![(":method".to_owned(), self.method.clone())];
        headers.extend(self.path.clone().map(|path| (":path".to_owned(), path)));
        let is_host = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("host");
        let host = self.headers.iter().find(is_host).map(|(_, value)| value);
        let authority = self.authority.as_ref().or(host).cloned();
        headers.push((":authority".to_owned(), authority.unwrap_or_default()));
        headers.extend(
            self.headers
                .iter()
                .filter(|header| !is_host(header))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone())),
        );
        headers
    }
}

fn get() -> String {
    "GET".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(line: &str) -> Vec<(String, String)> {
        serde_json::from_str::<RequestLine>(line)
            .unwrap()
            .all_headers()
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
