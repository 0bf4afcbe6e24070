//! The message for each difference: what differs, and what the operator should do.

use core::fmt;
use std::borrow::Cow;

use super::difference::Deviation;

impl fmt::Display for Deviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Cow<'_, str> = match self {
            Self::Answers => {
                "a refusal has a JSON body and the realm \"api\"; a wrong audience is 401 (was \
                403), missing keys are 503 (were 401); check clients and alerts"
                    .into()
            }
            Self::AudienceSpellings => {
                "audiences are listed with and without http://, https:// and a trailing /, which \
                jwt_authn ignores; delete the spellings that the issuer does not use"
                    .into()
            }
            Self::CallBounded { timeout } => format!(
                "a fetch without a timeout now fails after {timeout}; set http_uri.timeout"
            )
            .into(),
            Self::CommentsLost => "comments and anchors are lost; copy them over".into(),
            Self::ConditionIgnored => {
                "jwt_authn does not look at this condition, so it is left out; delete it".into()
            }
            Self::ChoiceUnwritten => {
                "this depends on the dynamic metadata of jwt_authn, which is no longer written: \
                requests may take another route, perhaps one that LETS THEM IN; use \
                \"authorize\" before you remove jwt_authn"
                    .into()
            }
            Self::CookieRemoved => {
                "a token that verified is removed from its cookie too (jwt_authn leaves it); set \
                forward: true if the upstream needs it"
                    .into()
            }
            Self::CountsOctets => {
                "Envoy's regular expressions match octets and those of the module characters, so \
                this one matches other requests that are not ASCII (\"/.x\" takes \"/éx\" here, \
                and \"/..x\" does in jwt_authn); write \\. for a dot, and classes such as [!-~] \
                or [^/]* in place of a counted . or [^…]"
                    .into()
            }
            Self::Counters => {
                "counters are wasmcustom.portcullis.…, or dynamicmodulescustom.portcullis.… in the \
                dynamic module (were http.….jwt_authn.…); change dashboards and alerts"
                    .into()
            }
            Self::EmptyField => {
                "this field is empty (null), which jwt_authn reads as absent, so it is left out; \
                write the value if it was forgotten, or delete the field"
                    .into()
            }
            Self::EmptyRequirement => {
                "an empty requirement is written as allow_missing_or_failed, which passes on the \
                identity of a token that verifies; delete it if nothing needs it"
                    .into()
            }
            Self::FetchedKeys => {
                "keys are fetched once for all workers; while fetching fails, the last good ones \
                serve for max_stale (an hour), then tokens get 503; set max_stale"
                    .into()
            }
            Self::FileInlined { file } => {
                format!("the keys are those that {file:?} holds now; migrate again when it changes")
                    .into()
            }
            Self::FilterState => {
                "this is written to filter state instead of dynamic metadata; change the filters \
                that read the namespace envoy.filters.http.jwt_authn"
                    .into()
            }
            Self::KeyLeftOut(skipped) => {
                format!("{skipped}; it is not used: replace it, or remove it").into()
            }
            Self::ListenerDoesNotWait => {
                "the listener does not wait for keys, the first requests do; raise \
                limits.park_timeout if fetching takes long"
                    .into()
            }
            Self::MetadataForAll => {
                "a route's metadata apply to every Portcullis in its listener: if one is there \
                next to jwt_authn, a route that disables jwt_authn disables that too, even in an \
                old listener; make one module of both first"
                    .into()
            }
            Self::MetadataUnwritten => {
                "this reads the dynamic metadata of jwt_authn, which is no longer written; use \
                \"authorize\" (and unmatched: deny, if this refuses the rest), or read filter \
                state"
                    .into()
            }
            Self::DenialUnwritten => {
                "this denies by the dynamic metadata of jwt_authn, which is no longer written: \
                requests that it denies would GET IN; use \"authorize\" before you remove \
                jwt_authn"
                    .into()
            }
            Self::NotWatched => {
                "changes of the files have no effect; migrate again when they change".into()
            }
            Self::OverrideOfNone => {
                "it is for a filter that this document does not have, and is left out; delete it"
                    .into()
            }
            Self::Renamed { to } => {
                format!("the name is not valid here and is now {to:?}; use that in dashboards")
                    .into()
            }
            Self::QueryDecoded => {
                "jwt_authn compares a query as it was sent, in which this never holds; here it is \
                decoded, and it may; delete the rule if it should not apply"
                    .into()
            }
            Self::RetriesUnbounded => {
                "a failed fetch is repeated, with back-off, until it succeeds; num_retries and \
                retry_on have no effect: delete them"
                    .into()
            }
            Self::RouteOverride { metadata } => format!(
                "a module reads a route's requirement from its metadata; write \
                metadata.filter_metadata.portcullis: {metadata}, or migrate with --rewrite"
            )
            .into(),
            Self::PerhapsUnsettledRoutes { places } => format!(
                "{places} routes match on headers, cookies or parameters; if a token is read \
                from one of these or a claim is written to it, Envoy may choose another route \
                behind the module, and the requirement of that route was NEVER CHECKED; compare \
                them with the \
                providers, and match on something else, or put the filters of envoy/routes.yaml \
                around the module"
            )
            .into(),
            Self::RoutesElsewhere => {
                "the routes are delivered separately, and what they require of jwt_authn would be \
                lost; use --rewrite for this file and for the files of the routes; no route may \
                match on anything that the module sets or removes"
                    .into()
            }
            Self::RoutesGuarded => {
                "the routes are delivered separately; until rewritten ones arrive, the added \
                filter portcullis-rollout/… answers 403 to every request, so that no route loses \
                what it requires; migrate all files of routes with --rewrite (and --filter, where \
                they do not name the filter) and roll them out first; no route may match on \
                anything that the module sets or removes"
                    .into()
            }
            Self::SeveralGuards { guards } => format!(
                "each jwt_authn filter of this listener has a guard of its own ({}), since a route's \
                metadata apply to every module; a file of routes that configure one filter \
                switches off that filter's guard alone, and the others go on answering 403; give \
                the filters one name before you migrate or, if no route configures them, name each \
                with --filter",
                guards.join(", ")
            )
            .into(),
            Self::GuardsLifted { guards } => format!(
                "the virtual hosts switch off {} in rewritten listeners; the guard of a filter of \
                another name stays closed: if these routes are for that one and do not configure \
                it, name it with --filter",
                guards.join(", ")
            )
            .into(),
            Self::TakenTokens => {
                "members of this requires_all use the same token: in jwt_authn the first takes it \
                away, so that the next misses it; here all see the request as it came, and a \
                token that verifies may pass where jwt_authn refuses it; name each provider once, \
                and take allow_missing, allow_missing_or_failed and \
                extract_only_without_validation out of requires_all"
                    .into()
            }
            Self::NestedAllowMissing => {
                "allow_missing within another group is about a part of the tokens in jwt_authn; \
                here it holds when none of the rule's tokens is there, and one that is there must \
                verify; put allow_missing into the outermost requires_any"
                    .into()
            }
            Self::UnsettledRoute => {
                "a route matches on something that the module sets or removes, so that Envoy may \
                choose another route behind the module, and the requirement of that route was \
                NEVER CHECKED; match on something else, or put the filters of envoy/routes.yaml around the \
                module"
                    .into()
            }
            Self::SeveralTokens => {
                "two tokens for one provider get 400 (jwt_authn asks that all verify); have \
                clients send one"
                    .into()
            }
            Self::StricterKeys => {
                "keys with a \"use\" other than \"sig\", RSA keys below 2048 bits, secrets shorter \
                than the hash and secrets in fetched sets are not used; replace them"
                    .into()
            }
            Self::StricterTokens => {
                "tokens are refused that have \"crit\", \"b64\", a nested token, another \
                connection's \"cnf\", \"exp\": 0 or loose base64url, or over 8192 bytes; correct \
                the issuer, or raise limits.token_bytes"
                    .into()
            }
            Self::StrictBearer => {
                "Authorization is read as RFC 6750 says: \"Bearer\" in any case, then only the \
                token (jwt_authn finds \"Bearer \" anywhere); correct clients that send anything \
                else"
                    .into()
            }
            Self::VariableInlined { variable } => format!(
                "the output contains the value of {variable}, which may be a secret; protect the \
                file"
            )
            .into(),
        };
        formatter.write_str(&text)
    }
}
