//! Makes a token for the playground, which has a policy but no test file.

use serde_json::{Map, Value, json};

use super::{
    claims,
    rig::{Rig, Unfit},
    suite::Token,
    test_run,
};
use crate::{accepted, explain::request::RequestHead, redact::redacted, trial};
use portcullis::{
    config::{Config, Provider},
    engine::Engine,
    policy::{ProviderId, Rule},
};

pub(crate) use super::signer::Keys;

/// The requested properties of the token.
pub(crate) struct Wanted<'a> {
    /// The provider's name. `None` means a provider that accepts tokens: the first one that the
    /// request's rule names, or else the first one in the policy.
    pub(crate) provider: Option<&'a str>,
    /// Claims that replace the default ones; null removes a claim.
    pub(crate) claims: Map<String, Value>,
    pub(crate) request: RequestHead<'a>,
    pub(crate) now: u64,
}

/// A token, and an engine that has the policy and the key to verify the token.
pub(crate) struct Minted {
    pub(crate) engine: Engine,
    pub(crate) token: String,
    /// A key set with the key that verifies the token.
    pub(crate) jwks: String,
}

/// Signs a token with a key from `keys`, and builds an engine in which this key replaces the
/// provider's keys. If `keys` has no suitable key yet, generates one.
pub(crate) fn mint(
    policy: &Value,
    config: &Config,
    wanted: Wanted<'_>,
    keys: &mut Keys,
) -> Result<Minted, String> {
    let own = core::mem::take(keys);
    let mut rig = Rig::with_keys(policy, config, &[], own).map_err(|unfit| match unfit {
        Unfit::NoKey => "the system provides no random numbers to make a key".to_owned(),
        Unfit::Refused(why) => format!(
            "the policy is refused after the keys of this run have replaced its keys: {}",
            redacted(&why)
        ),
    })?;
    let rule = trial::rule(&rig.engine, &wanted.request.line());
    let asked = || {
        let config = rig.engine.config();
        let own = || accepted::token_providers(config);
        let named = own().find(|(id, _)| is_named(config, rule, *id));
        named
            .or_else(|| own().next())
            .map(|(_, provider)| provider.name.clone())
    };
    let token = Token {
        provider: wanted.provider.map(str::to_owned).or_else(asked),
        claims: wanted.claims,
        ..Token::default()
    };
    let (id, _) = test_run::provider(&rig, &token)?;
    let token = test_run::signed(&mut rig, id, &token, rule, wanted.now)?;
    let shared = rig.engine.shared_config();
    let own = shared.provider(id).and_then(Provider::trust);
    let key = own.and_then(|own| {
        let algorithm = claims::algorithm(own);
        rig.keys.jwk(algorithm, own.key_purpose()).ok()
    });
    *keys = rig.keys;
    Ok(Minted {
        jwks: json!({ "keys": [key] }).to_string(),
        engine: rig.engine,
        token,
    })
}

/// Returns true if a rule names the provider.
fn is_named(config: &Config, rule: Option<usize>, provider: ProviderId) -> bool {
    let rule = rule.and_then(|rule| config.rules.get(rule));
    let mut is_named = false;
    if let Some(requirement) = rule.and_then(Rule::requirement) {
        requirement.each_provider(&mut |id, _| is_named |= id == provider);
    }
    is_named
}
