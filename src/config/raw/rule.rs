//! The JSON form of `rules[]` and `requirement_map`.

use serde_json::Value;

use super::{
    Integer, Named, RawDuration, Read,
    matcher::{RawRegex, RawStringMatcher},
    object::{Members, object},
    provider::RawClaimRequirement,
};
use crate::config::ConfigError;

object! {
    /// `RequirementRule` of `jwt_authn`, with the additional field `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRule {
        /// What the token must grant; otherwise the answer is 403. Needs `requires` or `requirement_name`.
        authorize: Option<RawAuthorize>,
        /// The requests that the rule applies to.
        route = "match": RawMatch,
        /// Name of an entry in `requirement_map`, instead of `requires`.
        requirement_name | camelCase: Option<String>,
        /// The tokens that these requests need. With neither `requires` nor `requirement_name`, the requests pass
        /// without a token.
        requires: Option<RawRequirement>,
    }
}

object! {
    /// The value of `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawAuthorize {
        /// How, and how recently, the user must have authenticated; otherwise the answer is 401 (RFC 9470).
        authentication: Option<RawAuthentication>,
        /// Claims that the token must have. Each claim must equal one of the values in `any_of`, or be a list that
        /// contains one of these values.
        claims: Option<Vec<RawClaimRequirement>>,
        /// Accepted clients.
        client_ids: Option<Vec<String>>,
        /// Roles that the token must have: one of them is enough.
        roles: Option<RawRoles>,
        /// Scopes that the token must have: all of them, or one of them.
        scopes: Option<RawWords>,
    }
}

object! {
    /// The value of `authorize.authentication`.
    #[derive(Debug)]
    pub(in crate::config) struct RawAuthentication {
        /// Accepted values of `acr`, in order of preference.
        acr_values: Option<Vec<String>>,
        /// Maximum time since the user authenticated (`auth_time`), in whole seconds.
        max_age: Option<RawDuration>,
    }
}

object! {
    /// The value of `authorize.roles`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRoles {
        /// Accepted roles. One of them is enough.
        any_of: Vec<String>,
    }
}

object! {
    /// The value of `authorize.scopes`.
    #[derive(Debug)]
    pub(in crate::config) struct RawWords {
        /// Scopes. All of them are required.
        all_of: Option<Vec<String>>,
        /// Scopes. One of them is enough.
        any_of: Option<Vec<String>>,
    }
}

object! {
    /// `JwtRequirement` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRequirement {
        /// Holds if the request has no token. If it has a token, the token must be valid.
        allow_missing | camelCase: Option<RawEmpty>,
        /// Always holds. If the token is valid, the caller's identity is forwarded.
        allow_missing_or_failed | camelCase: Option<RawEmpty>,
        /// Always holds, and verifies nothing. It forwards claims that anyone can forge.
        extract_only_without_validation | camelCase: Option<RawExtractOnly>,
        /// A token of this provider, with these audiences instead of the provider's own.
        provider_and_audiences | camelCase: Option<RawProviderAndAudiences>,
        /// A token of this provider.
        provider_name | camelCase: Option<String>,
        /// Requirements that must all hold.
        requires_all | camelCase: Option<RawRequirements>,
        /// Requirements, in order. The first one that holds is enough.
        requires_any | camelCase: Option<RawRequirements>,
    }
}

object! {
    /// `ExtractOnlyWithoutValidation` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawExtractOnly {
        /// Header that marks the claims as unverified. `"-"` sets no header.
        verification_status_header | camelCase: Option<String>,
    }
}

object! {
    /// `FilterStateRule` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawFilterStateRules {
        /// Name of an entry in the filter state.
        name: String,
        /// Requirements, by the value of the entry `name`.
        requires: Option<Named<RawRequirement>>,
    }
}

object! {
    /// The policy in a route's metadata: `PerRouteConfig` of `jwt_authn`, with the additional field `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRoutePolicy {
        authorize: Option<RawAuthorize>,
        disabled: Option<bool>,
        requirement_name | camelCase: Option<String>,
    }
}

