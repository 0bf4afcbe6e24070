//! The message for each difference: what differs, and what the operator should do.

use core::fmt;
use std::borrow::Cow;

use super::difference::Deviation;

impl fmt::Display for Deviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Cow<'_, str> = match self {
            Self::Answers => {
                "refusals have a JSON body and the realm \"api\"; a wrong audience now gets 401 \
                instead of 403, and missing keys get 503 instead of 401; check clients and alerts"
                    .into()
            }
            Self::AudienceSpellings => {
                "jwt_authn ignores http://, https:// and a trailing / in audiences, so the output \
                lists each audience with and without them; delete the spellings that the issuer \
                does not use"
                    .into()
            }
            Self::CallBounded { timeout } => format!(
                "this fetch had no timeout and now fails after {timeout}; set http_uri.timeout"
            )
            .into(),
            Self::CommentsLost => {
                "the output has no comments and no anchors; copy them from the original file".into()
            }
            Self::ConditionIgnored => {
                "jwt_authn ignores this condition, so the output leaves the condition out; delete \
                the condition"
                    .into()
            }
            Self::ChoiceUnwritten => {
                "this choice depends on the dynamic metadata of jwt_authn, which is no longer \
                written: requests may take another route, perhaps one that LETS THEM IN; use \
                \"authorize\" instead before you remove jwt_authn"
                    .into()
            }
            Self::CookieRemoved => {
                "a verified token is also removed from its cookie (jwt_authn leaves the token \
                there); set forward: true if the upstream needs the token"
                    .into()
            }
            Self::CountsOctets => {
                "Envoy matches regular expressions octet by octet, and the module character by \
                character, so this expression matches different requests that are not ASCII \
                (\"/.x\" matches \"/éx\" here, but \"/..x\" does in jwt_authn); write \\. for a \
                dot, and use classes such as [!-~] or [^/]* instead of a . or [^…] that stands for \
                a fixed number of characters"
                    .into()
            }
            Self::Counters => "counters are now named wasmcustom.portcullis.…, or \
                dynamicmodulescustom.portcullis.… in the dynamic module (before: \
                http.….jwt_authn.…); change dashboards and alerts"
                .into(),
            Self::EmptyField => {
                "this field is empty (null), which jwt_authn reads as absent, so the output leaves \
                the field out; write a value if it was forgotten, or delete the field"
                    .into()
            }
            Self::EmptyRequirement => {
                "this empty requirement is written as allow_missing_or_failed, which passes on the \
                identity of a token that verifies; delete the requirement if nothing needs this \
                identity"
                    .into()
            }
            Self::FetchedKeys => {
                "keys are fetched once for all workers; while fetching fails, the last good keys \
                are used for max_stale (an hour), and then tokens get 503; set max_stale to the \
                time that you want"
                    .into()
            }
            Self::FileInlined { file } => format!(
                "the output contains the keys that are in {file:?} now; migrate again when the \
                file changes"
            )
            .into(),
            Self::FilterState => {
                "the value is written to filter state instead of dynamic metadata; change the \
                filters that read the metadata namespace envoy.filters.http.jwt_authn"
                    .into()
            }
            Self::KeyLeftOut(skipped) => {
                format!("{skipped}; the key is not used: replace or remove the key").into()
            }
            Self::ListenerDoesNotWait => {
                "the listener does not wait for keys; instead, the first requests wait; raise \
                limits.park_timeout if fetching takes long"
                    .into()
            }
            Self::MetadataForAll => {
                "a route's metadata applies to every Portcullis filter in its listener: if such a \
                filter is next to jwt_authn, a route that disables jwt_authn also disables the \
                Portcullis filter, even in an old listener; first combine both filters into one"
                    .into()
            }
            Self::MetadataUnwritten => {
                "this value refers to the dynamic metadata of jwt_authn, which is no longer \
                written; use \"authorize\" instead (with unmatched: deny, if the filter here \
                refuses all other requests), or read filter state"
                    .into()
            }
            Self::DenialUnwritten => {
                "these RBAC rules use the dynamic metadata of jwt_authn, which is no longer \
                written, to deny requests: the denied requests would GET IN; use \"authorize\" \
                instead before you remove jwt_authn"
                    .into()
            }
            Self::NotWatched => {
                "later changes of the key files have no effect; migrate again when the files change"
                    .into()
            }
            Self::OverrideOfNone => {
                "this override is for a filter that is not in this document, so the output leaves \
                the override out; delete the override"
                    .into()
            }
            Self::Renamed { to } => format!(
                "this name is not valid in Portcullis and is now {to:?}; use the new name in \
                dashboards"
            )
            .into(),
            Self::QueryDecoded => {
                "jwt_authn compares a query as it was sent, so this condition never holds there; \
                Portcullis decodes the query first, so the condition may hold; delete the rule if \
                it should not apply"
                    .into()
            }
            Self::RetriesUnbounded => {
                "a failed fetch is repeated, with back-off, until it succeeds; num_retries and \
                retry_on have no effect: delete them"
                    .into()
            }
            Self::RouteOverride { metadata } => format!(
                "the module reads a route's requirement from the route's metadata; write \
                metadata.filter_metadata.portcullis: {metadata}, or migrate with --rewrite"
            )
            .into(),
            Self::PerhapsUnsettledRoutes { places } => format!(
                "routes match on headers, cookies or parameters (number of such conditions: \
                {places}); if the module reads a token from one of these or writes a claim to one \
                of these, Envoy may choose another route after the module has run, and the \
                requirement of that route was NEVER CHECKED; compare these conditions with the \
                providers, and match on something else, or put the filters of envoy/routes.yaml \
                around the module"
            )
            .into(),
            Self::SentHeaders => {
                "if a client sends a header that the module sets, and the request's route has a \
                requirement of its own, the request gets 403 (unsettled_route), because Envoy may \
                have chosen the route by this header; remove the header before the request reaches \
                Envoy"
                    .into()
            }
            Self::RoutesElsewhere => {
                "the routes are delivered separately, and their requirements for jwt_authn would \
                be lost; use --rewrite for this file and for the files of the routes; no route may \
                match on anything that the module sets or removes"
                    .into()
            }
            Self::RoutesGuarded => {
                "the routes are delivered separately; until the rewritten routes arrive, the added \
                filter portcullis-rollout/… answers 403 to every request, so that no route loses \
                its requirement; migrate all files of routes with --rewrite (and with --filter, \
                where a file does not name the filter), and roll out these files first; no route \
                may match on anything that the module sets or removes"
                    .into()
            }
            Self::SeveralGuards { guards } => format!(
                "each jwt_authn filter of this listener has its own guard ({}), because a route's \
                metadata applies to every module; a file of routes that configures one filter \
                switches off only the guard of that filter, and the other guards continue to \
                answer 403; give all these filters the same name before you migrate or, if no \
                route configures them, name each filter with --filter",
                guards.join(", ")
            )
            .into(),
            Self::GuardsLifted { guards } => format!(
                "the virtual hosts switch off {} in rewritten listeners; the guard of a filter \
                with another name continues to answer 403: if these routes are for such a filter \
                and do not configure it, name the filter with --filter",
                guards.join(", ")
            )
            .into(),
            Self::TakenTokens => {
                "members of this requires_all use the same token: in jwt_authn, the first member \
                removes the token, so the next member does not find it; here, all members see the \
                request as the client sent it, and a valid token may pass where jwt_authn refuses \
                it; name each provider only once, and move allow_missing, allow_missing_or_failed \
                and extract_only_without_validation out of requires_all"
                    .into()
            }
            Self::NestedAllowMissing => {
                "in jwt_authn, allow_missing in a nested group concerns only some of the tokens; \
                here, it holds only if the request has none of the rule's tokens, and any token \
                that is present must verify; put allow_missing into the outermost requires_any"
                    .into()
            }
            Self::UnsettledRoute => {
                "a route matches on something that the module sets or removes, so Envoy may choose \
                another route after the module has run, and the requirement of that route was \
                NEVER CHECKED; match on something else, or put the filters of envoy/routes.yaml \
                around the module"
                    .into()
            }
            Self::SeveralTokens => {
                "a request with two tokens for one provider gets 400 (jwt_authn requires that all \
                tokens verify); change clients so that they send one token"
                    .into()
            }
            Self::StricterKeys => {
                "these keys are not used: keys with a \"use\" other than \"sig\", RSA keys below \
                2048 bits, secrets shorter than the hash, and secrets in fetched key sets; replace \
                such keys"
                    .into()
            }
            Self::StricterTokens => {
                "a token is refused if it has \"crit\", \"b64\", a nested token, the \"cnf\" of \
                another connection, \"exp\": 0 or loose base64url, or if it is longer than 8192 \
                bytes; correct the issuer, or raise limits.token_bytes"
                    .into()
            }
            Self::StrictBearer => {
                "in Authorization, as in RFC 6750, only the token may follow \"Bearer\", which may \
                be in any case (jwt_authn finds \"Bearer \" anywhere); correct clients that send \
                anything else"
                    .into()
            }
            Self::VariableInlined { variable } => format!(
                "the output contains the value of {variable}, which may be a secret; protect the \
                output"
            )
            .into(),
        };
        formatter.write_str(&text)
    }
}
