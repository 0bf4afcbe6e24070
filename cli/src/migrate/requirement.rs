//! Converts rules and requirements.

use super::{
    difference::Deviation,
    expression::counts_octets,
    fields::{Fields, Placed, copy},
    journal::Journal,
    names::Names,
    object::Object,
    obstacle::{NotCarried, Obstacle},
    provider::spellings,
    query, taken,
};
use crate::envoy::{
    document::Node,
    message::{Walk, visit},
};
use portcullis::config::ConfigPath;

/// The fields of Envoy's `RouteMatch` that `jwt_authn` ignores.
const IGNORED: [&str; 6] = [
    "cookies",
    "dynamic_metadata",
    "filter_state",
    "grpc",
    "runtime_fraction",
    "tls_context",
];

/// Converts the rules and requirements of a filter.
pub(super) struct Requirements<'a> {
    /// The names of the requirements that require nothing.
    empty: Vec<String>,
    providers: &'a Names,
}

impl<'a> Requirements<'a> {
    /// Starts the conversion. `providers` maps each provider to its new name.
    pub(super) const fn new(providers: &'a Names) -> Self {
        let empty = Vec::new();
        Self { empty, providers }
    }

    /// Returns the names of the requirements that require nothing.
    pub(super) fn into_empty(self) -> Vec<String> {
        self.empty
    }

