//! What can be wrong with a configuration, and what to do about it.
//!
//! Values that the operator wrote are repeated, cut, where they help to find the place, but never
//! key material.

use core::fmt;
use std::borrow::Cow;

use crate::{
    http::{
        HeaderNameError,
        path::{Ambiguity, Unreachable},
    },
    jose::{KeySetError, PemError},
    json::JsonError,
};

/// Longest part of a written value that an error repeats, in characters.
const MAX_ECHO: usize = 64;

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A provider verifies with a secret but lists an algorithm of key pairs.
    AsymmetricSecret {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// `authorize` in a rule that asks for no token: only verified claims count.
    AuthorizeWithoutRequires,
    /// A `safe_regex` that does not compile.
    BadRegex {
        /// What the compiler said.
        fault: String,
    },
    /// Text that is not base64.
    NotBase64,
    /// Two fields that say opposite things.
    Contradiction {
        /// The one.
        field: &'static str,
        /// The other.
        other: &'static str,
    },
    /// An empty list or text where that would mean nothing, or everything.
    Empty,
    /// A `range_match` that holds no number.
    EmptyRange,
    /// A number so large that, as a double, it also means its neighbours.
    InexactNumber,
    /// An issuer whose braces are not placeholders.
    IssuerTemplate,
    /// The bytes are not strict JSON.
    Json(JsonError),
    /// The local keys or secrets cannot be used.
    Keys(KeySetError),
    /// A required field is absent.
    MissingField {
        /// Its name.
        field: &'static str,
    },
    /// Neither `audiences` nor `allow_any_audience`.
    NoAudiences,
    /// Neither `issuer` nor `allow_any_issuer`.
    NoIssuer,
    /// `allow_any_tenant` beside an issuer that has no placeholder.
    NoPlaceholder,
    /// A field of `jwt_authn` or of a later version.
    NotAvailable {
        /// Its name.
        field: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// A name that the template does not have.
    NoSuchPlaceholder {
        /// The name.
        name: String,
    },
    /// `discovery` of an issuer that does not lead to metadata.
    NotDiscoverable,
    /// Not exactly one of some fields.
    NotExactlyOne {
        /// The fields.
        choices: Vec<&'static str>,
        /// Those that are there.
        found: Vec<&'static str>,
    },
    /// A condition on `:path` in a spelling that no request is matched in.
    OtherSpelling {
        /// The normal one.
        spelling: String,
    },
    /// A number outside of its bounds.
    OutOfBounds {
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
        /// What is counted.
        unit: &'static str,
    },
    /// A name that is no name of a provider.
    ProviderName,
    /// A field about tokens beside `client_secrets`.
    NoTokens,
    /// None of the local keys serves an algorithm that is accepted.
    NoServingKey,
    /// A text that should hold public keys in PEM.
    Pem(PemError),
    /// Two entries of one list that say the same.
    Repeated {
        /// The entry.
        value: String,
    },
    /// A header that a module must not set.
    ReservedHeader,
    /// The name of a header is none (RFC 9110 §5.1).
    HeaderName(HeaderNameError),
    /// Text that is no hash of a client's secret; perhaps the secret.
    SecretHash,
    /// `shared_memory_key` is too short or not base64url. Its value is not repeated.
    SharedMemoryKey,
    /// One field in both of its spellings.
    SpeltTwice {
        /// Its name.
        field: &'static str,
    },
    /// HS* with keys that are no secrets: whoever can read the keys could sign (RFC 8725 §2.1).
    SymmetricAlgorithm {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// A requirement inside a requirement inside a requirement, too often.
    TooDeep {
        /// Greatest depth.
        max: usize,
    },
    /// A list shorter than it must be.
    TooFew {
        /// Least number of entries.
        min: usize,
    },
    /// A text that is too long.
    TooLong {
        /// Greatest number of characters.
        max: usize,
    },
    /// A header that a provider's tokens are read from.
    TokenHeader {
        /// The provider.
        provider: String,
    },
    /// An issuer's placeholder that any value would fit.
    UnconstrainedPlaceholder {
        /// The claim.
        claim: String,
    },
    /// A placeholder of a structured scope that any value would fit.
    UnsetPlaceholder {
        /// Its name.
        name: String,
    },
    /// A `status` that anyone may read.
    UnprotectedStatus,
    /// `authorize` or `status` beside a requirement that passes claims on unverified.
    UnverifiedClaims,
    /// A name that the object does not have.
    UnknownField {
        /// The name.
        field: String,
        /// The names that it has.
        known: Vec<&'static str>,
        /// The most similar name.
        nearest: Option<String>,
    },
    /// A provider that is not configured.
    UnknownProvider {
        /// The name.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    },
    /// A `requirement_name` that is not in `requirement_map`.
    UnknownRequirement {
        /// The name.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    },
    /// None of a closed set of values.
    UnknownValue {
        /// The value.
        value: String,
        /// The values that there are.
        known: &'static [&'static str],
    },
    /// A data source that a module cannot read.
    Unreadable {
        /// Its name.
        field: &'static str,
    },
    /// A rule for a path that no request can have.
    UnreachablePath {
        /// What is wrong with it.
        fault: Unreachable,
    },
    /// Text that does not have the form that it needs.
    WrongForm {
        /// The form.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A value of another type.
    WrongType {
        /// The type.
        expected: &'static str,
        /// What is there.
        found: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsymmetricSecret { algorithm } => {
                write!(f, "{algorithm} does not verify with a shared secret")
            }
            Self::AuthorizeWithoutRequires => {
                f.write_str("\"authorize\" without \"requires\": there would be no verified claims")
            }
            Self::BadRegex { fault } => write!(f, "no regular expression: {fault}"),
            Self::NotBase64 => f.write_str("not base64"),
            Self::Contradiction { field, other } => {
                write!(f, "\"{field}\" contradicts \"{other}\"")
            }
            Self::Empty => f.write_str("empty"),
            Self::EmptyRange => f.write_str("no number is at least \"start\" and below \"end\""),
            Self::InexactNumber => {
                f.write_str("a large number came as a double, which also equals its neighbours")
            }
            Self::IssuerTemplate => f.write_str("a brace that is part of no {claim}"),
            Self::Json(error) => error.fmt(f),
            Self::Keys(error) => error.fmt(f),
            Self::MissingField { field } => write!(f, "missing field \"{field}\""),
            Self::NoAudiences => f.write_str("tokens meant for anyone would be accepted"),
            Self::NoIssuer => f.write_str("tokens of any issuer would be accepted"),
            Self::NoPlaceholder => {
                f.write_str("\"issuer\" has no {claim} that could tell tenants apart")
            }
            Self::NoTokens => f.write_str("clients with secrets have no tokens"),
            Self::NoServingKey => f.write_str("no key serves any of the accepted algorithms"),
            Self::NotAvailable { field, .. } => {
                write!(f, "\"{field}\" is not available in this version")
            }
            Self::NoSuchPlaceholder { name } => {
                write!(f, "the template has no {{{}}}", cut(name))
            }
            Self::NotDiscoverable => f.write_str("the issuer does not lead to its metadata"),
            Self::NotExactlyOne { choices, found } => write_not_exactly_one(f, choices, found),
            Self::OtherSpelling { .. } => {
                f.write_str("paths are matched in their normal spelling, which this is not")
            }
            Self::OutOfBounds { min, max, unit } => write!(f, "not between {min} and {max} {unit}"),
            Self::Pem(error) => error.fmt(f),
            Self::ProviderName => {
                f.write_str("a provider's name has 1 to 64 letters, digits, \"_\", \".\" and \"-\"")
            }
            Self::Repeated { value } => write!(f, "\"{}\" is there twice", cut(value)),
            Self::ReservedHeader => f.write_str("a header that a module must not set"),
            Self::HeaderName(error) => error.fmt(f),
            Self::SecretHash => f.write_str("no hash of a secret"),
            Self::SharedMemoryKey => f.write_str("not base64url of at least 32 octets"),
            Self::SpeltTwice { field } => {
                write!(f, "\"{field}\" is there in both of its spellings")
            }
            Self::SymmetricAlgorithm { algorithm } => {
                write!(f, "{algorithm} needs a secret, and these keys are none")
            }
            Self::TooDeep { max } => write!(f, "requirements go deeper than {max} levels"),
            Self::TooFew { min } => write!(f, "fewer than {min} entries"),
            Self::TooLong { max } => write!(f, "longer than {max} characters"),
            Self::TokenHeader { provider } => {
                write!(
                    f,
                    "tokens of the provider \"{provider}\" are read from this header"
                )
            }
            Self::UnconstrainedPlaceholder { claim } => {
                write!(f, "tokens with any \"{}\" would be accepted", cut(claim))
            }
            Self::UnsetPlaceholder { name } => write!(f, "any \"{}\" would fit", cut(name)),
            Self::UnprotectedStatus => {
                f.write_str("anyone could read it: it asks for no token that verifies")
            }
            Self::UnverifiedClaims => f.write_str("the claims need not be verified"),
            Self::UnknownField { field, .. } => write!(f, "unknown field \"{}\"", cut(field)),
            Self::UnknownProvider { name, .. } => write!(f, "unknown provider \"{}\"", cut(name)),
            Self::UnknownRequirement { name, .. } => {
                write!(f, "unknown requirement \"{}\"", cut(name))
            }
            Self::UnknownValue { value, .. } => write!(f, "unknown value \"{}\"", cut(value)),
            Self::Unreadable { field } => {
                write!(
                    f,
                    "\"{field}\" cannot be read: a module has no files and no environment"
                )
            }
            Self::UnreachablePath { fault } => {
                write!(f, "no request can have this path: it has {fault}")
            }
            Self::WrongForm { expected, found } => {
                write!(f, "expected {expected}, found \"{}\"", cut(found))
            }
            Self::WrongType { expected, found } => {
                let cut: String = found.chars().take(MAX_ECHO).collect();
                write!(f, "expected {expected}, found {cut}")
            }
        }
    }
}

impl Reason {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::AsymmetricSecret { .. } => "name HS256, HS384 or HS512 alone",
            Self::AuthorizeWithoutRequires => "add \"requires\" or \"requirement_name\"",
            Self::BadRegex { .. } => {
                "correct it (Unicode classes such as \\p{L} are not supported)"
            }
            Self::NotExactlyOne { found, .. } if found.is_empty() => "add one",
            Self::Contradiction { .. } | Self::NotExactlyOne { .. } => "keep one",
            Self::Empty => "fill it in, or leave it out where it is optional",
            Self::EmptyRange => "make \"end\" greater than \"start\"",
            Self::HeaderName(_) | Self::ProviderName => "rename it",
            Self::InexactNumber => {
                "quote it if the claim is text; else give the configuration as JSON text (a \
                 StringValue), which keeps every digit"
            }
            Self::IssuerTemplate => "write placeholders as {claim}, with the name of a claim",
            Self::Json(_) => "the configuration is one JSON object",
            Self::Keys(_) | Self::Pem(_) => "replace the key or secret",
            Self::MissingField { field } => return format!("add \"{field}\"").into(),
            Self::NoAudiences => "set \"audiences\", or \"allow_any_audience\": true",
            Self::NoIssuer => "set \"issuer\", or \"allow_any_issuer\": true",
            Self::NoTokens => {
                "leave it out, or take another source of keys than \"client_secrets\""
            }
            Self::NoPlaceholder => "leave \"allow_any_tenant\" out",
            Self::NoServingKey => "name the algorithms of the keys in \"algorithms\"",
            Self::NotAvailable { instead, .. } => instead,
            Self::NoSuchPlaceholder { .. } => "write it into \"template\", or leave the name out",
            Self::NotDiscoverable => {
                "make \"issuer\" a URL whose {claim}s are whole segments of its path, or use \
                 \"remote_jwks\""
            }
            Self::NotBase64 => "encode the key set with base64, or use \"inline_string\"",
            Self::OtherSpelling { spelling } => return format!("write {}", cut(spelling)).into(),
            Self::OutOfBounds { .. } => "choose a value in between",
            Self::Repeated { .. } => "remove one",
            Self::ReservedHeader | Self::TokenHeader { .. } => "choose another header",
            Self::SecretHash => "write the \"hash\" that `portcullis client-secret` prints",
            Self::SharedMemoryKey => {
                "make one with `openssl rand -base64 32 | tr '+/' '-_' | tr -d '='`"
            }
            Self::SpeltTwice { .. } => "keep one spelling",
            Self::SymmetricAlgorithm { .. } => {
                "remove it, or give the secret by \"shared_secrets\""
            }
            Self::TooDeep { .. } => "write it flatter",
            Self::TooFew { .. } => "add some, or write the one entry itself",
            Self::TooLong { .. } => "shorten it",
            Self::UnconstrainedPlaceholder { .. } => {
                "list its accepted values in \"require_claims\", or set \"allow_any_tenant\": true"
            }
            Self::UnsetPlaceholder { .. } => "give its value in \"where\"",
            Self::UnprotectedStatus => {
                "set \"requires\" to a provider, or \"unprotected\": true alone"
            }
            Self::UnverifiedClaims => "require a token that verifies",
            Self::UnknownField { known, .. } => {
                return format!("known here: {}", quoted(known)).into();
            }
            Self::UnknownProvider { .. } => "add it to \"providers\"",
            Self::UnknownRequirement { .. } => "add it to \"requirement_map\"",
            Self::UnknownValue { known, .. } => {
                return format!("known here: {}", quoted(*known)).into();
            }
            Self::Unreadable { .. } => {
                "write its content into \"inline_string\" (`portcullis migrate` does)"
            }
            Self::UnreachablePath { fault } => instead(*fault),
            Self::WrongForm { expected, .. } => return format!("write {expected}").into(),
            Self::WrongType { expected, .. } => return format!("write {expected}").into(),
        })
    }

    /// The known name that the written one was most likely meant to be.
    #[must_use]
    pub fn nearest(&self) -> Option<&str> {
        match self {
            Self::UnknownValue { value, known } => nearest(value, known.iter().copied()),
            Self::UnknownField { nearest, .. }
            | Self::UnknownProvider { nearest, .. }
            | Self::UnknownRequirement { nearest, .. } => nearest.as_deref(),
            _ => None,
        }
    }
}

