//! Finds rules and providers that have no effect, or less effect than intended.
//!
//! The first rule that matches a request decides. So a rule that comes after a broader rule has no
//! effect, and the operator may not notice. Only clear cases cause a warning, because the operator
//! may intend some overlap.

use super::{evasion, literals::misspelt};
use crate::{
    config::{Config, ConfigPath, Warning},
    policy::{
        HeaderCondition, HeaderMatch, PathMatch, PathPolicy, Pattern, RouteMatch, Rule, Unmatched,
    },
};

impl Config {
    /// Finds rules and providers that have no effect, or less effect than intended.
    #[must_use]
    pub fn reach_warnings(&self) -> Vec<Warning> {
        let mut found = Vec::new();
        for (place, rule) in self.rules.iter().enumerate() {
            let texts = match shadowed(self, place, rule) {
                Some(text) => [Some(text), None, None],
                // One rule can have several of these faults.
                None => [
                    unspellable(self, &rule.route),
                    evasion::evaded(self, place, &rule.route),
                    reads_query_as_sent(self, &rule.route),
                ],
            };
            for text in texts.into_iter().flatten() {
                let location = ConfigPath::of_members(&["rules"]).element(place);
                found.push(Warning { location, text });
            }
        }
        found.extend(evasion::evaded_resources(self));
        warn_of_unused_providers(self, &mut found);
        warn_of_no_rules(self, &mut found);
        found
    }
}

/// Returns a warning if a condition on `:path` is about the query. The query in `:path` is compared
/// as the client sent it, so `/q?mode=%61dmin` evades a condition for `/q?mode=admin`.
fn reads_query_as_sent(config: &Config, route: &RouteMatch) -> Option<String> {
    let is_about_query = |header: &HeaderMatch| match &header.condition {
        HeaderCondition::Text(own) if header.name == ":path" => match own.pattern() {
            Pattern::Regex(regex) => {
                let is_query = |part| regex.as_str().contains(part);
                ["\\?", "[?", "=", "&"].into_iter().any(is_query)
            }
            Pattern::Contains(text) | Pattern::Suffix(text) => text.contains(['?', '=', '&']),
            Pattern::Exact(text) | Pattern::Prefix(text) => text.contains('?'),
        },
        _ => false,
    };
    let may_differ = config.path_policy == PathPolicy::Reject;
    (may_differ && route.headers.iter().any(is_about_query)).then(|| {
        "a client can write the query in other ways that mean the same, such as %61 for a, and so \
         evade the condition on :path; write the condition in \"query_parameters\" instead"
            .to_owned()
    })
}

/// Returns a warning if an earlier rule already matches the requests that this rule is meant for.
///
/// If the earlier rule matches only some methods of this rule, there is a warning only if three
/// more conditions hold: the earlier rule requires no token, this rule requires a token, and the
/// earlier rule also matches other paths. Then this rule is probably meant as an exception to the
/// earlier rule, and comes too late. If both rules match the same paths, the order is probably
/// intended, for example to allow reading without a token and writing with one.
fn shadowed(config: &Config, place: usize, rule: &Rule) -> Option<String> {
    for (taker, earlier) in config.rules.iter().take(place).enumerate() {
        let (own, other) = (&rule.route, &earlier.route);
        if !other.covers(own) {
            continue;
        }
        let is_evaded = rule.requires_token() && !earlier.requires_token();
        let takes_all = other.methods.is_empty()
            || (!own.methods.is_empty() && own.methods.iter().all(|method| other.takes(method)));
        let takes = |method: &String| method != "OPTIONS" && own.takes(method);
        let effect = if takes_all {
            "no request reaches this rule"
        } else if is_evaded && !own.covers(other) && other.methods.iter().any(takes) {
            "some of the requests for this rule do not reach it"
        } else {
            continue;
        };
        let open = if is_evaded {
            " and requires no token"
        } else {
            ""
        };
        return Some(format!(
            "{effect}, because rules[{taker}] comes first{open}; move this rule before \
             rules[{taker}]"
        ));
    }
    None
}

/// Returns a warning if no request can match the rule's path. A server may cut off the parameters
/// of a request's path, or everything from an encoded `?` or `#` on. The server may also convert
/// the path to its normal spelling, in which characters such as `[` and `|` are encoded. A rule
/// applies to a request only if the rule matches all of these readings of the path.
fn unspellable(config: &Config, route: &RouteMatch) -> Option<String> {
    if config.path_policy == PathPolicy::Raw {
        return None;
    }
    if let PathMatch::Exact(text) | PathMatch::Prefix(text) | PathMatch::SegmentPrefix(text) =
        &route.path
        && let Some(text) = cut(text.spelling())
    {
        return Some(text.to_owned());
    }
    let (written, instead) = expressions(route).find_map(misspelt)?;
    Some(format!(
        "paths are matched in encoded form; in the regular expression, write `{instead}` instead \
         of `{written}`"
    ))
}

/// Returns a warning if the path has parameters, or an encoded `?` or `#`. Servers may cut off the
/// path there.
fn cut(path: &str) -> Option<&'static str> {
    if path.contains(';') {
        return Some(
            "no request reaches this rule, because paths are also matched without parameters; \
             write the path without \";\"",
        );
    }
    ["%3F", "%23"]
        .iter()
        .any(|octet| path.contains(octet))
        .then_some(
            "no request reaches this rule, because paths are also matched up to an encoded ? or #; \
         write the path without these characters",
        )
}

/// Returns the regular expressions that are matched against the path.
fn expressions(route: &RouteMatch) -> impl Iterator<Item = &str> {
    let path = match &route.path {
        PathMatch::Regex(regex) => Some(regex.as_str()),
        _ => None,
    };
    let headers = route.headers.iter().filter(|header| header.name == ":path");
    let conditions = headers.filter_map(|header| match &header.condition {
        HeaderCondition::Text(text) => match text.pattern() {
            Pattern::Regex(regex) => Some(regex.as_str()),
            _ => None,
        },
        _ => None,
    });
    path.into_iter().chain(conditions)
}

/// Warns about providers that no rule, requirement or status page names. All entries of
/// `requirement_map` count as used, because Envoy's routes may refer to these entries.
fn warn_of_unused_providers(config: &Config, found: &mut Vec<Warning>) {
    let mut used = Vec::new();
    let mut is_anyone_asked = false;
    for stated in config.requirements() {
        is_anyone_asked |= stated.requirement.asks_anyone();
        stated.requirement.each_provider(&mut |id, _| used.push(id));
    }
    if is_anyone_asked {
        return;
    }
    for (id, provider) in config.providers() {
        if !used.contains(&id) {
            found.push(Warning {
                location: ConfigPath::of_members(&["providers", &provider.name]),
                text: "no rule uses this provider; name the provider in \"requires\", or remove \
                       the provider"
                    .to_owned(),
            });
        }
    }
}

/// Warns about a configuration without rules, unless route policies or the filter state may decide
/// on requests.
fn warn_of_no_rules(config: &Config, found: &mut Vec<Warning>) {
    let decides = config.filter_state_rules.is_some() || !config.requirement_map.is_empty();
    if decides || !config.rules.is_empty() {
        return;
    }
    let text = match config.unmatched {
        Unmatched::Allow => "there are no rules, so every request passes; add rules",
        Unmatched::Deny => "there are no rules, so every request is denied; add rules",
    };
    found.push(Warning {
        location: ConfigPath::of_members(&["rules"]),
        text: text.to_owned(),
    });
}
