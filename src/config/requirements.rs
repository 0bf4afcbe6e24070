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
    let top = ConfigPath::default;
    for (index, rule) in rules.iter().enumerate() {
        if let Some(demand) = &rule.demand {
            let location = top().within("requires").within_index(index).within("rules");
            add(location, demand.requirement(), demand.authorization());
        }
    }
    for (name, requirement) in named {
        let location = top().within(name).within("requirement_map");
        add(location, requirement, None);
    }
    for (value, requirement) in by_state.into_iter().flat_map(|rules| &rules.requires) {
        let location = top().within(value).within("requires");
        add(location.within("filter_state_rules"), requirement, None);
    }
    if let Some(demand) = status.and_then(|status| status.demand.as_ref()) {
        let location = top().within("requires").within("status");
        add(location, demand.requirement(), demand.authorization());
    }
    found
}