object! {
    /// The value of `status`.
    #[derive(Debug)]
    pub(in crate::config) struct RawStatus {
        /// What the token must grant.
        authorize: Option<RawAuthorize>,
        /// URL of the protected API, shown on the page unchanged. `https` or `http`; at most 256 characters.
        base_url: Option<String>,
        /// The exact path of the page, without a query.
        path: String,
        /// The token that a request for the page needs. Required unless `unprotected` is set.
        requires: Option<RawRequirement>,
        /// Shows the page to anyone; `requires` must then be left out.
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
        /// Accepted audiences. The token's `aud` must contain one of them exactly.
        audiences: Option<Vec<String>>,
        /// Name of the provider.
        provider_name | camelCase: String,
    }
}

object! {
    /// `JwtRequirementOrList` and `JwtRequirementAndList` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRequirements {
        /// Two or more requirements.
        requirements: Vec<RawRequirement>,
    }
}

object! {
    /// `RouteMatch` of Envoy, with the additional field `methods`.
    #[derive(Debug)]
    pub(in crate::config) struct RawMatch {
        /// True if the case of the path matters. Has no effect on `safe_regex`.
        case_sensitive | camelCase: Option<bool> = true,
        /// Matches CONNECT requests.
        connect_matcher | camelCase: Option<RawEmpty>,
        /// Conditions on headers, which must all hold.
        headers: Option<Vec<RawHeaderMatcher>>,
        /// Calls of the Model Context Protocol, which are POST requests. Other requests skip the rule, and a POST
        /// request for its path and host needs such a rule.
        mcp: Option<RawMcpMatch>,
        /// Accepted methods, case-sensitive. Default: any method.
        methods: Option<Vec<String>>,
        /// The whole path, without the query.
        path: Option<String>,
        /// Start of the path in whole segments: `/api` matches `/api` and `/api/x`. Must not end in `/`.
        path_separated_prefix | camelCase: Option<String>,
        /// Start of the path; `/api` also matches `/apis`. `""` and `/` match every path.
        prefix: Option<String>,
        /// Conditions on query parameters, by decoded name, which must all hold.
        query_parameters | camelCase: Option<Vec<RawQueryMatcher>>,
        /// Regular expression that must match the whole path.
        safe_regex | camelCase: Option<RawRegex>,
    }
}

object! {
    /// The value of `match.mcp`.
    #[derive(Debug)]
    pub(in crate::config) struct RawMcpMatch {
        /// Matches every call. The other fields are then left out.
        any: Option<bool> = false,
        /// JSON-RPC methods, such as `tools/call`: one of them must be in `Mcp-Method`.
        methods: Option<Vec<String>>,
        /// Names of tools and prompts, or URIs of resources: one of them must be in `Mcp-Name`. Only `tools/call`,
        /// `prompts/get` and `resources/read` have a name.
        names: Option<Vec<String>>,
        /// Accepted values of tool arguments, by the name after `Mcp-Param-`.
        params: Option<Named<Vec<String>>>,
    }
}

object! {
    /// `HeaderMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawHeaderMatcher {
        /// Substring that the header contains.
        contains_match | camelCase: Option<String>,
        /// String that the header equals.
        exact_match | camelCase: Option<String>,
        /// Inverts the condition.
        invert_match | camelCase: Option<bool> = false,
        /// Name of the header.
        name: String,
        /// String that the header starts with.
        prefix_match | camelCase: Option<String>,
        /// Requires that the header is present (`true`) or absent (`false`).
        present_match | camelCase: Option<bool>,
        /// Range of integers that the header's value must be in: from `start` up to, but not including, `end`.
        range_match | camelCase: Option<RawRange>,
        /// Regular expression that must match the whole header.
        safe_regex_match | camelCase: Option<RawRegex>,
        /// Pattern that the header matches.
        string_match | camelCase: Option<RawStringMatcher>,
        /// String that the header ends with.
        suffix_match | camelCase: Option<String>,
        /// Treats a missing header as empty.
        treat_missing_header_as_empty | camelCase: Option<bool> = false,
    }
}

object! {
    /// `Int64Range` of Envoy. A missing bound is zero, as in protobuf.
    #[derive(Debug)]
    pub(in crate::config) struct RawRange {
        /// The first number after the range.
        end: Option<Integer> = 0,
        /// The first number in the range.
        start: Option<Integer> = 0,
    }
}

object! {
    /// `QueryParameterMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawQueryMatcher {
        /// Decoded name of the parameter.
        name: String,
        /// Requires that the parameter is present (`true`) or absent (`false`).
        present_match | camelCase: Option<bool>,
        /// Pattern that the parameter's value matches.
        string_match | camelCase: Option<RawStringMatcher>,
    }
}
