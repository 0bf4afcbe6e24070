//! The faults of a configuration, each with its remedy.
//!
//! A message quotes the faulty value where the quote helps the operator to find the fault. A long
//! value is truncated. Key material is never quoted.

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

/// Declares each fault with its message and its remedy. The message and the remedy may use the
/// fault's fields.
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

        #[allow(unused_variables, reason = "few messages use the fields")]
        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$fault $({ $($field),* })? $(($inner))? =>
                        $($fixed)? $(return write!(f, $($text)*))?,)*
                })
            }
        }

        #[allow(unused_variables, reason = "few remedies use the fields")]
        impl Fault {
            /// Returns what the operator can do about the fault.
            #[must_use]
            pub fn remedy(&self) -> Cow<'static, str> {
                Cow::Borrowed(match self {
                    $(Self::$fault $({ $($field),* })? $(($inner))? => $remedy,)*
                })
            }
        }
    };
}

/// Formats a remedy that contains values.
macro_rules! made {
    ($($text:tt)*) => {
        return Cow::Owned(format!($($text)*))
    };
}

faults! {
    /// A rule for a protected resource accepts a provider's tokens for any audience.
    AnyAudienceBelow {
        /// The provider.
        provider: String,
    }
        => (
            "a rule for this resource would accept tokens of the provider \"{}\" for any audience",
            cut(provider)
        ),
        "list the accepted audiences in the provider's \"audiences\"";
    /// A provider has shared secrets, but its `algorithms` list an algorithm that needs a key pair.
    AsymmetricSecret {
        /// The algorithm.
        algorithm: &'static str,
    }
        => ("{algorithm} requires a public key, but these keys are shared secrets"),
        "list only HS256, HS384 and HS512";
    /// A rule has `authorize` but requires no token, so there are no verified claims to check.
    AuthorizeWithoutRequires
        => "\"authorize\" without \"requires\": there would be no verified claims",
        "add \"requires\" or \"requirement_name\"";
    /// A regular expression does not compile.
    BadRegex {
        /// The message of the regular expression compiler.
        fault: String,
    }
        => ("invalid regular expression: {fault}"),
        "correct the expression (Unicode classes such as \\p{L} are not supported)";
    /// A provider sets a header that can carry client certificates.
    CertificateHeader {
        /// The header's name.
        name: String,
    }
        => ("a provider sets the header \"{}\", which carries client certificates", cut(name)),
        "choose another header in the provider";
    /// Two fields contradict each other.
    Contradiction {
        /// The first field.
        field: &'static str,
        /// The other field.
        other: &'static str,
    }
        => ("\"{field}\" contradicts \"{other}\""),
        "keep one of the two fields";
    /// A list or string is empty. This is an error because an empty value could mean either "none"
    /// or "any".
    Empty
        => "empty",
        "write a value, or remove the entry if it is optional";
    /// The range of a `range_match` contains no number.
    EmptyRange
        => "no number is at least \"start\" and below \"end\"",
        "make \"end\" greater than \"start\"";
    /// A header name is invalid (RFC 9110 §5.1).
    HeaderName(error: HeaderNameError)
        => ("{error}"),
        "rename the header";
    /// A number was given as a large double, which may have been rounded from another integer.
    InexactNumber
        => "a large number was given as a double, which may have been rounded",
        "put the number in quotes if the claim is a string; otherwise, write the configuration as \
         JSON text (a StringValue), which keeps every digit";
    /// An issuer has a brace that is not part of a placeholder.
    IssuerTemplate
        => "a brace that does not belong to a placeholder",
        "write each placeholder as {claim}, with the name of a claim between the braces";
    /// The configuration is not strict JSON.
    Json(error: JsonError)
        => ("{error}"),
        "write the configuration as one JSON object";
    /// The keys or secrets in the configuration cannot be used.
    Keys(error: KeySetError)
        => ("{error}"),
        "replace the key or secret";
    /// The rules for MCP calls to a resource require different tokens. A call of an older MCP
    /// revision would have to satisfy all these rules at once.
    MixedRequirements
        => "the rules for MCP calls to this resource require different tokens",
        "give these rules the same \"requires\", or set \"legacy\" to \"deny\"";
    /// A required field is missing.
    MissingField {
        /// The field's name.
        field: &'static str,
    }
        => ("missing field \"{field}\""),
        made!("add \"{field}\"");
    /// Neither `audiences` nor `allow_any_audience` is set.
    NoAudiences
        => "tokens for any audience would be accepted",
        "set \"audiences\", or \"allow_any_audience\": true";
    /// The authorization servers of a protected resource cannot be derived from its rules.
    NoAuthorizationServer {
        /// The provider without an issuer that clients could use.
        provider: String,
    }
        => (
            "clients cannot find the authorization server, because the issuer of the provider \
             \"{}\" is not a fixed https URL",
            cut(provider)
        ),
        "set \"authorization_servers\"";
    /// A field that only concerns certificate headers is set, but the certificate comes from the
    /// connection.
    NoCertificateHeader
        => "the certificate comes from the connection, not from a header",
        "remove this field, or set \"source\" to \"xfcc\" or \"client_cert\"";
    /// `trusted_hops` is set, but the certificate comes from the header `Client-Cert`, which holds
    /// only one certificate.
    NoElements
        => "the header \"Client-Cert\" contains only one certificate",
        "remove \"trusted_hops\"";
    /// Neither `issuer` nor `allow_any_issuer` is set.
    NoIssuer
        => "tokens of any issuer would be accepted",
        "set \"issuer\", or \"allow_any_issuer\": true";
    /// `allow_any_tenant` is set, but the issuer has no placeholder.
    NoPlaceholder
        => "\"issuer\" has no placeholder {claim} that distinguishes tenants",
        "remove \"allow_any_tenant\"";
    /// No key in the configuration fits any of the accepted algorithms.
    NoServingKey
        => "no key fits any of the accepted algorithms",
        "list the algorithms of the keys in \"algorithms\"";
    /// `trust_domain` is set, but the preset is not `spiffe`.
    NoSpiffe
        => "only SPIFFE workloads have a trust domain",
        "set \"preset\": \"spiffe\", or remove \"trust_domain\"";
    /// A structured scope names a placeholder that its template does not have.
    NoSuchPlaceholder {
        /// The name.
        name: String,
    }
        => ("the template has no placeholder {{{}}}", cut(name)),
        "add the placeholder to \"template\", or use one that \"template\" has";
    /// `algorithms` lists an algorithm that the JWT-SVID standard does not allow.
    NoSvidAlgorithm {
        /// The algorithm.
        algorithm: &'static str,
    }
        => ("JWT-SVIDs are never signed with {algorithm}"),
        "list only RS*, PS* and ES*";
    /// The configuration contains keys, but none that is for JWT-SVIDs.
    NoSvidKey
        => "no key has \"use\": \"jwt-svid\" and a \"kid\"",
        "use the bundle of the trust domain in \"remote_jwks\" or \"local_jwks\"";
    /// A provider with `client_secrets` has a field that only concerns tokens.
    NoTokens
        => "clients of a provider with \"client_secrets\" send no tokens",
        "remove this field, or use a key source other than \"client_secrets\"";
    /// The configuration has a field that Portcullis knows but does not support. The field exists
    /// in `jwt_authn` or in a later version of Portcullis.
    NotAvailable {
        /// The field's name.
        field: &'static str,
        /// What to do instead.
        instead: &'static str,
    }
        => ("\"{field}\" is not available in this version of Portcullis"),
        *instead;
    /// A string in `inline_bytes` is not base64.
    NotBase64
        => "not base64",
        "encode the key set with base64, or use \"inline_string\"";
    /// `discovery` is set, but the URL of the issuer's metadata cannot be derived from the issuer.
    NotDiscoverable
        => "the URL of the metadata cannot be derived from the issuer",
        "make \"issuer\" a URL in which each {claim} is a whole segment of the path, or use \
         \"remote_jwks\"";
    /// The configuration does not set exactly one of several alternative fields.
    NotExactlyOne {
        /// The alternative fields.
        choices: Vec<&'static str>,
        /// The fields that are set.
        found: Vec<&'static str>,
    }
        => ("exactly one of {} is required, found {}", quoted(choices), quoted_or_none(found)),
        if found.is_empty() {
            "add one of these fields"
        } else {
            "keep only one of these fields"
        };
    /// A field is `null`. If `null` counted as absent, the operator could lose a restriction
    /// without noticing, and more requests would pass.
    Null
        => "empty (null)",
        "write a value, or remove the field (without the field, more requests may pass)";
    /// No rule for a protected resource requires a token.
    OpenResource
        => "no rule for this resource requires a token",
        "add a rule with \"requires\" for the resource's path, or remove the resource";
    /// The text of a condition on `:path` is not in the normal spelling. Request paths are compared
    /// in the normal spelling, so none can match.
    OtherSpelling {
        /// The normal spelling.
        spelling: String,
    }
        => "paths are matched in their normal spelling, but this path has a different spelling",
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
        "choose a value in this range";
    /// A string does not contain valid public keys in PEM.
    Pem(error: PemError)
        => ("{error}"),
        "replace the key or secret";
    /// A provider's name is invalid.
    ProviderName
        => "a provider's name must consist of 1 to 64 letters, digits, \"_\", \".\" or \"-\"",
        "rename the provider";
    /// An entry occurs more than once in a list.
    Repeated {
        /// The entry.
        value: String,
    }
        => ("\"{}\" occurs twice", cut(value)),
        "remove one of the two";
    /// The configuration sets a header that Portcullis must not set.
    ReservedHeader
        => "Portcullis must not set this header",
        "choose another header";
    /// The fields in the policy of a route contradict each other, or have no effect.
    RoutePolicyForm
        => "not one of the three forms of a route's policy",
        "write \"disabled\": true, or \"requirement_name\" (with or without \"authorize\"), or \
         only \"authorize\"";
    /// A scope includes itself, directly or through other scopes.
    ScopeCycle {
        /// The scope.
        scope: String,
    }
        => ("the scope \"{}\" includes itself", cut(scope)),
        "remove one of the entries that lead from the scope back to itself";
    /// A string is not the hash of a client's secret. The string may be the secret itself, so the
    /// error does not quote it.
    SecretHash
        => "not the hash of a secret",
        "write the \"hash\" that `portcullis client-secret` prints";
    /// `shared_memory_key` is too short or is not base64url. The error does not quote the value,
    /// which is secret.
    SharedMemoryKey
        => "not base64url of at least 32 octets",
        "make a key with `openssl rand -base64 32 | tr '+/' '-_' | tr -d '='`";
    /// A field is set twice: once with its `snake_case` name, and once with its `lowerCamelCase`
    /// name.
    SpeltTwice {
        /// The field's name.
        field: &'static str,
    }
        => ("\"{field}\" occurs in both of its spellings (snake_case and lowerCamelCase)"),
        "keep only one of the two";
    /// `algorithms` lists an HS* algorithm for public keys. Anyone who can read the public keys
    /// could then sign tokens (RFC 8725 §2.1).
    SymmetricAlgorithm {
        /// The algorithm.
        algorithm: &'static str,
    }
        => ("{algorithm} requires a shared secret, but these keys are public"),
        "remove the algorithm, or put the secret into \"shared_secrets\"";
    /// Portcullis would set a header from which it also reads tokens.
    TokenHeader {
        /// The provider whose tokens are read from the header.
        provider: String,
    }
        => ("tokens of the provider \"{provider}\" are read from this header"),
        "choose another header";
    /// Requirements are nested too deeply.
    TooDeep {
        /// The maximum depth.
        max: usize,
    }
        => ("requirements are nested more than {max} levels deep"),
        "reduce the nesting";
    /// A list has too few entries.
    TooFew {
        /// The minimum number of entries.
        min: usize,
    }
        => ("fewer than {min} entries"),
        "add entries, or write the single entry without the list";
    /// A string is too long.
    TooLong {
        /// The maximum number of characters.
        max: usize,
    }
        => ("longer than {max} characters"),
        "shorten the value";
    /// An issuer has a placeholder for a claim, but `require_claims` does not restrict the values
    /// of the claim.
    UnconstrainedPlaceholder {
        /// The claim.
        claim: String,
    }
        => ("tokens with any value of the claim \"{}\" would be accepted", cut(claim)),
        "list the accepted values in \"require_claims\", or set \"allow_any_tenant\": true";
    /// An object has an unknown field.
    UnknownField {
        /// The name.
        field: String,
        /// The names of the fields that the object can have.
        known: Vec<&'static str>,
        /// The most similar name.
        nearest: Option<String>,
    }
        => ("unknown field \"{}\"", cut(field)),
        if known.is_empty() {
            "remove the field"
        } else {
            made!("use one of these fields: {}", quoted(known))
        };
    /// A requirement names a provider that is not configured.
    UnknownProvider {
        /// The name.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    }
        => ("unknown provider \"{}\"", cut(name)),
        "add the provider to \"providers\", or correct the name";
    /// A `requirement_name` is not in `requirement_map`.
    UnknownRequirement {
        /// The name.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    }
        => ("unknown requirement \"{}\"", cut(name)),
        "add the requirement to \"requirement_map\", or correct the name";
    /// A value is not one of the accepted values.
    UnknownValue {
        /// The value.
        value: String,
        /// The accepted values.
        known: &'static [&'static str],
    }
        => ("unknown value \"{}\"", cut(value)),
        made!("use one of these values: {}", quoted(*known));
    /// Anyone could read the status page, but `unprotected` is not set.
    UnprotectedStatus
        => "anyone could read the status page, because no verified token is required",
        "name a provider in \"requires\", or remove \"requires\" and set \"unprotected\": true";
    /// A rule or resource has a path that no request can have.
    UnreachablePath {
        /// What is wrong with the path.
        fault: Unreachable,
    }
        => ("no request can have this path: it has {fault}"),
        instead(*fault);
    /// A data source is a file or an environment variable. A Wasm module can read neither.
    Unreadable {
        /// The field's name.
        field: &'static str,
    }
        => ("\"{field}\" cannot be read: a module has no access to files or environment variables"),
        "write the content into \"inline_string\" (`portcullis migrate` does this)";
    /// A placeholder of a structured scope has no value.
    UnsetPlaceholder {
        /// The placeholder's name.
        name: String,
    }
        => ("scopes with any value for {{{}}} would be accepted", cut(name)),
        "write the accepted value into \"where\"";
    /// Trusted peers are listed by name, but the configuration does not state that the listener
    /// validates their certificates.
    UnvalidatedPeers
        => "anyone can write a name into a certificate, and the configuration does not say that \
            the listener validates certificates",
        "list digests in \"sha256\", or set \"peers_validated_by_listener\": true if the listener \
         has a \"trusted_ca\"";
    /// `authorize` or `status` is combined with a requirement that forwards unverified claims.
    UnverifiedClaims
        => "the claims may be unverified, because of \"extract_only_without_validation\"",
        "use a requirement that verifies the token";
    /// A string does not have the expected form.
    WrongForm {
        /// The expected form.
        expected: &'static str,
        /// The string that was found.
        found: String,
    }
        => ("expected {expected}, found \"{}\"", cut(found)),
        made!("write {expected}");
    /// A JSON value does not have the expected type.
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
    /// Makes the fault for a string that does not have the expected form.
    #[cold]
    #[inline(never)]
    pub(super) fn wrong_form(expected: &'static str, found: &str) -> Self {
        let found = found.to_owned();
        Self::WrongForm { expected, found }
    }

    /// Returns the known name that the operator most likely meant.
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

/// Returns the remedy for a path that no request can have.
const fn instead(fault: Unreachable) -> &'static str {
    match fault {
        Unreachable::Control => "write a space as %20, and remove control characters",
        Unreachable::Percent => {
            "write %25 for a percent sign, or write two hexadecimal digits after the %"
        }
        Unreachable::Refused(ambiguity) => match ambiguity {
            Ambiguity::EmptySegment => "write a single / instead of several",
            Ambiguity::DotSegment => "resolve the segments . and .., as servers do",
            Ambiguity::EncodedSlash | Ambiguity::Backslash => {
                "write / between segments; requests with a backslash or an encoded slash get 400"
            }
            Ambiguity::DoubleEncoding => "encode each character only once",
            Ambiguity::UnicodeEncoding => "write the character itself, or encode its UTF-8",
            Ambiguity::NotText => "encode the UTF-8 of each character, such as %C3%A9 for é",
            Ambiguity::Fragment => "remove the # and the text after it",
            Ambiguity::Control => "remove the control character",
            Ambiguity::ManyEnds => "keep at most one of ;, an encoded ? and an encoded #",
        },
    }
}
