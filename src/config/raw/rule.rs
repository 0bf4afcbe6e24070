//! `rules[]` and `requirement_map` as they are written.

use serde_json::Value;

use super::{
    Integer, Named, Read,
    object::{Members, object},
    provider::RawClaimRequirement,
};
use crate::config::ConfigError;

object! {
    /// `RequirementRule` of `jwt_authn`, and `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRule {
        authorize: Option<RawAuthorize>,
        route = "match": RawMatch,
        requirement_name | "requirementName": Option<String>,
        requires: Option<RawRequirement>,
    }
}

object! {
    /// `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawAuthorize {
        claims: Option<Vec<RawClaimRequirement>>,
        client_ids: Option<Vec<String>>,
        roles: Option<RawRoles>,
        scopes: Option<RawWords>,
    }
}

object! {
    /// `authorize.roles`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRoles {
        any_of: Vec<String>,
    }
}

object! {
    /// `authorize.scopes`.
    #[derive(Debug)]
    pub(in crate::config) struct RawWords {
        all_of: Option<Vec<String>>,
        any_of: Option<Vec<String>>,
    }
}

object! {
    /// `JwtRequirement` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRequirement {
        allow_missing | "allowMissing": Option<RawEmpty>,
        allow_missing_or_failed | "allowMissingOrFailed": Option<RawEmpty>,
        extract_only_without_validation | "extractOnlyWithoutValidation": Option<RawExtractOnly>,
        provider_and_audiences | "providerAndAudiences": Option<RawProviderAndAudiences>,
        provider_name | "providerName": Option<String>,
        requires_all | "requiresAll": Option<RawRequirements>,
        requires_any | "requiresAny": Option<RawRequirements>,
    }
}

object! {
    /// `ExtractOnlyWithoutValidation` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawExtractOnly {
        verification_status_header | "verificationStatusHeader": Option<String>,
    }
}

object! {
    /// `FilterStateRule` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawFilterStateRules {
        name: String,
        requires: Option<Named<RawRequirement>>,
    }
}

object! {
    /// The metadata of a route: `PerRouteConfig` of `jwt_authn`, and `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRoutePolicy {
        authorize: Option<RawAuthorize>,
        disabled: Option<bool>,
        requirement_name | "requirementName": Option<String>,
    }
}

/// `google.protobuf.Empty`.
#[derive(Debug, Default)]
pub(in crate::config) struct RawEmpty;

impl Read for RawEmpty {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        Members::of(value, "an empty object", &[]).map(|_| Self)
    }
}

object! {
    /// `ProviderWithAudiences` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawProviderAndAudiences {
        audiences: Option<Vec<String>>,
        provider_name | "providerName": String,
    }
}

object! {
    /// `JwtRequirementOrList` and `JwtRequirementAndList` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRequirements {
        requirements: Vec<RawRequirement>,
    }
}

object! {
    /// `RouteMatch` of Envoy, and `methods`.
    #[derive(Debug)]
    pub(in crate::config) struct RawMatch {
        case_sensitive | "caseSensitive": Option<bool>,
        connect_matcher | "connectMatcher": Option<RawEmpty>,
        headers: Option<Vec<RawHeaderMatcher>>,
        methods: Option<Vec<String>>,
        path: Option<String>,
        path_separated_prefix | "pathSeparatedPrefix": Option<String>,
        prefix: Option<String>,
        query_parameters | "queryParameters": Option<Vec<RawQueryMatcher>>,
        safe_regex | "safeRegex": Option<RawRegex>,
    }
}

object! {
    /// `RegexMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawRegex {
        /// Has no effect: it once chose the one engine that there is.
        _google_re2 = "google_re2" | "googleRe2": Option<RawRe2>,
        regex: String,
    }
}

object! {
    /// `RegexMatcher.GoogleRE2` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawRe2 {
        _max_program_size = "max_program_size" | "maxProgramSize": Option<u32>,
    }
}

object! {
    /// `StringMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawStringMatcher {
        contains: Option<String>,
        exact: Option<String>,
        ignore_case | "ignoreCase": Option<bool>,
        prefix: Option<String>,
        safe_regex | "safeRegex": Option<RawRegex>,
        suffix: Option<String>,
    }
}

object! {
    /// `HeaderMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawHeaderMatcher {
        contains_match | "containsMatch": Option<String>,
        exact_match | "exactMatch": Option<String>,
        invert_match | "invertMatch": Option<bool>,
        name: String,
        prefix_match | "prefixMatch": Option<String>,
        present_match | "presentMatch": Option<bool>,
        range_match | "rangeMatch": Option<RawRange>,
        safe_regex_match | "safeRegexMatch": Option<RawRegex>,
        string_match | "stringMatch": Option<RawStringMatcher>,
        suffix_match | "suffixMatch": Option<String>,
        treat_missing_header_as_empty | "treatMissingHeaderAsEmpty": Option<bool>,
    }
}

object! {
    /// `Int64Range` of Envoy; a missing end is zero, as in protobuf.
    #[derive(Debug)]
    pub(in crate::config) struct RawRange {
        end: Option<Integer>,
        start: Option<Integer>,
    }
}

object! {
    /// `QueryParameterMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawQueryMatcher {
        name: String,
        present_match | "presentMatch": Option<bool>,
        string_match | "stringMatch": Option<RawStringMatcher>,
    }
}
