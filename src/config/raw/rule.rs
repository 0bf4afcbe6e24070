//! The JSON form of `rules[]` and `requirement_map`.

use serde_json::Value;

use super::{
    Integer, Named, RawDuration, Read, Reader,
    matcher::{RawRegex, RawStringMatcher},
    object::{Members, object},
    provider::RawClaimRequirement,
};

object! {
    /// `RequirementRule` of `jwt_authn`, with the additional field `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRule {
        /// Rights that the token must grant; otherwise the answer is 403. The rule must also have `requires` or
        /// `requirement_name`.
        authorize !null: Option<RawAuthorize>,
        /// The requests that the rule applies to.
        route = "match": RawMatch,
        /// Name of an entry in `requirement_map`, instead of `requires`.
        requirement_name | camelCase !null: Option<String>,
        /// The tokens that the rule's requests need. If the rule has neither `requires` nor `requirement_name`, its
        /// requests pass without a token.
        requires !null: Option<RawRequirement>,
    }
}

object! {
    /// The value of `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawAuthorize {
        /// Required method and maximum age of the user's authentication (RFC 9470). A token that does not satisfy them
        /// gets 401.
        authentication !null: Option<RawAuthentication>,
        /// Claims that the token must have. Each claim must equal one of the values in `any_of`, or be a list that
        /// contains one of these values.
        claims !null: Option<Vec<RawClaimRequirement>>,
        /// Accepted clients.
        client_ids !null: Option<Vec<String>>,
        /// Roles. The token must have at least one of them.
        roles !null: Option<RawRoles>,
        /// Scopes. The token must have all of them (`all_of`), or at least one of them (`any_of`).
        scopes !null: Option<RawWords>,
    }
}

object! {
    /// The value of `authorize.authentication`.
    #[derive(Debug)]
    pub(in crate::config) struct RawAuthentication {
        /// Accepted values of `acr`, in order of preference.
        acr_values !null: Option<Vec<String>>,
        /// Maximum time since the user authenticated (`auth_time`), in whole seconds.
        max_age !null: Option<RawDuration>,
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
        all_of !null: Option<Vec<String>>,
        /// Scopes. One of them is enough.
        any_of !null: Option<Vec<String>>,
    }
}

object! {
    /// `JwtRequirement` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRequirement {
        /// Holds if the request has no token, or a valid token.
        allow_missing | camelCase: Option<RawEmpty>,
        /// Always holds. If the token is valid, the caller's identity is forwarded.
        allow_missing_or_failed | camelCase: Option<RawEmpty>,
        /// Always holds, and verifies nothing. It forwards claims that anyone can forge.
        extract_only_without_validation | camelCase: Option<RawExtractOnly>,
        /// Holds if the request has a valid token of this provider for one of these audiences, which replace the
        /// provider's own.
        provider_and_audiences | camelCase !null: Option<RawProviderAndAudiences>,
        /// Holds if the request has a valid token of this provider.
        provider_name | camelCase !null: Option<String>,
        /// Requirements. All of them must hold.
        requires_all | camelCase !null: Option<RawRequirements>,
        /// Requirements, in order. The first one that holds is enough.
        requires_any | camelCase !null: Option<RawRequirements>,
    }
}

object! {
    /// `ExtractOnlyWithoutValidation` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawExtractOnly {
        /// Name of the header that marks the claims as unverified. With `"-"`, Portcullis sets no such header.
        verification_status_header | camelCase: Option<String>,
    }
}

object! {
    /// `FilterStateRule` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawFilterStateRules {
        /// Name of an entry in the filter state.
        name: String,
        /// For each value of this filter state entry, the requirement that then applies.
        requires: Option<Named<RawRequirement>>,
    }
}

object! {
    /// The policy in a route's metadata: `PerRouteConfig` of `jwt_authn`, with the additional field `authorize`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRoutePolicy {
        authorize !null: Option<RawAuthorize>,
        disabled: Option<bool>,
        requirement_name | camelCase !null: Option<String>,
    }
}

object! {
    /// The value of `status`.
    #[derive(Debug)]
    pub(in crate::config) struct RawStatus {
        /// Rights that the token must grant.
        authorize !null: Option<RawAuthorize>,
        /// URL of the protected API, with `https` or `http`; at most 256 characters. The page shows this URL unchanged.
        base_url: Option<String>,
        /// The exact path of the page, without a query.
        path: String,
        /// The token that a request for the page needs. Required unless `unprotected` is set.
        requires !null: Option<RawRequirement>,
        /// Shows the page to anyone; `requires` must then be left out.
        unprotected: Option<bool> = false,
    }
}

