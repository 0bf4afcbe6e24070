//! The places in a request where a client can put a token, and the correct and incorrect ways to
//! write it there.

use serde_json::Value;

use support::driver::Request;

/// A place where a provider looks for tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Cookie(String),
    Header { name: String, prefix: String },
    Param(String),
}

/// A way to write a token, correct or incorrect. Unless stated otherwise, the descriptions below
/// are for headers. In parameters and cookies, the same variant can have another effect or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dress {
    /// The token is written as the provider expects it.
    Plain,
    /// The prefix is in lower case.
    LowerCase,
    /// If the prefix ends with a space, this space is missing. Otherwise, a space is added after
    /// the prefix.
    OtherSpace,
    /// The prefix is missing.
    Bare,
    /// Other characters precede the prefix.
    Behind,
    /// A space and an `x` follow the token.
    Followed,
    /// A comma follows the token.
    Comma,
    /// `==` follows the token.
    Padded,
    /// The token is in quotes.
    Quoted,
    /// A quote precedes the token, but no quote follows it.
    HalfQuoted,
    /// The prefix is not followed by a token.
    Nothing,
    /// The name of a parameter is percent-encoded. In headers and cookies, this variant is the same
    /// as `Plain`.
    Encoded,
    /// Additional spaces precede the token.
    Spaced,
}

impl Dress {
    pub(crate) const ALL: [Self; 13] = [
        Self::Plain,
        Self::LowerCase,
        Self::OtherSpace,
        Self::Bare,
        Self::Behind,
        Self::Followed,
        Self::Comma,
        Self::Padded,
        Self::Quoted,
        Self::HalfQuoted,
        Self::Nothing,
        Self::Encoded,
        Self::Spaced,
    ];
}

impl Place {
    /// Returns every place where a provider of `jwt_authn` looks for tokens.
    pub(crate) fn of(provider: &Value) -> Vec<Self> {
        let list = |field: &str| provider[field].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut places: Vec<Self> = list("from_headers")
            .iter()
            .map(|header| Self::Header {
                name: text(&header["name"]).to_ascii_lowercase(),
                prefix: text(&header["value_prefix"]),
            })
            .collect();
        places.extend(
            list("from_params")
                .iter()
                .map(|name| Self::Param(text(name))),
        );
        places.extend(
            list("from_cookies")
                .iter()
                .map(|name| Self::Cookie(text(name))),
        );
        if places.is_empty() {
            places = vec![
                Self::Header {
                    name: "authorization".to_owned(),
                    prefix: "Bearer ".to_owned(),
                },
                Self::Param("access_token".to_owned()),
            ];
        }
        places
    }

    /// Returns whether this place is the `Authorization` header with the scheme `Bearer` (RFC 6750
    /// section 2.1).
    pub(crate) fn is_bearer(&self) -> bool {
        matches!(self, Self::Header { name, prefix }
            if name == "authorization" && prefix.trim_end().eq_ignore_ascii_case("bearer"))
    }

    /// Returns whether a provider that looks in one of the two places may find a token that is in
    /// the other.
    pub(crate) fn shares(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Header { name, .. }, Self::Header { name: other, .. }) => name == other,
            _ => self == other,
        }
    }

    /// Puts a token into this place of a request.
    pub(crate) fn put(&self, token: &str, dress: Dress, mut request: Request) -> Request {
        match self {
            Self::Header { name, prefix } => request.header(name, header(prefix, token, dress)),
            Self::Param(name) => {
                let joint = if request.path.contains('?') { '&' } else { '?' };
                let parameter = parameter(name, token, dress);
                request.path = format!("{}{joint}{parameter}", request.path);
                request
            }
            Self::Cookie(name) => request.header("cookie", cookie(name, token, dress)),
        }
    }
}

fn header(prefix: &str, token: &str, dress: Dress) -> String {
    let trimmed = prefix.trim_end();
    match dress {
        Dress::Plain | Dress::Encoded => format!("{prefix}{token}"),
        Dress::LowerCase => format!("{}{token}", prefix.to_ascii_lowercase()),
        Dress::OtherSpace if trimmed == prefix => format!("{prefix} {token}"),
        Dress::OtherSpace => format!("{trimmed}{token}"),
        Dress::Bare => token.to_owned(),
        Dress::Behind => format!("for you: {prefix}{token}"),
        Dress::Followed => format!("{prefix}{token} x"),
        Dress::Comma => format!("{prefix}{token},"),
        Dress::Padded => format!("{prefix}{token}=="),
        Dress::Quoted => format!("{prefix}\"{token}\""),
        Dress::HalfQuoted => format!("{prefix}\"{token}"),
        Dress::Nothing => trimmed.to_owned(),
        Dress::Spaced => format!("{prefix}  {token}"),
    }
}

fn parameter(name: &str, token: &str, dress: Dress) -> String {
    match dress {
        Dress::Bare => token.to_owned(),
        Dress::Nothing => format!("{name}="),
        Dress::LowerCase => format!("{}={token}", name.to_ascii_uppercase()),
        Dress::Encoded => {
            let (first, rest) = name.split_at(1);
            let first = first.as_bytes()[0];
            format!("%{first:02x}{rest}={token}")
        }
        Dress::OtherSpace => format!("{name}={}", token.replacen('.', "%2e", 1)),
        Dress::Spaced => format!("{name}=+{token}"),
        Dress::Followed => format!("{name}={token}&a=%20b&c"),
        Dress::Behind => format!("a=%20b&&{name}={token}"),
        Dress::Comma => format!("{name}={token},"),
        Dress::Padded => format!("{name}={token}=="),
        Dress::Quoted | Dress::HalfQuoted => format!("{name}=%22{token}%22"),
        Dress::Plain => format!("{name}={token}"),
    }
}

fn cookie(name: &str, token: &str, dress: Dress) -> String {
    match dress {
        Dress::Bare => token.to_owned(),
        Dress::Nothing => format!("{name}="),
        Dress::LowerCase => format!("{}={token}", name.to_ascii_uppercase()),
        Dress::Quoted => format!("{name}=\"{token}\""),
        Dress::HalfQuoted => format!("{name}=\"{token}"),
        Dress::Spaced => format!("a=1;  {name}={token} ; b=2"),
        Dress::Followed => format!("{name}={token}; b=2"),
        Dress::Behind => format!("a=1; {name}={token}"),
        Dress::Comma => format!("{name}={token},"),
        Dress::Padded => format!("{name}={token}=="),
        Dress::Encoded | Dress::OtherSpace | Dress::Plain => format!("{name}={token}"),
    }
}
