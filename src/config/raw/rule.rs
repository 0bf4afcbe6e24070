//! `rules[]` and `requirement_map` as they are written.

use serde_json::Value;

use super::{
    Integer, Named, Read,
    matcher::{RawRegex, RawStringMatcher},
    object::{Members, object},
    provider::RawClaimRequirement,
};
use crate::config::ConfigError;

object! {
    /// `RequirementRule` of `jwt_authn`, and `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRule {
        /// What the token must grant, else 403. Needs `requires` or `requirement_name`.
        authorize: Option<RawAuthorize>,
        /// The requests that the rule is for.
        route = "match": RawMatch,
        /// In place of `requires`: a name in `requirement_map`.
        requirement_name | camelCase: Option<String>,
        /// The tokens that they must carry; a rule without lets them pass without one.
        requires: Option<RawRequirement>,
    }
}

object! {
    /// `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawAuthorize {
        /// Each claim is, or is a list that holds, one of `any_of`.
        claims: Option<Vec<RawClaimRequirement>>,
        /// The token's client is one of them.
        client_ids: Option<Vec<String>>,
        /// The token has one of the roles.
        roles: Option<RawRoles>,
        /// The token has all, or one, of the scopes.
        scopes: Option<RawWords>,
    }
}

object! {
    /// `authorize.roles`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRoles {
        /// Roles.
        any_of: Vec<String>,
    }
}

object! {
    /// `authorize.scopes`.
    #[derive(Debug)]
    pub(in crate::config) struct RawWords {
        /// All of these scopes.
        all_of: Option<Vec<String>>,
        /// One of these scopes.
        any_of: Option<Vec<String>>,
    }
}

object! {
    /// `JwtRequirement` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRequirement {
        /// No token is fine, one that is there must verify.
        allow_missing | camelCase: Option<RawEmpty>,
        /// Always holds; a token that verifies lends its identity.
        allow_missing_or_failed | camelCase: Option<RawEmpty>,
        /// Always holds, and nothing is verified: claims that anyone can make up are passed on.
        extract_only_without_validation | camelCase: Option<RawExtractOnly>,
        /// A token of this provider, with these audiences in place of the provider's own.
        provider_and_audiences | camelCase: Option<RawProviderAndAudiences>,
        /// A token of this provider.
        provider_name | camelCase: Option<String>,
        /// All of them.
        requires_all | camelCase: Option<RawRequirements>,
        /// The first that holds, in order.
        requires_any | camelCase: Option<RawRequirements>,
    }
}

object! {
    /// `ExtractOnlyWithoutValidation` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawExtractOnly {
        /// Header that says that nothing was verified; `"-"` is none.
        verification_status_header | camelCase: Option<String>,
    }
}

object! {
    /// `FilterStateRule` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawFilterStateRules {
        /// The value's name in the filter state.
        name: String,
        /// What each value asks for.
        requires: Option<Named<RawRequirement>>,
    }
}

object! {
    /// The metadata of a route: `PerRouteConfig` of `jwt_authn`, and `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRoutePolicy {
        authorize: Option<RawAuthorize>,
        disabled: Option<bool>,
        requirement_name | camelCase: Option<String>,
    }
}

object! {
    /// `status`.
    #[derive(Debug)]
    pub(in crate::config) struct RawStatus {
        /// What the token must grant.
        authorize: Option<RawAuthorize>,
        /// Where the protected API is; shown as it is.
        base_url: Option<String>,
        /// The path, exactly and without query.
        path: String,
        /// The token that it takes to read it.
        requires: Option<RawRequirement>,
        /// `true` shows it to anyone; `requires` is left out then.
        unprotected: Option<bool> = false,
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

super::describe::describe! {
    RawEmpty: {"type": "object", "maxProperties": 0},
}

object! {
    /// `ProviderWithAudiences` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawProviderAndAudiences {
        /// One of them must be in `aud`, exactly.
        audiences: Option<Vec<String>>,
        /// The provider.
        provider_name | camelCase: String,
    }
}

object! {
    /// `JwtRequirementOrList` and `JwtRequirementAndList` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRequirements {
        /// Two or more.
        requirements: Vec<RawRequirement>,
    }
}

object! {
    /// `RouteMatch` of Envoy, and `methods`.
    #[derive(Debug)]
    pub(in crate::config) struct RawMatch {
        /// Whether the case of the path counts; without effect on `safe_regex`.
        case_sensitive | camelCase: Option<bool> = true,
        /// CONNECT requests.
        connect_matcher | camelCase: Option<RawEmpty>,
        /// Conditions on headers; all must hold.
        headers: Option<Vec<RawHeaderMatcher>>,
        /// Any of them; methods have case. Default: any.
        methods: Option<Vec<String>>,
        /// The whole path, without query.
        path: Option<String>,
        /// Start of the path in whole segments: `/api` matches `/api` and `/api/x`; no `/` at its end.
        path_separated_prefix | camelCase: Option<String>,
        /// Start of the path; `/api` also matches `/apis`; `""` and `/` match every path.
        prefix: Option<String>,
        /// Conditions on query parameters, by decoded name; all must hold.
        query_parameters | camelCase: Option<Vec<RawQueryMatcher>>,
        /// Regular expression over the whole path.
        safe_regex | camelCase: Option<RawRegex>,
    }
}

object! {
    /// `HeaderMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawHeaderMatcher {
        /// The header contains it.
        contains_match | camelCase: Option<String>,
        /// The header is it.
        exact_match | camelCase: Option<String>,
        /// Holds where it otherwise would not.
        invert_match | camelCase: Option<bool> = false,
        /// The header.
        name: String,
        /// The header starts with it.
        prefix_match | camelCase: Option<String>,
        /// The header is there; `false`: is not there.
        present_match | camelCase: Option<bool>,
        /// The header is an integer from `start` up to, but not including, `end`.
        range_match | camelCase: Option<RawRange>,
        /// The header matches as a whole.
        safe_regex_match | camelCase: Option<RawRegex>,
        /// The header fits.
        string_match | camelCase: Option<RawStringMatcher>,
        /// The header ends with it.
        suffix_match | camelCase: Option<String>,
        /// A header that is not there counts as empty.
        treat_missing_header_as_empty | camelCase: Option<bool> = false,
    }
}

object! {
    /// `Int64Range` of Envoy; a missing end is zero, as in protobuf.
    #[derive(Debug)]
    pub(in crate::config) struct RawRange {
        /// The first number that is too great.
        end: Option<Integer> = 0,
        /// The least number.
        start: Option<Integer> = 0,
    }
}

object! {
    /// `QueryParameterMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawQueryMatcher {
        /// The parameter.
        name: String,
        /// The parameter is there.
        present_match | camelCase: Option<bool>,
        /// The parameter's value fits.
        string_match | camelCase: Option<RawStringMatcher>,
    }
}
