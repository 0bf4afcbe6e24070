//! Lists the requirements of a configuration, wherever they are configured.

use std::collections::BTreeMap;

use super::{Config, ConfigPath};
use crate::policy::{Authorization, FilterStateRules, Requirement, Rule, StatusPath};

/// A requirement, and where it is configured.
pub(super) struct RequirementAt<'a> {
    /// The location of the requirement.
    pub(super) location: ConfigPath,
    /// The requirement.
    pub(super) requirement: &'a Requirement,
    /// The rights that a verified token must grant in addition.
    pub(super) authorization: Option<&'a Authorization>,
}

impl Config {
    /// Returns all requirements of the configuration.
    pub(super) fn requirements(&self) -> Vec<RequirementAt<'_>> {
        let (by_state, status) = (self.filter_state_rules.as_ref(), self.status.as_ref());
        requirements(&self.rules, &self.requirement_map, by_state, status)
    }
}

/// Returns all requirements of a configuration that is still being parsed.
pub(super) fn requirements<'a>(
    rules: &'a [Rule],
    named: &'a BTreeMap<String, Requirement>,
    by_state: Option<&'a FilterStateRules>,
    status: Option<&'a StatusPath>,
) -> Vec<RequirementAt<'a>> {
    let mut found = Vec::new();
    let mut add = |location, requirement, authorization| {
        found.push(RequirementAt {
            location,
            requirement,
            authorization,
        });
    };
    for (index, rule) in rules.iter().enumerate() {
        if let Some(demand) = &rule.demand {
            let rule = ConfigPath::of_members(&["rules"]).element(index);
            let location = rule.member("requires");
            add(location, demand.requirement(), demand.authorization());
        }
    }
    for (name, requirement) in named {
        let location = ConfigPath::of_members(&["requirement_map", name]);
        add(location, requirement, None);
    }
    for (value, requirement) in by_state.into_iter().flat_map(|rules| &rules.requires) {
        let location = ConfigPath::of_members(&["filter_state_rules", "requires", value]);
        add(location, requirement, None);
    }
    if let Some(demand) = status.and_then(|status| status.demand.as_ref()) {
        let location = ConfigPath::of_members(&["status", "requires"]);
        add(location, demand.requirement(), demand.authorization());
    }
    found
}
