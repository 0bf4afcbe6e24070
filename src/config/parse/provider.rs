//! Parses a provider.

use core::time::Duration;
use std::sync::Arc;

use super::{
    claims, clients,
    defaults::Defaults,
    exports::{self, WrittenExports},
    headers, identity,
    issuer::{self, WrittenIssuer},
    keys::{self, KeyUses},
    limits::{self, in_bounds},
    list::client_ids,
    places::places,
    revocation::revocation,
    structured_scopes::structured_scopes,
    text::{description, string_match},
};
use crate::{
    config::{
        Accepts, ConfigError, Fault, Limits, Preset, Provider,
        error::At,
        raw::{RawDuration, RawEntry, RawProvider},
    },
    decision::Exports,
    jose::ClaimPath,
    policy::{IdentityHeader, StructuredScopes},
    verification::{Revocation, TimeRules, TokenTypes, Trust, TrustDomain},
};

const MAX_NAME: usize = 64;

/// The default of `clock_skew_seconds`, as in `jwt_authn`.
const DEFAULT_CLOCK_SKEW: u64 = 60;

/// The maximum of `clock_skew_seconds`: one day. A larger value would be a mistake.
const MAX_CLOCK_SKEW: u64 = 86_400;

/// Parses `providers.<name>`.
pub(super) fn provider(
    name: &str,
    raw: &RawEntry,
    bounds: &Limits,
) -> Result<Provider, ConfigError> {
    if !is_name(name) {
        return Err(Fault::ProviderName.into());
    }
    match raw {
        RawEntry::Clients(raw) => clients::provider(name, raw),
        RawEntry::Tokens(raw) => authorization_server(name, raw, bounds),
    }
}

fn authorization_server(
    name: &str,
    raw: &RawProvider,
    bounds: &Limits,
) -> Result<Provider, ConfigError> {
    let preset = raw.preset.unwrap_or(Preset::Generic);
    let defaults = preset.defaults();
    let source = keys::source(raw)?;
    let times = times(raw, defaults)?;
    let require_claims = raw.require_claims.as_deref().map(claims::requirements);
    let require_claims = defaults.require_claims(require_claims.transpose().at("require_claims")?);
    let issuer = WrittenIssuer {
        issuer: raw.issuer.as_deref().or(match raw.allow_any_issuer {
            None => defaults.issuer,
            // If the operator set `allow_any_issuer`, the preset's issuer is not used, because the
            // two would contradict each other.
            Some(_) => None,
        }),
        // In SPIFFE, `sub` names the trust domain, and `iss` is optional (JWT-SVID section 3).
        allow_any_issuer: raw
            .allow_any_issuer
            .unwrap_or(preset == Preset::Spiffe && raw.issuer.as_deref().is_none_or(str::is_empty)),
        allow_any_tenant: raw.allow_any_tenant.unwrap_or(false),
    };
    let trust_domain = trust_domain(raw, preset)?;
    let jwk_algorithm = raw.jwk_algorithm.unwrap_or(defaults.jwk_algorithm);
    let issuer = issuer.issuer(&require_claims)?;
    let rights = rights(raw, defaults)?;
    let uses = KeyUses {
        algorithms: defaults.algorithms,
        binding: jwk_algorithm,
        purpose: TrustDomain::key_purpose(trust_domain.as_ref()),
    };
    let (keys, algorithms) = keys::keys(source, raw, &issuer, uses, bounds)?;
    Ok(Provider {
        name: name.to_owned(),
        description: description(raw.description.as_deref())?,
        preset,
        accepts: Accepts::Tokens(Trust {
            enabled: raw.enabled.unwrap_or(true),
            issuer,
            audiences: issuer::audiences(raw, preset)?,
            subjects: raw
                .subjects
                .as_ref()
                .map(string_match)
                .transpose()
                .at("subjects")?,
            trust_domain,
            client_ids: client_ids(raw.client_ids.as_deref())?,
            client_id_claims: match raw.client_id_claims.as_deref() {
                Some([]) => return Err(Fault::Empty).at("client_id_claims"),
                names => claims::paths(names, defaults.client_id_claims),
            },
            algorithms,
            jwk_algorithm,
            key_issuer: raw.key_issuer.unwrap_or(defaults.key_issuer),
            token_types: token_types(raw.token_types.as_deref(), defaults).at("token_types")?,
            require_claims,
            times,
            revoked: rights.revoked,
            keys,
        }),
        scope_claims: claims::paths(raw.scope_claims.as_deref(), defaults.scope_claims),
        role_claims: rights.role_claims,
        places: Arc::new(places(
            raw.from_headers.as_deref().unwrap_or_default(),
            raw.from_params.as_deref().unwrap_or_default(),
            raw.from_cookies.as_deref().unwrap_or_default(),
        )?),
        forward: raw.forward.unwrap_or(false),
        payload_header: headers::payload_header(
            raw.forward_payload_header.as_deref(),
            raw.pad_forward_payload_header,
        )
        .at("forward_payload_header")?,
        claim_headers: headers::claim_headers(raw.claim_to_headers.as_deref().unwrap_or_default())
            .at("claim_to_headers")?,
        identity_header: rights.identity_header,
        structured_scopes: rights.structured_scopes,
        cache: limits::cache(raw.jwt_cache_config.unwrap_or_default()).at("jwt_cache_config")?,
        exports: exports(raw)?,
        clear_route_cache: raw.clear_route_cache.unwrap_or(false),
        key_source: source.0,
    })
}

