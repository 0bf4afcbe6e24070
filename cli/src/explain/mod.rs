//! `portcullis explain`: shows the checks of one token, up to the first check that fails.
//!
//! The checks are those of the module ([`verification`]), so the output cannot differ from what the
//! module does. The token is checked against the providers whose credentials the module reads for
//! the request's rule. If there is no request, or if its rule has no requirement, the token is
//! checked against all providers. The output shows only the checked providers that accept the
//! token's issuer. If none of them accepts the issuer, the output shows all checked providers, and
//! what they expect. If there is a request, the [`engine`](portcullis::engine) also decides on the
//! request, as the module would.
//!
//! The exit code is 1 if the request is refused. Without a request, it is 1 if no provider accepts
//! the token. The output contains the decoded header and claims, but never the token itself or its
//! signature.

mod detail;
mod printable;
mod refusal;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod rule_text;
mod text;
mod unmatched;
mod upstream;

use std::{
    io::{BufRead, Write},
    path::Path,
};

use self::{
    report::{ProviderReport, Refused, Report, RequestReport, Step, TokenReport},
    request::{HeaderLine, RequestHead},
    rule_text::Written,
    upstream::Upstream,
};
use crate::{
    accepted,
    format::Format,
    input::{self, KeySetFile, NotOneToken},
    outcome::{Exit, Failure},
    source::Source,
    trial::{self, DecisionLine, Reached},
};
use portcullis::{
    config::{Config, Provider},
    decision::Reason,
    engine::{Engine, Patience},
    jose::{TokenError, UntrustedToken},
    keys::FetchCause,
    policy::{Audiences, ProviderId, Rule},
    time::UnixMillis,
    verification::{
        self, Allowance, Attempts, Check, CheckObserver, Circumstances, Issuer, Outcome,
    },
};

/// The options of the command.
pub(super) struct Question<'a> {
    pub(super) config: &'a Path,
    /// The name of the filter to use, in an Envoy file with several filters.
    pub(super) filter: Option<&'a str>,
    /// The token's file; `-` is the standard input.
    pub(super) token: &'a Path,
    pub(super) now: Option<u64>,
    pub(super) key_sets: &'a [KeySetFile],
    /// The method and the path of the request, if there is a request to decide on.
    pub(super) request: Option<(&'a String, &'a String)>,
    /// The request's headers, without the header that carries the token.
    pub(super) headers: &'a [HeaderLine],
    pub(super) format: Format,
}

pub(super) fn run(
    question: &Question<'_>,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Exit, Failure> {
    if input::is_standard(question.config) && input::is_standard(question.token) {
        let both = "--config - and --token - cannot both read standard input; name a file for one \
                    of them";
        return Err(Failure::Usage(both.to_owned()));
    }
    let source = Source::read(question.config, input)?;
    let (policy, config) = accepted::read(&source, question.filter)?;
    let now = input::time(question.now);
    let token = token(question.token, input)?;
    let mut engine = Engine::new(config);
    for file in question.key_sets {
        file.preload(&mut engine, now)?;
    }
    let request = question.request.map(|(method, path)| RequestHead {
        method,
        path,
        headers: question.headers,
    });
    let written = Written {
        source: &source,
        policy: &policy,
    };
    let (report, _) = report(&engine, written, &token, request, now);
    match question.format {
        Format::Json => report::write_json(&report, output)?,
        Format::Text(color) => text::write(&report, color, output)?,
    }
    Ok(match report.accepted {
        true => Exit::Done,
        false => Exit::Findings,
    })
}

/// Reads the token. Drops the word `Bearer` and surrounding white space.
fn token(path: &Path, input: &mut dyn BufRead) -> Result<String, Failure> {
    // The message leaves out the path, because the operator may have passed the token itself
    // instead of a file name.
    let unusable = |what: &str| Failure::Usage(format!("--token: {what}"));
    let bytes = input::read(path, input).map_err(|_| {
        unusable(
            "the file does not exist or cannot be read; name another file, or write --token - and \
             pass the token on standard input",
        )
    })?;
    let text = String::from_utf8(bytes).map_err(|_| unusable("the input is not UTF-8 text"))?;
    match input::token(&text) {
        Ok(token) => Ok(token.to_owned()),
        Err(NotOneToken::Empty) => Err(unusable("the input is empty; give one token")),
        Err(NotOneToken::Several) => {
            Err(unusable("the input has more than one word; give one token"))
        }
    }
}