/// `google.protobuf.Empty`.
#[derive(Debug, Default)]
pub(in crate::config) struct RawEmpty;

impl Read for RawEmpty {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        Members::of(value, "an empty object", &[], reader);
        Self
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
        audiences !null: Option<Vec<String>>,
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
        /// With `false`, the case of letters in the path is ignored. This field has no effect on `safe_regex`.
        case_sensitive | camelCase !null: Option<bool> = true,
        /// Matches CONNECT requests.
        connect_matcher | camelCase !null: Option<RawEmpty>,
        /// Conditions on headers. All of them must hold.
        headers !null: Option<Vec<RawHeaderMatcher>>,
        /// Conditions on calls of the Model Context Protocol (MCP). A rule with `mcp` matches only such calls, which
        /// are POST requests. A POST request for this path and host passes only if a rule with `mcp` matches it.
        mcp !null: Option<RawMcpMatch>,
        /// Accepted methods, case-sensitive. Default: any method.
        methods !null: Option<Vec<String>>,
        /// The whole path, without the query.
        path !null: Option<String>,
        /// Start of the path in whole segments: `/api` matches `/api` and `/api/x`. Must not end in `/`.
        path_separated_prefix | camelCase !null: Option<String>,
        /// Start of the path; `/api` also matches `/apis`. `""` and `/` match every path.
        prefix !null: Option<String>,
        /// Conditions on decoded query parameters. All of them must hold.
        query_parameters | camelCase !null: Option<Vec<RawQueryMatcher>>,
        /// Regular expression that must match the whole path.
        safe_regex | camelCase !null: Option<RawRegex>,
    }
}

object! {
    /// The value of `match.mcp`.
    #[derive(Debug)]
    pub(in crate::config) struct RawMcpMatch {
        /// With `true`, matches every call. The other fields must then be absent.
        any: Option<bool> = false,
        /// JSON-RPC methods, such as `tools/call`. The value of the header `Mcp-Method` must be one of them.
        methods !null: Option<Vec<String>>,
        /// Names of tools and prompts, or URIs of resources. The value of the header `Mcp-Name` must be one of them.
        /// Only `tools/call`, `prompts/get` and `resources/read` have a name.
        names !null: Option<Vec<String>>,
        /// For each name, the accepted values of a tool argument. The argument is in the header `Mcp-Param-<name>`.
        params !null: Option<Named<Vec<String>>>,
    }
}

object! {
    /// `HeaderMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawHeaderMatcher {
        /// Substring that the header contains.
        contains_match | camelCase !null: Option<String>,
        /// String that the header equals.
        exact_match | camelCase !null: Option<String>,
        /// Inverts the condition.
        invert_match | camelCase !null: Option<bool> = false,
        /// Name of the header.
        name: String,
        /// String that the header starts with.
        prefix_match | camelCase !null: Option<String>,
        /// Requires that the header is present (`true`) or absent (`false`).
        present_match | camelCase !null: Option<bool>,
        /// Range of integers. The header's value must be in this range: from `start` up to, but not including, `end`.
        range_match | camelCase !null: Option<RawRange>,
        /// Regular expression that must match the whole header.
        safe_regex_match | camelCase !null: Option<RawRegex>,
        /// Pattern that the header matches.
        string_match | camelCase !null: Option<RawStringMatcher>,
        /// String that the header ends with.
        suffix_match | camelCase !null: Option<String>,
        /// Treats a missing header as empty.
        treat_missing_header_as_empty | camelCase !null: Option<bool> = false,
    }
}

object! {
    /// `Int64Range` of Envoy. A missing bound is zero, as in protobuf.
    #[derive(Debug)]
    pub(in crate::config) struct RawRange {
        /// The first number after the range.
        end !null: Option<Integer> = 0,
        /// The first number in the range.
        start !null: Option<Integer> = 0,
    }
}

object! {
    /// `QueryParameterMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawQueryMatcher {
        /// Decoded name of the parameter.
        name: String,
        /// Requires that the parameter is present (`true`) or absent (`false`).
        present_match | camelCase !null: Option<bool>,
        /// Pattern that the parameter's value matches.
        string_match | camelCase !null: Option<RawStringMatcher>,
    }
}
