//! Runs one test: builds its request, decides, and compares the decision with the expected one.

use serde_json::{Map, Value};

use super::{
    claims::{self, Wanted, algorithm},
    expect::Expect,
    rig::Rig,
    signer::By,
    suite::{Basic, Test, Token},
    values::Values,
};
use crate::{
    accepted, input,
    trial::{self, DecisionLine, RequestLine},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis::{
    config::{Accepts, Config, Provider},
    policy::{Audiences, ProviderId, Rule},
};

/// The result of a test.
pub(super) struct Outcome {
    /// The differences between what was expected and what happened. If there are none, the test
    /// passes.
    pub(super) differences: Vec<String>,
    /// A short description of the decision.
    pub(super) found: String,
    /// The index of the rule that the request matched.
    pub(super) rule: Option<usize>,
    /// The providers whose credentials the decision used.
    pub(super) providers: Vec<String>,
}

/// Runs a test. If it cannot run, the error says why.
pub(super) fn run(rig: &mut Rig, test: &Test, now: u64) -> Result<Outcome, String> {
    let mut line = request(test);
    let rule = trial::rule(&rig.engine, &line);
    let mut used = Vec::new();
    for token in &test.tokens {
        let (id, name) = provider(rig, token)?;
        let signed = signed(rig, id, token, rule, now)?;
        let provider = rig.engine.config().provider(id);
        line.add_token(&signed, provider.map(|provider| &*provider.places));
        used.push((id, name));
    }
    if let Some(basic) = &test.basic {
        let secret = secret(rig, basic)?;
        let pair = STANDARD.encode(format!("{}:{secret}", basic.client));
        line.add_header("authorization", format!("Basic {pair}"));
    }
    let decision = trial::decide(&rig.engine, &line, input::time(Some(now)));
    // With the token in the request, a different rule may match than before. A provider counts as
    // reached only if its credentials are read for the rule that matches now.
    let config = rig.engine.config();
    used.retain(|(id, _)| readers(config, decision.rule).any(|(reader, _)| reader == *id));
    let providers = used.into_iter().map(|(_, name)| name);
    Ok(Outcome {
        differences: differences(&test.expect, &decision),
        found: found(&decision),
        rule: decision.rule,
        providers: providers.chain(decision.provider).collect(),
    })
}

fn request(test: &Test) -> RequestLine {
    let request = &test.request;
    let method = request.method.as_deref().unwrap_or("GET");
    let mut line = RequestLine::new(method, &request.path);
    line.authority.clone_from(&request.authority);
    line.route_metadata.clone_from(&request.route_metadata);
    line.filter_state.clone_from(&request.filter_state);
    for (name, values) in &request.headers {
        match values {
            Values::One(value) => line.add_header(name, value.clone()),
            Values::Several(values) => {
                for value in values {
                    line.add_header(name, value.clone());
                }
            }
        }
    }
    line.certificate.clone_from(&test.certificate);
    line
}

/// Returns the provider that the test names for a token. If the test names none, the policy must
/// have exactly one provider that accepts tokens, and this provider is returned.
pub(super) fn provider(rig: &Rig, token: &Token) -> Result<(ProviderId, String), String> {
    let of_tokens: Vec<_> = accepted::token_providers(rig.engine.config()).collect();
    let names: Vec<&str> = of_tokens
        .iter()
        .map(|(_, provider)| &*provider.name)
        .collect();
    let names = names.join(", ");
    let found = match &token.provider {
        Some(name) => of_tokens
            .iter()
            .find(|(_, provider)| provider.name == *name),
        None if of_tokens.len() > 1 => {
            return Err(format!(
                "token: the policy has several providers; set \"provider\" to one of {names}"
            ));
        }
        None => of_tokens.first(),
    };
    let found = found.map(|(id, provider)| (*id, provider.name.clone()));
    found.ok_or_else(|| match &token.provider {
        Some(name) => format!(
            "token: no provider \"{name}\" accepts tokens; providers that accept tokens: {names}"
        ),
        None => "token: the policy has no provider that accepts tokens".to_owned(),
    })
}

/// The secret of a client: the secret in the test, or else the secret made for this run.
///
/// If there is no secret in the test, an unknown client is an error. Without this error, a request
/// with a misspelt client would be refused as if the secret were wrong, and the test could pass by
/// mistake.
fn secret<'a>(rig: &'a Rig, basic: &'a Basic) -> Result<&'a str, String> {
    if let Some(secret) = &basic.secret {
        return Ok(secret);
    }
    let providers = rig.engine.config().providers();
    let clients = providers.filter_map(|(_, provider)| match &provider.accepts {
        Accepts::Secrets(clients) => Some(clients.all()),
        Accepts::Tokens(_) => None,
    });
    let names: Vec<&str> = clients.flatten().map(|client| &*client.id).collect();
    if names.contains(&&*basic.client) {
        return Ok(&rig.secret);
    }
    Err(match names.is_empty() {
        true => "basic: the policy has no clients with secrets".to_owned(),
        false => format!(
            "basic: the policy has no client \"{}\"; its clients are {}",
            basic.client,
            names.join(", ")
        ),
    })
}

/// Returns the providers whose credentials are read for a rule, each with the audiences that are
/// accepted in its tokens. Returns no providers if there is no rule, or if the rule has no
/// requirement.
pub(super) fn readers(
    config: &Config,
    rule: Option<usize>,
) -> impl Iterator<Item = (ProviderId, &Audiences)> {
    let rule = rule.and_then(|rule| config.rules.get(rule));
    let requirement = rule.and_then(Rule::requirement);
    requirement
        .into_iter()
        .flat_map(|requirement| config.providers_read_for(requirement))
}

/// Returns the audiences for a test's token. If the rule accepts several lists of audiences for the
/// provider, returns the first list that is not the provider's own.
fn audiences<'a>(
    config: &'a Config,
    rule: Option<usize>,
    (id, provider): (ProviderId, &'a Provider),
) -> &'a Audiences {
    let own = provider.audiences(None);
    readers(config, rule)
        .filter(|(reader, _)| *reader == id)
        .map(|(_, audiences)| audiences)
        .find(|audiences| *audiences != own)
        .unwrap_or(own)
}