/// What to write instead of a path that no request can have.
const fn instead(fault: Unreachable) -> &'static str {
    match fault {
        Unreachable::Control => "write a space as %20, and encode other such characters too",
        Unreachable::Percent => "write %25 for a percent sign, or two hexadecimal digits after it",
        Unreachable::Refused(ambiguity) => match ambiguity {
            Ambiguity::EmptySegment => "write one / where there are several",
            Ambiguity::DotSegment => "resolve . and .. in the path, as servers do",
            Ambiguity::EncodedSlash | Ambiguity::Backslash => {
                "write / between segments; requests with an encoded one get 400"
            }
            Ambiguity::DoubleEncoding => "encode each character once",
            Ambiguity::UnicodeEncoding => "write the character itself, or encode its UTF-8",
            Ambiguity::NotText => "encode the UTF-8 of each character, such as %C3%A9 for é",
            Ambiguity::Fragment | Ambiguity::Nul => "leave it out",
        },
    }
}

/// The candidate that is most like `wrong`, if any is like it at all.
pub(super) fn nearest<'a>(
    wrong: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    // What a client of a control plane may write is not bounded; the comparison is quadratic.
    if wrong.len() > MAX_ECHO {
        return None;
    }
    candidates
        .map(|candidate| (strsim::jaro_winkler(wrong, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

fn write_not_exactly_one(
    f: &mut fmt::Formatter<'_>,
    choices: &[&str],
    found: &[&str],
) -> fmt::Result {
    write!(f, "exactly one of {} is needed, ", quoted(choices))?;
    if found.is_empty() {
        f.write_str("found none")
    } else {
        write!(f, "found {}", quoted(found))
    }
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a &'a str>) -> String {
    let quoted: Vec<String> = names
        .into_iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    quoted.join(", ")
}

/// A written value, escaped and cut.
fn cut(text: &str) -> String {
    let mut cut: String = text
        .chars()
        .take(MAX_ECHO)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MAX_ECHO).is_some() {
        cut.push('…');
    }
    cut
}