/// Reports the checks of a token. If there is a request, also reports the decision on the request.
pub(crate) fn report(
    engine: &Engine,
    written: Written<'_>,
    text: &str,
    request: Option<RequestHead<'_>>,
    now: UnixMillis,
) -> (Report, Option<DecisionLine>) {
    let config = engine.config();
    let mut token = TokenReport::new(text);
    let parsed = UntrustedToken::parse(text);
    let refused = |reason: Reason, detail| Refused {
        status: reason.status(),
        reason,
        detail,
    };
    let (size, limit) = (text.len(), config.limits.token_bytes);
    let fits = match size <= limit {
        true => Ok(format!("{size} bytes")),
        false => Err(format!("{size} bytes; limits.token_bytes is {limit}")),
    };
    token.add(
        "size",
        fits.map_err(|detail| refused(Reason::TokenTooLarge, detail)),
    );
    if token.reason.is_none() {
        let form = parsed.as_ref().map(|_| "a signed JWT".to_owned());
        let form = form.map_err(|error| refused(Reason::from(error), error.to_string()));
        token.add("form", form);
    }
    let mut providers = Vec::new();
    if token.reason.is_none()
        && let Ok(untrusted) = &parsed
    {
        let asked = asked(config, request.and_then(|request| rule(engine, request)));
        let reached = request.map(|request| trial::resources(engine, &request.line()));
        let reached = reached.unwrap_or_default();
        for asked in candidates(config, asked, untrusted) {
            providers.extend(provider(engine, asked, &parsed, &reached, now));
        }
    }
    let decided = request.map(|request| decided((engine, written), text, request, &providers, now));
    let (request, decision) = decided.unzip();
    let report = Report {
        accepted: match &request {
            Some(request) => request.decision == "allow",
            None => providers.iter().any(|provider| provider.accepted),
        },
        token,
        providers,
        request,
    };
    (report, decision)
}

/// A provider that checks the token, and the audiences that the provider accepts for the rule.
type Asked<'a> = (ProviderId, &'a Audiences);

/// Returns the providers whose credentials are read for a rule. If there is no rule, or if the rule
/// has no requirement, returns all providers. Providers that accept client secrets are left out.
fn asked<'a>(config: &'a Config, rule: Option<&'a Rule>) -> Vec<Asked<'a>> {
    let mut asked: Vec<Asked<'_>> = match rule.and_then(Rule::requirement) {
        Some(requirement) => config.providers_read_for(requirement).collect(),
        None => {
            let all = config.providers();
            all.map(|(id, provider)| (id, provider.audiences(None)))
                .collect()
        }
    };
    let has_tokens = |(id, _): &Asked<'_>| config.provider(*id).and_then(Provider::trust).is_some();
    asked.retain(has_tokens);
    asked
}

/// Keeps the providers that accept the token's issuer. If no provider accepts the issuer, keeps
/// all.
fn candidates<'a>(
    config: &Config,
    mut asked: Vec<Asked<'a>>,
    token: &UntrustedToken<'_>,
) -> Vec<Asked<'a>> {
    let could = |(id, _): &Asked<'_>| {
        config.provider(*id).is_some_and(|provider| {
            provider.trust().is_some_and(|trust| {
                trust.issuer == Issuer::Any || trust.names_issuer(token.unverified_claims())
            })
        })
    };
    if asked.iter().any(could) {
        asked.retain(could);
    }
    asked
}

/// Records each check and its outcome.
#[derive(Default)]
struct Trail(Vec<(Check, Outcome)>);

impl CheckObserver for Trail {
    fn record(&mut self, check: Check, outcome: Outcome) {
        self.0.push((check, outcome));
    }
}

