//! Fields that operators often write in the wrong object.

use portcullis::config::{ConfigPath, Step};

/// Fields that belong in an object of their own.
pub(super) struct Misplaced {
    /// The names under which operators write the fields.
    pub(super) names: &'static [&'static str],
    /// The field whose object the fields belong in.
    pub(super) meant: &'static str,
    pub(super) advice: &'static str,
}

/// Fields of an authorization server's metadata (RFC 8414) in a provider.
const IN_PROVIDER: Misplaced = Misplaced {
    names: &["jwks_uri", "jwksUri", "jwks_url", "jwksUrl"],
    meant: "remote_jwks",
    advice: "write remote_jwks: { http_uri: { uri: URI, cluster: NAME, timeout: 5s } }, or \
             discovery: { cluster: NAME } to find the URI in the issuer's metadata",
};

/// The fields of `http_uri` in `remote_jwks`.
const IN_REMOTE_JWKS: Misplaced = Misplaced {
    names: &["cluster", "timeout", "uri"],
    meant: "http_uri",
    advice: "put \"uri\", \"cluster\" and \"timeout\" in \"http_uri\": http_uri: { uri: URI, \
             cluster: NAME, timeout: 5s }",
};

/// The fields to which the unknown field `name` of the object `at` belongs.
pub(super) fn misplaced(at: &ConfigPath, name: &str) -> Option<&'static Misplaced> {
    let found = match at.steps() {
        [Step::Member(top), Step::Member(_)] if top == "providers" => &IN_PROVIDER,
        [Step::Member(top), Step::Member(_), Step::Member(source)]
            if top == "providers" && matches!(source.as_str(), "remote_jwks" | "remoteJwks") =>
        {
            &IN_REMOTE_JWKS
        }
        _ => return None,
    };
    found.names.contains(&name).then_some(found)
}
