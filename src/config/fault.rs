//! The faults of a configuration, each with its remedy.
//!
//! The message of a fault quotes a value, truncated, if this helps the operator to find it. Key
//! material is never quoted.

use core::fmt;
use std::borrow::Cow;

use super::echo::{cut, head, nearest, quoted, quoted_or_none};
use crate::{
    http::{
        HeaderNameError,
        path::{Ambiguity, Unreachable},
    },
    jose::{KeySetError, PemError},
    json::JsonError,
};

/// Declares each fault with its message and its remedy, both of which may use the fault's fields.
macro_rules! faults {
    ($(
        $(#[doc = $doc:literal])*
        $fault:ident
        $({ $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)* })?
        $(($inner:ident: $inner_type:ty))?
        => $($fixed:literal)? $(($($text:tt)*))?, $remedy:expr;
    )*) => {
        /// What is wrong with a configuration.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Fault {
            $(
                $(#[doc = $doc])*
                $fault $({ $($(#[doc = $field_doc])* $field: $type,)* })? $(($inner_type))?,
            )*
        }

        #[allow(unused_variables, reason = "texts name few fields")]
        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$fault $({ $($field),* })? $(($inner))? =>
                        $($fixed)? $(return write!(f, $($text)*))?,)*
                })
            }
        }

        #[allow(unused_variables, reason = "remedies name few fields")]
        impl Fault {
            /// What the operator can do about the fault.
            #[must_use]
            pub fn remedy(&self) -> Cow<'static, str> {
                Cow::Borrowed(match self {
                    $(Self::$fault $({ $($field),* })? $(($inner))? => $remedy,)*
                })
            }
        }
    };
}

/// A remedy that contains values.
macro_rules! made {
    ($($text:tt)*) => {
        return Cow::Owned(format!($($text)*))
    };
}