/// Parses `trust_domain`. The preset `spiffe` requires this field. With any other preset, the field
/// is rejected.
fn trust_domain(raw: &RawProvider, preset: Preset) -> Result<Option<TrustDomain>, ConfigError> {
    let field = "trust_domain";
    match (raw.trust_domain.as_deref(), preset) {
        (None, Preset::Spiffe) => Err(Fault::MissingField { field }.into()),
        (None, _) => Ok(None),
        (Some(name), Preset::Spiffe) => TrustDomain::parse(name)
            .ok_or_else(|| Fault::wrong_form("a trust domain such as example.org", name))
            .map(Some)
            .at(field),
        (Some(_), _) => Err(Fault::NoSpiffe).at(field),
    }
}

/// The parsed fields that concern scopes, roles, identity and revocation.
struct Rights {
    structured_scopes: Option<StructuredScopes>,
    role_claims: Vec<ClaimPath>,
    identity_header: Option<IdentityHeader>,
    revoked: Revocation,
}

#[inline(never)] // if inlined, each early return would need code to drop a whole provider
fn rights(raw: &RawProvider, defaults: &Defaults) -> Result<Rights, ConfigError> {
    let structured_scopes = raw.structured_scopes.as_ref().map(structured_scopes);
    let structured_scopes = structured_scopes.transpose().at("structured_scopes")?;
    let role_claims = match (&structured_scopes, raw.role_claims.as_deref()) {
        (Some(_), Some(_)) => {
            let (field, other) = ("role_claims", "structured_scopes");
            return Err(Fault::Contradiction { field, other }.into());
        }
        (Some(_), None) => Vec::new(),
        (None, names) => claims::paths(names, defaults.role_claims),
    };
    let identity_header = raw
        .identity_header
        .as_ref()
        .map(|raw| identity::header(raw, structured_scopes.as_ref()));
    let revoked = raw.revoked.as_ref().map(revocation);
    Ok(Rights {
        role_claims,
        identity_header: identity_header.transpose().at("identity_header")?,
        revoked: revoked.transpose().at("revoked")?.unwrap_or_default(),
        structured_scopes,
    })
}

fn exports(raw: &RawProvider) -> Result<Exports, ConfigError> {
    if raw.identity_in_metadata.is_some() && raw.identity_header.is_none() {
        let field = "identity_header";
        return Err(Fault::MissingField { field }.into());
    }
    exports::exports(WrittenExports {
        failed_status: raw.failed_status_in_metadata.as_deref(),
        header: raw.header_in_metadata.as_deref(),
        identity: raw.identity_in_metadata.as_deref(),
        normalize_payload: raw.normalize_payload_in_metadata.as_ref(),
        payload: raw.payload_in_metadata.as_deref(),
    })
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn times(raw: &RawProvider, defaults: &Defaults) -> Result<TimeRules, ConfigError> {
    let clock_skew = raw.clock_skew_seconds.unwrap_or(DEFAULT_CLOCK_SKEW);
    Ok(TimeRules {
        clock_skew: in_bounds(clock_skew, 0, MAX_CLOCK_SKEW, "seconds")
            .map(Duration::from_secs)
            .at("clock_skew_seconds")?,
        require_expiration: raw.require_expiration.unwrap_or(true),
        allow_future_iat: raw.allow_future_iat.unwrap_or(false),
        max_lifetime: raw
            .max_lifetime
            .map(lifetime)
            .transpose()
            .at("max_lifetime")?
            .or(defaults.max_lifetime),
        max_issued_lifetime: raw
            .max_issued_lifetime
            .map(lifetime)
            .transpose()
            .at("max_issued_lifetime")?,
    })
}

/// Converts a maximum lifetime to whole seconds. A fraction is dropped, which makes the limit
/// stricter.
fn lifetime(written: RawDuration) -> Result<Duration, Fault> {
    let (written, max) = (written.0.as_secs(), RawDuration::MAX.as_secs());
    in_bounds(written, 1, max, "seconds").map(Duration::from_secs)
}

fn token_types(written: Option<&[String]>, defaults: &Defaults) -> Result<TokenTypes, Fault> {
    let written: Vec<&str> = match written {
        Some(names) => names.iter().map(String::as_str).collect(),
        None => defaults.token_types.to_vec(),
    };
    if written.is_empty() {
        return Err(Fault::Empty);
    }
    if written.contains(&"*") {
        return Ok(TokenTypes::Any);
    }
    let absent = written.contains(&"");
    let names = written.iter().filter(|name| !name.is_empty()).map(|name| {
        let name = name.to_ascii_lowercase();
        // Remove `application/`, because RFC 7515 §4.1.9 recommends that tokens omit this prefix.
        name.strip_prefix("application/")
            .map(str::to_owned)
            .unwrap_or(name)
    });
    Ok(TokenTypes::OneOf {
        names: names.collect(),
        absent,
    })
}