    /// Converts `requirement_map`.
    pub(super) fn named(
        &mut self,
        written: Vec<(&str, Placed<'_>)>,
        journal: &mut Journal,
    ) -> Result<Object, NotCarried> {
        let mut named = Object::default();
        for (name, placed) in written {
            let at = placed.0.clone();
            let requirement = match self.whole(placed, journal)? {
                Some(requirement) => requirement,
                None => {
                    self.empty.push(name.to_owned());
                    // An empty requirement is kept, because routes in another file may name it.
                    nothing(&at, journal)
                }
            };
            named.put(name, requirement);
        }
        Ok(named)
    }

    /// Converts one element of `rules`.
    pub(super) fn rule(
        &self,
        placed: Placed<'_>,
        journal: &mut Journal,
    ) -> Result<Node, NotCarried> {
        let mut fields = Fields::open(placed)?;
        let mut rule = Object::default();
        if let Some(placed) = fields.take("match")? {
            rule.put("match", condition(placed, journal)?);
        }
        if let Some(placed) = fields.take("requires")? {
            rule.put_some("requires", self.whole(placed, journal)?);
        }
        let name = fields.chosen("requirement_name")?;
        rule.put_some("requirement_name", name.filter(|name| !self.is_empty(name)));
        fields.finish()?;
        Ok(rule.into())
    }

    /// Converts `filter_state_rules`.
    pub(super) fn filter_state_rules(
        &self,
        placed: Placed<'_>,
        journal: &mut Journal,
    ) -> Result<Node, NotCarried> {
        let mut fields = Fields::open(placed)?;
        let mut rules = Object::default();
        rules.put_some("name", fields.text("name")?);
        let mut requires = Object::default();
        for (value, placed) in fields.entries("requires")? {
            // A filter state value that requires nothing is left out, because values that are not
            // listed also require nothing.
            requires.put_some(value, self.whole(placed, journal)?);
        }
        rules.put("requires", requires);
        fields.finish()?;
        Ok(rules.into())
    }

    fn is_empty(&self, name: &str) -> bool {
        self.empty.iter().any(|empty| empty == name)
    }

    /// Converts a `JwtRequirement` that is not a member of a group. Returns `None` if it requires
    /// nothing.
    fn whole(&self, placed: Placed<'_>, journal: &mut Journal) -> Result<Option<Node>, NotCarried> {
        let at = placed.0.clone();
        let requirement = self.requirement(placed, journal)?;
        for what in requirement.iter().flat_map(taken::differences) {
            journal.note(&at, what);
        }
        Ok(requirement)
    }

    /// Converts a `JwtRequirement`. Returns `None` if it requires nothing.
    fn requirement(
        &self,
        placed: Placed<'_>,
        journal: &mut Journal,
    ) -> Result<Option<Node>, NotCarried> {
        let mut fields = Fields::open(placed)?;
        let mut requirement = Object::default();
        // An empty name is kept. Without the name, the requirement would require nothing.
        let name = fields.chosen("provider_name")?;
        requirement.put_some("provider_name", name.map(|name| self.providers.name(name)));
        if let Some(placed) = fields.take("provider_and_audiences")? {
            self.provider_and_audiences(placed, &mut requirement, journal)?;
        }
        for field in ["requires_any", "requires_all"] {
            if let Some(placed) = fields.take(field)? {
                requirement.put(field, self.group(placed, journal)?);
            }
        }
        for field in [
            "allow_missing",
            "allow_missing_or_failed",
            "extract_only_without_validation",
        ] {
            if let Some((_, node)) = fields.take(field)? {
                requirement.put(field, copy(node));
            }
        }
        fields.finish()?;
        Ok((!requirement.0.is_empty()).then(|| requirement.into()))
    }

    fn provider_and_audiences(
        &self,
        placed: Placed<'_>,
        requirement: &mut Object,
        journal: &mut Journal,
    ) -> Result<(), NotCarried> {
        let mut fields = Fields::open(placed)?;
        let name = fields.text("provider_name")?.unwrap_or_default();
        let name = self.providers.name(name);
        let audiences = fields.texts("audiences")?;
        if audiences.is_empty() {
            // Without audiences in the requirement, the provider's own audiences apply.
            requirement.put("provider_name", name);
        } else {
            journal.note_once(fields.at(), Deviation::AudienceSpellings);
            let mut both = Object::default();
            both.put("provider_name", name);
            both.put(
                "audiences",
                spellings(&audiences).into_iter().collect::<Node>(),
            );
            requirement.put("provider_and_audiences", both);
        }
        fields.finish()
    }

    fn group(&self, placed: Placed<'_>, journal: &mut Journal) -> Result<Node, NotCarried> {
        let mut fields = Fields::open(placed)?;
        let mut requirements = Vec::new();
        for (at, node) in fields.list("requirements")? {
            let requirement = match self.requirement((at.clone(), node), journal)? {
                Some(requirement) => requirement,
                None => nothing(&at, journal),
            };
            requirements.push(requirement);
        }
        fields.finish()?;
        let mut group = Object::default();
        group.put("requirements", Node::List(requirements));
        Ok(group.into())
    }
}

/// The closest equivalent of a requirement that requires nothing.
fn nothing(at: &ConfigPath, journal: &mut Journal) -> Node {
    journal.note(at, Deviation::EmptyRequirement);
    let mut nothing = Object::default();
    nothing.put("allow_missing_or_failed", Object::default());
    nothing.into()
}

/// Converts Envoy's `RouteMatch`.
fn condition(placed: Placed<'_>, journal: &mut Journal) -> Result<Node, NotCarried> {
    let mut fields = Fields::open(placed)?;
    let mut condition = Object::default();
    for field in [
        "prefix",
        "path",
        "safe_regex",
        "path_separated_prefix",
        "connect_matcher",
    ] {
        if let Some((at, node)) = fields.take(field)? {
            note_counts(&at, node, journal);
            condition.put(field, copy(node));
        }
    }
    if fields
        .take("case_sensitive")?
        .is_some_and(|(_, node)| node.boolean() == Some(false))
    {
        condition.put("case_sensitive", false);
    }
    let mut headers = Vec::new();
    for (at, node) in fields.list("headers")? {
        note_counts(&at, node, journal);
        headers.push(copy(node));
    }
    condition.put_filled("headers", Node::List(headers));
    let mut params = Vec::new();
    for placed in fields.list("query_parameters")? {
        params.push(query::condition(placed, journal)?);
    }
    condition.put_filled("query_parameters", Node::List(params));
    for field in IGNORED {
        if let Some((at, _)) = fields.take(field)? {
            journal.note(&at, Deviation::ConditionIgnored);
        }
    }
    if let Some((at, _)) = fields.take("path_match_policy")? {
        let instead = "write path_separated_prefix or safe_regex instead";
        let reason = Obstacle::NoCounterpart { instead };
        return Err(NotCarried { at, reason });
    }
    fields.finish()?;
    Ok(condition.into())
}

/// In a condition, notes each regular expression that may match differently in the module, because
/// Envoy counts octets and the module counts characters.
fn note_counts(at: &ConfigPath, condition: &Node, journal: &mut Journal) {
    visit(condition, at, &mut |at, node| {
        let regex = node.member("regex").and_then(Node::text);
        if regex.is_some_and(counts_octets) {
            journal.note(at, Deviation::CountsOctets);
        }
        Walk::Into
    });
}