faults! {
    /// A provider accepts any audience below a protected resource.
    AnyAudienceBelow {
        /// The provider.
        provider: String,
    }
        => ("tokens of the provider \"{}\" for any audience would be accepted below it", cut(provider)),
        "list the provider's \"audiences\"";
    /// A provider with shared secrets lists an algorithm for key pairs.
    AsymmetricSecret {
        /// The algorithm.
        algorithm: &'static str,
    }
        => ("{algorithm} does not verify with a shared secret"),
        "list only HS256, HS384 and HS512";
    /// A rule has `authorize` but requires no token, so there are no verified claims to check.
    AuthorizeWithoutRequires
        => "\"authorize\" without \"requires\": there would be no verified claims",
        "add \"requires\" or \"requirement_name\"";
    /// A `safe_regex` that does not compile.
    BadRegex {
        /// The message of the compiler.
        fault: String,
    }
        => ("invalid regular expression: {fault}"),
        "correct it (Unicode classes such as \\p{L} are not supported)";
    /// A header that carries client certificates has a second source.
    CertificateHeader {
        /// The header's name.
        name: String,
    }
        => ("a provider sets the header \"{}\", which carries client certificates", cut(name)),
        "choose another header there";
    /// Two fields that contradict each other.
    Contradiction {
        /// The field.
        field: &'static str,
        /// The other field.
        other: &'static str,
    }
        => ("\"{field}\" contradicts \"{other}\""),
        "keep one";
    /// An empty list or string, which could mean nothing or everything.
    Empty
        => "empty",
        "fill it in, or remove it if it is optional";
    /// A `range_match` that contains no number.
    EmptyRange
        => "no number is at least \"start\" and below \"end\"",
        "make \"end\" greater than \"start\"";
    /// An invalid header name (RFC 9110 §5.1).
    HeaderName(error: HeaderNameError)
        => ("{error}"),
        "rename it";
    /// A number is so large that, as a double, it is equal to its neighbours.
    InexactNumber
        => "a large number was given as a double, which also equals its neighbours",
        "quote it if the claim is text; else give the configuration as JSON text (a StringValue), \
         which keeps every digit";
    /// An issuer with braces that are not placeholders.
    IssuerTemplate
        => "a brace that does not belong to a {claim}",
        "write placeholders as {claim}, with the name of a claim";
    /// The bytes are not strict JSON.
    Json(error: JsonError)
        => ("{error}"),
        "the configuration is one JSON object";
    /// Local keys or secrets that cannot be used.
    Keys(error: KeySetError)
        => ("{error}"),
        "replace the key or secret";
    /// A required field that is missing.
    MissingField {
        /// Its name.
        field: &'static str,
    }
        => ("missing field \"{field}\""),
        made!("add \"{field}\"");
    /// Neither `audiences` nor `allow_any_audience` is set.
    NoAudiences
        => "tokens meant for anyone would be accepted",
        "set \"audiences\", or \"allow_any_audience\": true";
    /// A protected resource whose authorization servers cannot be derived from the rules.
    NoAuthorizationServer {
        /// The provider without an issuer that clients can use.
        provider: String,
    }
        => ("the provider \"{}\" has no fixed https issuer for clients to find", cut(provider)),
        "set \"authorization_servers\"";
    /// A field about headers, although the certificate is that of the connection.
    NoCertificateHeader
        => "the certificate comes from the connection, not from a header",
        "remove it, or set \"source\" to \"xfcc\" or \"client_cert\"";
    /// `trusted_hops` is set for a header that has no elements.
    NoElements
        => "\"Client-Cert\" holds one certificate",
        "remove it";
    /// Neither `issuer` nor `allow_any_issuer` is set.
    NoIssuer
        => "tokens of any issuer would be accepted",
        "set \"issuer\", or \"allow_any_issuer\": true";
    /// `allow_any_tenant` is set, but the issuer has no placeholder.
    NoPlaceholder
        => "\"issuer\" has no {claim} that distinguishes tenants",
        "leave \"allow_any_tenant\" out";
    /// No local key can verify a token with one of the accepted algorithms.
    NoServingKey
        => "no key serves any of the accepted algorithms",
        "name the algorithms of the keys in \"algorithms\"";
    /// A field that only the preset `spiffe` has.
    NoSpiffe
        => "only SPIFFE workloads have a trust domain",
        "set \"preset\": \"spiffe\", or remove it";
    /// A name that does not occur in the template.
    NoSuchPlaceholder {
        /// The name.
        name: String,
    }
        => ("the template has no {{{}}}", cut(name)),
        "write it into \"template\", or remove the name";
    /// An algorithm that no JWT-SVID may have.
    NoSvidAlgorithm {
        /// The algorithm.
        algorithm: &'static str,
    }
        => ("no JWT-SVID is signed with {algorithm}"),
        "list only RS*, PS* and ES*";
    /// None of the keys is for JWT-SVIDs.
    NoSvidKey
        => "no key has \"use\": \"jwt-svid\" and a \"kid\"",
        "use the bundle of the trust domain, in \"remote_jwks\" or \"local_jwks\"";
    /// A field about tokens in a provider with `client_secrets`.
    NoTokens
        => "clients with secrets have no tokens",
        "remove it, or use another source of keys than \"client_secrets\"";
    /// A field that only `jwt_authn` or a later version of Portcullis has.
    NotAvailable {
        /// Its name.
        field: &'static str,
        /// What to do instead.
        instead: &'static str,
    }
        => ("\"{field}\" is not available in this version"),
        *instead;
    /// A string that is not base64.
    NotBase64
        => "not base64",
        "encode the key set with base64, or use \"inline_string\"";
    /// `discovery` is set, but no metadata address follows from the issuer.
    NotDiscoverable
        => "the issuer does not lead to its metadata",
        "make \"issuer\" a URL whose {claim}s are whole segments of its path, or use \"remote_jwks\"";
    /// Of several alternative fields, none is set, or more than one.
    NotExactlyOne {
        /// The fields.
        choices: Vec<&'static str>,
        /// The fields present.
        found: Vec<&'static str>,
    }
        => ("exactly one of {} is required, found {}", quoted(choices), quoted_or_none(found)),
        if found.is_empty() { "add one" } else { "keep one" };
    /// A protected resource under which no rule requires a token.
    OpenResource
        => "no rule requires a token below it",
        "add a rule with \"requires\" for its path, or remove the resource";
    /// A condition on `:path` is spelled in a way that no normalised path can match.
    OtherSpelling {
        /// The normal spelling.
        spelling: String,
    }
        => "paths are matched in their normal spelling, and this is another one",
        made!("write {}", cut(spelling));
    /// A number is out of bounds.
    OutOfBounds {
        /// The minimum.
        min: u64,
        /// The maximum.
        max: u64,
        /// The unit of the number.
        unit: &'static str,
    }
        => ("not between {min} and {max} {unit}"),
        "choose a value in between";
    /// Text that is not valid PEM with public keys.
    Pem(error: PemError)
        => ("{error}"),
        "replace the key or secret";
    /// An invalid name of a provider.
    ProviderName
        => "a provider's name has 1 to 64 letters, digits, \"_\", \".\" and \"-\"",
        "rename it";
    /// Two equal entries of one list.
    Repeated {
        /// The entry.
        value: String,
    }
        => ("\"{}\" occurs twice", cut(value)),
        "remove one";
    /// A header that the module must not set.
    ReservedHeader
        => "a header that a module must not set",
        "choose another header";
    /// A scope that includes itself through others.
    ScopeCycle {
        /// The scope.
        scope: String,
    }
        => ("the scope \"{}\" includes itself", cut(scope)),
        "remove one of the entries that lead back to it";
    /// A string that is not the hash of a client's secret. It may be the secret itself.
    SecretHash
        => "not the hash of a secret",
        "write the \"hash\" that `portcullis client-secret` prints";
    /// `shared_memory_key` is too short or not base64url. The error does not quote its value.
    SharedMemoryKey
        => "not base64url of at least 32 octets",
        "make one with `openssl rand -base64 32 | tr '+/' '-_' | tr -d '='`";
    /// A field occurs in both of its spellings.
    SpeltTwice {
        /// Its name.
        field: &'static str,
    }
        => ("\"{field}\" occurs in both of its spellings"),
        "keep one spelling";
    /// HS* is listed for public keys: anyone who can read the keys could sign (RFC 8725 §2.1).
    SymmetricAlgorithm {
        /// The algorithm.
        algorithm: &'static str,
    }
        => ("{algorithm} requires a shared secret, but these keys are public"),
        "remove it, or give the secret in \"shared_secrets\"";
    /// A header that Portcullis would set, although tokens are read from it.
    TokenHeader {
        /// The provider.
        provider: String,
    }
        => ("tokens of the provider \"{provider}\" are read from this header"),
        "choose another header";
    /// Requirements that are nested too deeply.
    TooDeep {
        /// The maximum depth.
        max: usize,
    }
        => ("requirements go deeper than {max} levels"),
        "flatten it";
    /// A list with too few entries.
    TooFew {
        /// The minimum number of entries.
        min: usize,
    }
        => ("fewer than {min} entries"),
        "add entries, or write the single entry without the list";
    /// A string that is too long.
    TooLong {
        /// The maximum number of characters.
        max: usize,
    }
        => ("longer than {max} characters"),
        "shorten it";
    /// A placeholder in an issuer, although nothing restricts the values of its claim.
    UnconstrainedPlaceholder {
        /// The claim.
        claim: String,
    }
        => ("tokens with any \"{}\" would be accepted", cut(claim)),
        "list its accepted values in \"require_claims\", or set \"allow_any_tenant\": true";
    /// A name that the object does not have.
    UnknownField {
        /// The name.
        field: String,
        /// The names that the object can have.
        known: Vec<&'static str>,
        /// The most similar name.
        nearest: Option<String>,
    }
        => ("unknown field \"{}\"", cut(field)),
        made!("known here: {}", quoted(known));
    /// A provider that is not configured.
    UnknownProvider {
        /// The name.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    }
        => ("unknown provider \"{}\"", cut(name)),
        "add it to \"providers\"";
    /// A `requirement_name` that is not in `requirement_map`.
    UnknownRequirement {
        /// The name.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    }
        => ("unknown requirement \"{}\"", cut(name)),
        "add it to \"requirement_map\"";
    /// A value outside of a closed set.
    UnknownValue {
        /// The value.
        value: String,
        /// The accepted values.
        known: &'static [&'static str],
    }
        => ("unknown value \"{}\"", cut(value)),
        made!("known here: {}", quoted(*known));
    /// A `status` that anyone may read.
    UnprotectedStatus
        => "anyone could read it, because it requires no verified token",
        "set \"requires\" to a provider, or \"unprotected\": true alone";
    /// A rule for a path that no request can have.
    UnreachablePath {
        /// What is wrong with it.
        fault: Unreachable,
    }
        => ("no request can have this path: it has {fault}"),
        instead(*fault);
    /// A data source that a module cannot read.
    Unreadable {
        /// Its name.
        field: &'static str,
    }
        => ("\"{field}\" cannot be read: a module has no files and no environment"),
        "write its content into \"inline_string\" (`portcullis migrate` does)";
    /// A placeholder of a structured scope that has no value.
    UnsetPlaceholder {
        /// Its name.
        name: String,
    }
        => ("any \"{}\" would be accepted", cut(name)),
        "give its value in \"where\"";
    /// Names of trusted peers, although nothing says that they are validated.
    UnvalidatedPeers
        => "anyone can write a name into a certificate, and nothing says that it is validated",
        "list digests in \"sha256\"; or set \"peers_validated_by_listener\": true if the listener \
         has a \"trusted_ca\"";
    /// `authorize` or `status` is used with a requirement that forwards unverified claims.
    UnverifiedClaims
        => "the claims may be unverified",
        "require a token that verifies";
    /// A string in the wrong form.
    WrongForm {
        /// The expected form.
        expected: &'static str,
        /// The text.
        found: String,
    }
        => ("expected {expected}, found \"{}\"", cut(found)),
        made!("write {expected}");
    /// A value of the wrong type.
    WrongType {
        /// The expected type.
        expected: &'static str,
        /// The value.
        found: String,
    }
        => ("expected {expected}, found {}", head(found)),
        made!("write {expected}");
}

impl Fault {
    /// The fault for a string in the wrong form.
    #[cold]
    #[inline(never)]
    pub(super) fn wrong_form(expected: &'static str, found: &str) -> Self {
        let found = found.to_owned();
        Self::WrongForm { expected, found }
    }

    /// The known name that the operator most likely meant.
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
            Ambiguity::Fragment | Ambiguity::Control => "leave it out",
        },
    }
}