fn provider(
    engine: &Engine,
    (id, audiences): Asked<'_>,
    token: &Result<UntrustedToken<'_>, TokenError>,
    reached: &Reached<'_>,
    now: UnixMillis,
) -> Option<ProviderReport> {
    let provider = engine.config().provider(id)?;
    let circumstances = Circumstances {
        keys: engine.keys(),
        now,
        // The module would fetch a missing key and let the request wait, so this code assumes that
        // the request can wait.
        patience: Patience::Waiting,
        certificate_digest: &|| None,
        accelerator: None,
        allowance: &Allowance::default(),
        resource: reached.0,
        resources_elsewhere: &reached.1,
    };
    let mut trail = Trail::default();
    let trust = provider.trust()?;
    let own = (id, trust);
    let presented = (token, &Attempts::default());
    let verified =
        verification::verify_observed(&mut trail, own, audiences, presented, &circumstances);
    let reason = verified.err().map(reason);
    let details = detail::Details {
        provider,
        trust,
        audiences,
        reached,
        token: token.as_ref().ok()?,
        keys: detail::keys(engine, (id, provider), now),
        now: now.seconds(),
        reason,
    };
    let steps = trail
        .0
        .into_iter()
        .filter(|(check, _)| *check != Check::Form);
    Some(ProviderReport {
        id,
        name: provider.name.clone(),
        names_issuer: trust.names_issuer(details.token.unverified_claims()),
        accepted: reason.is_none(),
        status: reason.map(Reason::status),
        reason: reason.map(Reason::label),
        checks: steps
            .map(|(check, outcome)| Step {
                check: detail::label(check),
                outcome: outcome.into(),
                detail: details.of(check, outcome),
            })
            .collect(),
    })
}

fn reason(failure: verification::Failure) -> Reason {
    match failure {
        verification::Failure::Invalid(reason) => reason,
        verification::Failure::AwaitKeys(wanted) => match wanted.cause {
            FetchCause::UnknownKid => Reason::UnknownKey,
            FetchCause::Freshness => Reason::KeysUnavailable,
        },
        verification::Failure::KeysUnavailable(_) => Reason::KeysUnavailable,
        // This is not expected, because `explain` puts no requests on a waiting list.
        verification::Failure::Overloaded(_) => Reason::Overloaded,
    }
}

/// The rule that a request matches before the token is added to the request.
fn rule<'a>(engine: &'a Engine, request: RequestHead<'_>) -> Option<&'a Rule> {
    let index = trial::rule(engine, &request.line())?;
    engine.config().rules.get(index)
}

/// Decides on the request with the token.
fn decided(
    (engine, written): (&Engine, Written<'_>),
    token: &str,
    request: RequestHead<'_>,
    providers: &[ProviderReport],
    now: UnixMillis,
) -> (RequestReport, DecisionLine) {
    let bearer = providers
        .iter()
        .find(|provider| provider.accepted)
        .or_else(|| providers.first());
    let bearer = bearer.and_then(|found| engine.config().provider(found.id));
    let mut line = request.line();
    line.add_token(token, bearer.map(|provider| &*provider.places));
    let decision = trial::decide(engine, &line, now);
    let rule = decision
        .rule
        .and_then(|index| engine.config().rules.get(index));
    let detail = match decision.denied {
        None => String::new(),
        Some(Reason::Unmatched) => unmatched::detail(engine.config(), request),
        Some(reason) => {
            let about_request = refusal::of_request(reason, request.path, &engine.config().limits);
            match about_request.is_empty() {
                true => detail::rights(reason, rule, bearer, token),
                false => about_request,
            }
        }
    };
    let Upstream { forwards, removes } = Upstream::of(&decision, token);
    let report = RequestReport {
        method: request.method.to_owned(),
        path: request.path.to_owned(),
        rule: decision.rule,
        line: decision.rule.and_then(|index| written.line(index)),
        conditions: rule.map(|rule| rule_text::conditions(&rule.route)),
        file: written.source.name.clone(),
        decision: decision.decision,
        status: decision.status,
        reason: decision.reason,
        provider: decision.provider.clone(),
        detail,
        forwards,
        removes,
    };
    (report, decision)
}
