//! Rules and providers that cannot do what they are written for.
//!
//! The first rule that matches decides, so a rule below a wider one protects nothing, and nothing
//! tells. Only what is certain is a warning: two rules may overlap in ways that are meant.

use super::{Config, Location, PathPolicy, Unmatched, Warning};
use crate::policy::{PathMatch, Requirement, RouteMatch, Rule};

/// Every such rule and provider of `config`.
pub(super) fn warnings(config: &Config) -> Vec<Warning> {
    let mut found = Vec::new();
    for (place, rule) in config.rules.iter().enumerate() {
        let text = shadowed(config, place, rule)
            .or_else(|| unspellable(config, &rule.route).map(str::to_owned));
        if let Some(text) = text {
            let location = Location::default().within_index(place).within("rules");
            found.push(Warning { location, text });
        }
    }
    warn_of_unused_providers(config, &mut found);
    warn_of_no_rules(config, &mut found);
    found
}

/// Which earlier rule has this one's requests. A rule that has some of them only counts where it is
/// open and this one is not, and where it is wider: reading without a token and writing with one, at
/// the same paths, is meant, but a rule for fewer paths below is an exception that comes too late.
fn shadowed(config: &Config, place: usize, rule: &Rule) -> Option<String> {
    for (taker, earlier) in config.rules.iter().take(place).enumerate() {
        let (own, other) = (&rule.route, &earlier.route);
        if !other.covers(own) {
            continue;
        }
        let is_evaded = is_protected(rule) && !is_protected(earlier);
        let takes_all = other.methods.is_empty()
            || (!own.methods.is_empty() && own.methods.iter().all(|method| other.takes(method)));
        let takes = |method: &String| method != "OPTIONS" && own.takes(method);
        let effect = if takes_all {
            "no request reaches it"
        } else if is_evaded && !own.covers(other) && other.methods.iter().any(takes) {
            "some of its requests do not reach it"
        } else {
            continue;
        };
        let open = if is_evaded {
            " and asks for no token"
        } else {
            ""
        };
        return Some(format!(
            "{effect}: rules[{taker}] comes first{open}; move this rule ahead of it"
        ));
    }
    None
}

/// Whether the rule takes a token that verifies.
fn is_protected(rule: &Rule) -> bool {
    (rule.requirement.as_ref())
        .is_some_and(|requirement| rule.authorization.is_some() || !requirement.admits_anyone())
}

/// Why the rule's path is none in which requests are matched: one reading of each lacks parameters,
/// and one has every octet encoded that a path cannot hold as it is.
fn unspellable(config: &Config, route: &RouteMatch) -> Option<&'static str> {
    let holds = match &route.path {
        _ if config.path_policy == PathPolicy::Raw => false,
        PathMatch::Exact(text) | PathMatch::Prefix(text) | PathMatch::SegmentPrefix(text) => {
            text.spelling().contains(';')
        }
        PathMatch::Regex(regex) => {
            let is_encoded = |octet: u8| octet == b' ' || !octet.is_ascii();
            let text = regex.as_str();
            let holds = text.bytes().any(is_encoded) && !text.contains("(?x");
            return holds
                .then_some("paths are matched encoded; write %20 for a space, %C3%A9 for \u{e9}");
        }
        PathMatch::Connect => false,
    };
    holds.then_some(
        "no request reaches it: paths are also matched without parameters; write it without \";\"",
    )
}

/// Providers whose tokens nothing asks for. Routes of Envoy name entries of `requirement_map`.
fn warn_of_unused_providers(config: &Config, found: &mut Vec<Warning>) {
    let mut used = Vec::new();
    let mut is_anyone_asked = false;
    let mut note = |requirement: &Requirement| {
        is_anyone_asked |= requirement.asks_anyone();
        requirement.each_provider(&mut |id, _| used.push(id));
    };
    for rule in &config.rules {
        rule.requirement.iter().for_each(&mut note);
    }
    if let Some(rules) = &config.filter_state_rules {
        rules.requires.values().for_each(&mut note);
    }
    if let Some(status) = &config.status {
        status.requirement.iter().for_each(&mut note);
    }
    config.requirement_map.values().for_each(note);
    if is_anyone_asked {
        return;
    }
    for (id, provider) in config.providers() {
        if !used.contains(&id) {
            let location = Location::default().within(&provider.name);
            found.push(Warning {
                location: location.within("providers"),
                text: "no rule asks for its tokens; name it in \"requires\", or remove it"
                    .to_owned(),
            });
        }
    }
}

/// A configuration that decides nothing by itself. Where routes have policies of their own, that may
/// be meant.
fn warn_of_no_rules(config: &Config, found: &mut Vec<Warning>) {
    let decides = config.filter_state_rules.is_some() || !config.requirement_map.is_empty();
    if decides || !config.rules.is_empty() {
        return;
    }
    let text = match config.unmatched {
        Unmatched::Allow => "there are none, and every request passes; add rules",
        Unmatched::Deny => "there are none, and every request is denied; add rules",
    };
    found.push(Warning {
        location: Location::default().within("rules"),
        text: text.to_owned(),
    });
}
