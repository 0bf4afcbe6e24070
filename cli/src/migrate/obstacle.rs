//! The reasons why a filter cannot be migrated.
//!
//! If there is such a reason, nothing is written, because the result would not mean the same as the
//! original.

use core::fmt;

use portcullis::{
    config::{ConfigError, ConfigPath},
    jose::KeySetError,
};

/// The reason why a filter cannot be converted, and the part of the document that prevents it.
#[derive(Clone, Debug, PartialEq)]
pub struct NotCarried {
    /// The path of this part in the original document.
    pub at: ConfigPath,
    /// The reason.
    pub reason: Obstacle,
}

/// The reason why a part of the document cannot be converted.
#[derive(Clone, Debug, PartialEq)]
pub enum Obstacle {
    /// A field that `jwt_authn` does not have, as far as this program knows.
    UnknownField,
    /// A field that occurs twice: in snake case and in camel case.
    SpeltTwice,
    /// A value of the wrong type.
    WrongType {
        /// The type that the field needs.
        expected: &'static str,
    },
    /// A field that has no counterpart in Portcullis.
    NoCounterpart {
        /// What the operator can do instead.
        instead: &'static str,
    },
    /// A file that cannot be read.
    File {
        /// The file's path.
        file: String,
        /// The operating system's message.
        fault: String,
    },
    /// An environment variable that is not set, or is not valid text.
    Variable {
        /// The variable's name.
        variable: String,
    },
    /// Bytes that are not valid text.
    NotText,
    /// Keys that cannot be read.
    Keys(KeySetError),
    /// The module refuses the equivalent configuration.
    Refused(ConfigError),
    /// An override for one of several filters. A route's metadata would apply to all of them.
    OverrideOfOne,
    /// An override for a filter that `--filter` does not name.
    OverrideOfUnnamed,
    /// An override for a filter that is disabled by default.
    OverrideEnables,
    /// A condition that matches a query only in its encoded form.
    QueryEncoded,
    /// A route or a matcher branch that depends on dynamic metadata.
    ChoiceByMetadata,
    /// An existing Portcullis filter in a document whose routes have overrides for `jwt_authn`. The
    /// routes' metadata for the new module would also apply to the existing filter.
    OtherModule,
    /// A route whose existing metadata for Portcullis differs from the metadata that the migration
    /// would write.
    MetadataThere,
    /// A route that matches on a part of the request that the module edits, while other routes have
    /// policies. After the edit, Envoy may choose a route whose policy was not checked.
    UnsettledRoute,
    /// An override whose routes are not all in this document.
    OverrideUnmoved,
    /// A named requirement that requires nothing in some filters, but not in all.
    EmptyForSome,
    /// A route whose weighted clusters have different overrides.
    UnequalClusters,
    /// An RBAC filter that uses dynamic metadata to deny requests. Without the metadata, it would
    /// deny nothing.
    DenialByMetadata,
    /// A filter or a route whose decision depends on dynamic metadata that the dynamic module may
    /// write differently.
    UncertainMetadata,
}

impl fmt::Display for NotCarried {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.at, self.reason)
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField => formatter.write_str("unknown field; correct or delete the field"),
            Self::SpeltTwice => formatter.write_str(
                "this field occurs in snake case and in camel case; keep one of the two",
            ),
            Self::WrongType { expected } => write!(formatter, "not {expected}; correct the value"),
            Self::NoCounterpart { instead } => {
                write!(formatter, "has no counterpart in Portcullis; {instead}")
            }
            Self::File { file, fault } => write!(
                formatter,
                "the file {file:?} cannot be read ({fault}); run migrate where the file is"
            ),
            Self::Variable { variable } => write!(
                formatter,
                "the environment variable {variable} is not set; run migrate where the variable is \
                 set"
            ),
            Self::NotText => formatter.write_str("these bytes are not text; write a JWK set"),
            Self::Keys(error) => write!(formatter, "{error}; correct the keys"),
            Self::Refused(error) => write!(formatter, "the equivalent policy is refused: {error}"),
            Self::OverrideOfOne => formatter.write_str(
                "this override is for one of several jwt_authn filters, for a filter inside \
                 another filter, or for a filter that is not in this file, but a route's metadata \
                 applies to every module; give all these filters the same name, or migrate a \
                 separate file for each filter",
            ),
            Self::OverrideOfUnnamed => formatter.write_str(
                "this override is for a jwt_authn filter that no --filter names, but a route's \
                 metadata applies to every module; name only this filter with --filter, and put \
                 routes that configure other filters into a separate file",
            ),
            Self::OverrideEnables => formatter.write_str(
                "the jwt_authn filter is disabled by default; before you migrate, enable the \
                 filter, and disable it on the routes that do not use it",
            ),
            Self::DenialByMetadata => formatter.write_str(
                "these RBAC rules use the dynamic metadata of jwt_authn, which the proxy-wasm \
                module cannot write, to deny requests: the denied requests would get in; use \
                --native, or migrate without --rewrite and use \"authorize\"",
            ),
            Self::QueryEncoded => formatter.write_str(
                "jwt_authn compares the query as it was sent, but Portcullis decodes the query \
                 first, so requests that this condition protects would get in; write the decoded \
                 text, without % and +, and write a dot instead of a class that contains % or + \
                 (such as [^&] or \\S)",
            ),
            Self::ChoiceByMetadata => formatter.write_str(
                "this choice depends on the dynamic metadata of jwt_authn, which the proxy-wasm \
                module cannot write: requests may take another route, perhaps one that lets them \
                in; use --native, or migrate without --rewrite and use \"authorize\"",
            ),
            Self::UncertainMetadata => formatter.write_str(
                "this decision depends on the dynamic metadata of jwt_authn, but the jwt_authn \
                filter is in another file, or it has failed_status_in_metadata or \
                extract_only_without_validation, for which the dynamic module writes different \
                metadata: requests may get in; migrate without --rewrite, and use \"authorize\"",
            ),
            Self::OtherModule => formatter.write_str(
                "the migration turns the overrides for jwt_authn into metadata, which this \
                 Portcullis filter would obey too, so a route that disables jwt_authn would \
                 disable this filter too; combine both filters into one, or replace the overrides \
                 with rules of jwt_authn",
            ),
            Self::MetadataThere => formatter.write_str(
                "this route already has metadata for Portcullis; jwt_authn ignores the metadata, \
                but the module would obey it, or the migration would overwrite it; remove the \
                metadata, migrate, and then add again what the route should require",
            ),
            Self::UnsettledRoute => formatter.write_str(
                "a route matches on something that the module sets or removes, so Envoy may choose \
                another route after the module has run, and the requirement of that route was \
                never checked; match on something else, or migrate without --rewrite and put the \
                filters of envoy/routes.yaml around the module",
            ),
            Self::OverrideUnmoved => formatter.write_str(
                "this override is for routes that are not in this file (vhds) or are in an unknown \
                place, but a module reads only a route's own metadata; move the override to the \
                routes",
            ),
            Self::EmptyForSome => formatter.write_str(
                "this requirement is empty in one jwt_authn filter, but not empty or not defined \
                in another; give each requirement its own name",
            ),
            Self::UnequalClusters => formatter.write_str(
                "weighted clusters of one route require different tokens, but a module sees only \
                the route; give these clusters the same requirement, or split the route",
            ),
        }
    }
}

impl core::error::Error for NotCarried {}