/// Makes a token of a provider. `rule` is the rule that the token is for.
pub(super) fn signed(
    rig: &mut Rig,
    id: ProviderId,
    token: &Token,
    rule: Option<usize>,
    now: u64,
) -> Result<String, String> {
    let config = rig.engine.shared_config();
    let found = config
        .provider(id)
        .and_then(|own| Some((own, own.trust()?)));
    let Some((provider, trust)) = found else {
        return Err("token: no such provider".to_owned());
    };
    let wanted = Wanted {
        claims: &token.claims,
        is_expired: token.expired,
        audiences: audiences(&config, rule, (id, provider)),
    };
    let claims = claims::claims(trust, &wanted, now);
    let mut header: Map<String, Value> = claims::header(trust);
    claims::overlay(&mut header, &token.header);
    let by = match token.forged {
        true => By::Forger,
        false => By::Provider,
    };
    rig.keys
        .token(algorithm(trust), by, &Value::Object(header), &claims)
        .map_err(|_| "token: the operating system provides no random numbers".to_owned())
}

fn found(decision: &DecisionLine) -> String {
    let challenge = challenges(decision).join(", ");
    let challenge = match challenge.as_str() {
        "" => String::new(),
        challenge => format!(", WWW-Authenticate: {challenge}"),
    };
    let (outcome, status, reason) = (decision.decision, decision.status, decision.reason);
    format!("{outcome} {status} {reason}{challenge}")
}

fn challenges(decision: &DecisionLine) -> Vec<&str> {
    let headers = decision.response_headers.iter();
    let challenges = headers.filter(|(name, _)| *name == "www-authenticate");
    challenges.map(|(_, value)| value.as_str()).collect()
}

fn differences(expect: &Expect, decision: &DecisionLine) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, expected: Option<String>, found: String| {
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            differences.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    let outcome = expect.decision.map(|outcome| outcome.name().to_owned());
    compare("decision", outcome, decision.decision.to_owned());
    let status = expect.status.map(|status| status.to_string());
    compare("status", status, decision.status.to_string());
    compare("reason", expect.reason.clone(), decision.reason.to_owned());
    for (name, expected) in &expect.headers {
        let lower = name.to_ascii_lowercase();
        let forwarded = decision.forwarded_headers.iter();
        let own: Vec<&str> = forwarded
            .filter(|(own, _)| *own == lower)
            .map(|(_, value)| value.as_str())
            .collect();
        let expected = match expected {
            None => Vec::new(),
            Some(Values::One(value)) => vec![value.as_str()],
            Some(Values::Several(values)) => values.iter().map(String::as_str).collect(),
        };
        let shown = |values: &[&str]| match values {
            [] => "nothing".to_owned(),
            values => format!("{:?}", values.join(", ")),
        };
        compare(
            &format!("headers.{name}"),
            Some(shown(&expected)),
            shown(&own),
        );
    }
    if let Some(part) = &expect.challenge {
        let all = challenges(decision);
        if !all.iter().any(|challenge| challenge.contains(part)) {
            // The text is in single quotes, as in YAML, because a challenge contains double quotes.
            let all = match all.join(", ") {
                all if all.is_empty() => "none".to_owned(),
                all => format!("'{all}'"),
            };
            differences.push(format!("challenge: expected '{part}', found {all}"));
        }
    }
    differences
}
