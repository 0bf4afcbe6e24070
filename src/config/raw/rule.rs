//! `rules[]` and `requirement_map` as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Integer, provider::RawClaimRequirement};

/// `RequirementRule` of `jwt_authn`, and `authorize`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawRule {
    pub(in crate::config) authorize: Option<RawAuthorize>,
    #[serde(rename = "match")]
    pub(in crate::config) route: RawMatch,
    #[serde(alias = "requirementName")]
    pub(in crate::config) requirement_name: Option<String>,
    pub(in crate::config) requires: Option<RawRequirement>,
}

/// `authorize`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawAuthorize {
    pub(in crate::config) claims: Option<Vec<RawClaimRequirement>>,
    pub(in crate::config) client_ids: Option<Vec<String>>,
    pub(in crate::config) roles: Option<RawRoles>,
    pub(in crate::config) scopes: Option<RawWords>,
}

/// `authorize.roles`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawRoles {
    pub(in crate::config) any_of: Vec<String>,
}

/// `authorize.scopes`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawWords {
    pub(in crate::config) all_of: Option<Vec<String>>,
    pub(in crate::config) any_of: Option<Vec<String>>,
}

/// `JwtRequirement` of `jwt_authn`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawRequirement {
    #[serde(alias = "allowMissing")]
    pub(in crate::config) allow_missing: Option<RawEmpty>,
    #[serde(alias = "allowMissingOrFailed")]
    pub(in crate::config) allow_missing_or_failed: Option<RawEmpty>,
    #[serde(alias = "extractOnlyWithoutValidation")]
    pub(in crate::config) extract_only_without_validation: Option<RawExtractOnly>,
    #[serde(alias = "providerAndAudiences")]
    pub(in crate::config) provider_and_audiences: Option<RawProviderAndAudiences>,
    #[serde(alias = "providerName")]
    pub(in crate::config) provider_name: Option<String>,
    #[serde(alias = "requiresAll")]
    pub(in crate::config) requires_all: Option<RawRequirements>,
    #[serde(alias = "requiresAny")]
    pub(in crate::config) requires_any: Option<RawRequirements>,
}

/// `ExtractOnlyWithoutValidation` of `jwt_authn`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawExtractOnly {
    #[serde(alias = "verificationStatusHeader")]
    pub(in crate::config) verification_status_header: Option<String>,
}

/// `FilterStateRule` of `jwt_authn`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawFilterStateRules {
    pub(in crate::config) name: String,
    pub(in crate::config) requires: Option<BTreeMap<String, RawRequirement>>,
}

/// The metadata of a route: `PerRouteConfig` of `jwt_authn`, and `authorize`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawRoutePolicy {
    pub(in crate::config) authorize: Option<RawAuthorize>,
    pub(in crate::config) disabled: Option<bool>,
    #[serde(alias = "requirementName")]
    pub(in crate::config) requirement_name: Option<String>,
}

/// `google.protobuf.Empty`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an empty object")]
pub(in crate::config) struct RawEmpty {}

/// `ProviderWithAudiences` of `jwt_authn`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawProviderAndAudiences {
    pub(in crate::config) audiences: Option<Vec<String>>,
    #[serde(alias = "providerName")]
    pub(in crate::config) provider_name: String,
}

/// `JwtRequirementOrList` and `JwtRequirementAndList` of `jwt_authn`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawRequirements {
    pub(in crate::config) requirements: Vec<RawRequirement>,
}

/// `RouteMatch` of Envoy, and `methods`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawMatch {
    #[serde(alias = "caseSensitive")]
    pub(in crate::config) case_sensitive: Option<bool>,
    #[serde(alias = "connectMatcher")]
    pub(in crate::config) connect_matcher: Option<RawEmpty>,
    pub(in crate::config) headers: Option<Vec<RawHeaderMatcher>>,
    pub(in crate::config) methods: Option<Vec<String>>,
    pub(in crate::config) path: Option<String>,
    #[serde(alias = "pathSeparatedPrefix")]
    pub(in crate::config) path_separated_prefix: Option<String>,
    pub(in crate::config) prefix: Option<String>,
    #[serde(alias = "queryParameters")]
    pub(in crate::config) query_parameters: Option<Vec<RawQueryMatcher>>,
    #[serde(alias = "safeRegex")]
    pub(in crate::config) safe_regex: Option<RawRegex>,
}

/// `RegexMatcher` of Envoy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawRegex {
    /// Has no effect: it once chose the one engine that there is.
    #[serde(alias = "googleRe2", rename = "google_re2")]
    pub(in crate::config) _google_re2: Option<RawRe2>,
    pub(in crate::config) regex: String,
}

/// `RegexMatcher.GoogleRE2` of Envoy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawRe2 {
    #[serde(alias = "maxProgramSize", rename = "max_program_size")]
    _max_program_size: Option<u32>,
}

/// `StringMatcher` of Envoy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawStringMatcher {
    pub(in crate::config) contains: Option<String>,
    pub(in crate::config) exact: Option<String>,
    #[serde(alias = "ignoreCase")]
    pub(in crate::config) ignore_case: Option<bool>,
    pub(in crate::config) prefix: Option<String>,
    #[serde(alias = "safeRegex")]
    pub(in crate::config) safe_regex: Option<RawRegex>,
    pub(in crate::config) suffix: Option<String>,
}

/// `HeaderMatcher` of Envoy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawHeaderMatcher {
    #[serde(alias = "containsMatch")]
    pub(in crate::config) contains_match: Option<String>,
    #[serde(alias = "exactMatch")]
    pub(in crate::config) exact_match: Option<String>,
    #[serde(alias = "invertMatch")]
    pub(in crate::config) invert_match: Option<bool>,
    pub(in crate::config) name: String,
    #[serde(alias = "prefixMatch")]
    pub(in crate::config) prefix_match: Option<String>,
    #[serde(alias = "presentMatch")]
    pub(in crate::config) present_match: Option<bool>,
    #[serde(alias = "rangeMatch")]
    pub(in crate::config) range_match: Option<RawRange>,
    #[serde(alias = "safeRegexMatch")]
    pub(in crate::config) safe_regex_match: Option<RawRegex>,
    #[serde(alias = "stringMatch")]
    pub(in crate::config) string_match: Option<RawStringMatcher>,
    #[serde(alias = "suffixMatch")]
    pub(in crate::config) suffix_match: Option<String>,
    #[serde(alias = "treatMissingHeaderAsEmpty")]
    pub(in crate::config) treat_missing_header_as_empty: Option<bool>,
}

/// `Int64Range` of Envoy; a missing end is zero, as in protobuf.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawRange {
    pub(in crate::config) end: Option<Integer>,
    pub(in crate::config) start: Option<Integer>,
}

/// `QueryParameterMatcher` of Envoy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawQueryMatcher {
    pub(in crate::config) name: String,
    #[serde(alias = "presentMatch")]
    pub(in crate::config) present_match: Option<bool>,
    #[serde(alias = "stringMatch")]
    pub(in crate::config) string_match: Option<RawStringMatcher>,
}
