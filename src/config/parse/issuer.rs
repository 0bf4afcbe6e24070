//! Parses the accepted issuer and audiences.

use super::list::texts;
use crate::{
    config::{ConfigError, Fault, Preset, error::At, raw::RawProvider},
    jose::IssuerTemplate,
    policy::Audiences,
    verification::{ClaimRequirement, Issuer, unconstrained},
};

/// The fields of a provider that concern its issuer.
pub(super) struct WrittenIssuer<'a> {
    /// The value of `issuer`.
    pub(super) issuer: Option<&'a str>,
    /// The value of `allow_any_issuer`.
    pub(super) allow_any_issuer: bool,
    /// The value of `allow_any_tenant`.
    pub(super) allow_any_tenant: bool,
}

impl WrittenIssuer<'_> {
    /// Parses the accepted issuer. For each placeholder in the issuer, `require_claims` must
    /// restrict the claim with the same name. Otherwise, tokens of any tenant would be accepted. If
    /// `allow_any_tenant` is set, `require_claims` need not restrict these claims.
    pub(super) fn issuer(self, required: &[ClaimRequirement]) -> Result<Issuer, ConfigError> {
        // In protobuf JSON, an empty string means that the field is absent.
        let issuer = match self.issuer.filter(|issuer| !issuer.is_empty()) {
            Some(_) if self.allow_any_issuer => {
                let (field, other) = ("issuer", "allow_any_issuer");
                return Err(Fault::Contradiction { field, other }.into());
            }
            Some(text) => parse(text).at("issuer")?,
            None if self.allow_any_issuer => Issuer::Any,
            None => return Err(Fault::NoIssuer.into()),
        };
        match &issuer {
            Issuer::Template(template) if !self.allow_any_tenant => {
                check_constraints(template, required).at("issuer")?;
            }
            Issuer::Any | Issuer::Exact(_) if self.allow_any_tenant => {
                return Err(Fault::NoPlaceholder).at("allow_any_tenant");
            }
            _ => {}
        }
        Ok(issuer)
    }
}

/// Parses `audiences` and `allow_any_audience`. If the preset's product issues tokens without an
/// audience, `client_ids` can be set instead of these fields.
pub(super) fn audiences(raw: &RawProvider, preset: Preset) -> Result<Audiences, ConfigError> {
    let allow_any = raw.allow_any_audience.unwrap_or(false);
    // In protobuf JSON, an empty list means that the field is absent.
    let written = raw.audiences.as_deref();
    match written.filter(|audiences| !audiences.is_empty()) {
        Some(_) if allow_any => {
            let (field, other) = ("audiences", "allow_any_audience");
            Err(Fault::Contradiction { field, other }.into())
        }
        Some(audiences) => texts(audiences).at("audiences").map(Audiences::AnyOf),
        None if allow_any => Ok(Audiences::Any),
        None if preset.lacks_audience() => match &raw.client_ids {
            Some(_) => Ok(Audiences::Any),
            None => Err(Fault::MissingField {
                field: "client_ids",
            }
            .into()),
        },
        None => Err(Fault::NoAudiences.into()),
    }
}

/// Parses an issuer. If the issuer has placeholders such as `{tid}`, splits the issuer at the
/// placeholders.
fn parse(text: &str) -> Result<Issuer, Fault> {
    if !text.contains(['{', '}']) {
        return Ok(Issuer::Exact(text.to_owned()));
    }
    let template = IssuerTemplate::parse(text).ok_or(Fault::IssuerTemplate)?;
    Ok(Issuer::Template(template))
}

fn check_constraints(
    template: &IssuerTemplate,
    required: &[ClaimRequirement],
) -> Result<(), Fault> {
    match unconstrained(template, required) {
        Some(claim) => Err(Fault::UnconstrainedPlaceholder {
            claim: claim.to_owned(),
        }),
        None => Ok(()),
    }
}
