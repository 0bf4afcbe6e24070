//! Prepares the engine and the token for a question from the playground page.

use serde_json::{Map, Value};

use super::question::{Credential, Input, KeySetText, Problem, Question};
use crate::{
    explain::request::RequestHead,
    input::{self, NotOneToken},
    policy_test::mint::{self, Keys, Wanted},
    redact::redacted,
};
use portcullis::{config::Config, engine::Engine};

/// An engine, and the token to decide on.
pub(super) struct Prepared {
    pub(super) engine: Engine,
    pub(super) token: Option<String>,
}

/// Prepares the engine and the token of a question about this request.
pub(super) fn prepare(
    question: &Question,
    request: RequestHead<'_>,
    policy: &Value,
    config: Config,
    keys: &mut Keys,
) -> Result<Prepared, Problem> {
    match &question.credential {
        Credential::None => Ok(Prepared {
            engine: Engine::new(config),
            token: None,
        }),
        Credential::Token(text) => {
            let token = token(text)?;
            let mut engine = Engine::new(config);
            if let Some(keys) = &question.jwks {
                preload(&mut engine, keys, question.now)?;
            }
            Ok(Prepared {
                engine,
                token: Some(token),
            })
        }
        Credential::Claims { provider, claims } => {
            let wanted = Wanted {
                provider: provider.as_deref(),
                claims: members(claims)?,
                request,
                now: question.now,
            };
            let minted = mint::mint(policy, &config, wanted, keys);
            let minted = minted.map_err(|message| Input::Claims.problem(message))?;
            Ok(Prepared {
                engine: minted.engine,
                token: Some(minted.token),
            })
        }
    }
}

fn token(text: &str) -> Result<String, Problem> {
    let token = input::token(text).map_err(|not| match not {
        NotOneToken::Empty => "paste a token",
        NotOneToken::Several => "the text has more than one word; paste one token",
    });
    token
        .map(str::to_owned)
        .map_err(|message| Input::Token.problem(message))
}

fn members(claims: &str) -> Result<Map<String, Value>, Problem> {
    if claims.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(claims).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = format!(
            "line {line}, column {column}: the text is not a JSON object; write, for example, {{\"scope\": \"orders.read\"}}"
        );
        Input::Claims.problem(message)
    })
}

fn preload(engine: &mut Engine, keys: &KeySetText, now: u64) -> Result<(), Problem> {
    if keys.document.trim().is_empty() {
        return Ok(());
    }
    let found = engine.config().provider_named(&keys.provider);
    let Some((id, provider)) = found else {
        return Ok(()); // the user has edited the policy, which no longer has this provider
    };
    if provider.remote_keys().is_none() {
        return Ok(());
    }
    input::preload(engine, id, keys.document.as_bytes(), input::time(Some(now)))
        .map_err(|fault| Input::Jwks.problem(redacted(&fault)))
}
