//! Finds every error of a policy.
//!
//! The module stops at the first error, which keeps the module small. `portcullis check` repairs
//! each error in a copy of the policy and reads the copy again, until no error is left. A repair
//! may cause another error: after a repair removes a misspelt field, the correctly spelt field is
//! missing. Errors that a repair caused are not reported.

use serde_json::{Map, Value, json};

use super::misplaced::misplaced;
use portcullis::config::{Config, ConfigError, ConfigPath, Fault, Step, camel_case};

/// The maximum number of errors that are reported for one policy.
const MAX_ERRORS: usize = 50;

/// The name that a repair writes where the policy needs a name.
const STUB: &str = "portcullis-check";

/// An error, and the path that the report shows for it. For an unknown field, this is the path of
/// the field itself, not of the object that contains the field.
pub(super) struct Found {
    pub(super) error: ConfigError,
    pub(super) place: ConfigPath,
}

/// Returns the configuration, or every error of the document.
pub(super) fn read(document: &Value) -> Result<Config, Vec<Found>> {
    let mut repair = Repair {
        original: document.clone(),
        document: document.clone(),
        removed: Vec::new(),
    };
    let mut found: Vec<Found> = Vec::new();
    // Each round handles one error. Errors that a repair caused are not reported, but they count
    // towards the maximum as well, so the loop always ends.
    for _ in 0..MAX_ERRORS {
        match Config::from_value(&repair.document) {
            Ok(config) if found.is_empty() => return Ok(config),
            Ok(_) => break,
            Err(error) => {
                let place = place(&error);
                let restored = repair.restored(&place);
                let is_consequence = repair.is_consequence(&error);
                let goes_on = repair.repair(&error, &place);
                if !is_consequence {
                    let place = restored;
                    found.push(Found { error, place });
                }
                if !goes_on {
                    break;
                }
            }
        }
    }
    Err(found)
}

/// Returns the path that the report shows for an error.
fn place(error: &ConfigError) -> ConfigPath {
    match error.reason() {
        Fault::UnknownField { field, .. } => error.location().member(field),
        Fault::NotAvailable { field, .. } | Fault::Contradiction { field, .. } => {
            error.location().member(field)
        }
        Fault::NotExactlyOne { found, .. } => match found.get(1) {
            Some(second) => error.location().member(second),
            None => error.location().clone(),
        },
        _ => error.location().clone(),
    }
}

/// The original document, and a copy that is being repaired.
struct Repair {
    original: Value,
    document: Value,
    removed: Vec<Removed>,
}

/// A part that a repair removed from the document.
struct Removed {
    /// The object or list that contained the part.
    parent: ConfigPath,
    /// The part's name or index.
    step: Step,
    /// The field that the operator probably meant, if the removed name was misspelt.
    meant: Option<String>,
}

impl Repair {
    /// Repairs an error. Returns false if no repair changes the document.
    fn repair(&mut self, error: &ConfigError, place: &ConfigPath) -> bool {
        let before = self.document.clone();
        let at = error.location();
        match error.reason() {
            Fault::SpeltTwice { field } => self.remove(&at.member(&camel_case(field)), None),
            Fault::Contradiction { field, other } => {
                self.remove(&at.member(other), None);
                self.remove(&at.member(field), None);
            }
            Fault::NotExactlyOne { found, .. } if !found.is_empty() => {
                for name in found.iter().skip(1) {
                    self.remove(&at.member(name), None);
                }
            }
            Fault::NotExactlyOne { choices, .. } => self.fill(at, choices.first().copied()),
            Fault::MissingField { field } => self.fill(at, Some(field)),
            Fault::NoIssuer => self.put(at, "allow_any_issuer", json!(true)),
            Fault::NoAudiences => self.put(at, "allow_any_audience", json!(true)),
            Fault::UnknownProvider { .. } => {
                self.put_stub("providers", provider());
                self.set(at, json!(STUB));
            }
            Fault::UnknownRequirement { .. } => {
                self.put_stub("requirement_map", json!({"allow_missing": {}}));
                self.set(at, json!(STUB));
            }
            // The fields of one object are one mistake.
            Fault::UnknownField { field, nearest, .. } => match misplaced(at, field) {
                Some(fields) => {
                    for name in fields.names {
                        self.remove(&at.member(name), Some(fields.meant));
                    }
                }
                None => self.remove(place, nearest.as_deref()),
            },
            reason => self.remove(place, reason.nearest()),
        }
        if self.document == before {
            self.replace_unit(at);
        }
        self.document != before
    }

    /// Whether an earlier repair caused the error.
    fn is_consequence(&self, error: &ConfigError) -> bool {
        let at = error.location();
        let wanted: Vec<&str> = match error.reason() {
            Fault::MissingField { field } => vec![field],
            Fault::NoAudiences => vec!["audiences"],
            Fault::NoIssuer => vec!["issuer"],
            Fault::NotExactlyOne { choices, found } if found.is_empty() => choices.clone(),
            Fault::Empty | Fault::TooFew { .. } => {
                return self.removed.iter().any(|one| one.parent == *at);
            }
            // These errors result from comparing a protected resource with the rules and providers.
            // An earlier repair may have changed the resource, a rule or a provider.
            Fault::AnyAudienceBelow { .. }
            | Fault::MixedRequirements
            | Fault::NoAuthorizationServer { .. }
            | Fault::OpenResource => return self.document != self.original,
            Fault::NoServingKey | Fault::UnconstrainedPlaceholder { .. } => {
                return self
                    .removed
                    .iter()
                    .any(|one| one.parent.steps().starts_with(at.steps()));
            }
            Fault::AuthorizeWithoutRequires => vec!["requires", "requirement_name"],
            _ => return false,
        };
        self.removed
            .iter()
            .filter(|one| one.parent == *at)
            .any(|one| match &one.step {
                Step::Element(_) => true,
                Step::Member(name) => {
                    let is_choice = matches!(error.reason(), Fault::NotExactlyOne { .. });
                    let is_wanted = |name: &str| {
                        wanted
                            .iter()
                            .any(|wanted| *wanted == name || camel_case(wanted) == name)
                    };
                    match &one.meant {
                        Some(meant) => is_wanted(meant) || is_wanted(name),
                        None => is_choice || is_wanted(name),
                    }
                }
            })
    }

    /// Converts a path in the repaired document to the path of the same value in the original. List
    /// indices may differ, because the original still has the elements that were removed from the
    /// copy.
    fn restored(&self, place: &ConfigPath) -> ConfigPath {
        let mut steps = place.steps().to_vec();
        for one in self.removed.iter().rev() {
            let depth = one.parent.steps().len();
            let is_within = steps.get(..depth) == Some(one.parent.steps());
            if let (true, Step::Element(removed), Some(Step::Element(index))) =
                (is_within, &one.step, steps.get_mut(depth))
                && *index >= *removed
            {
                *index = index.saturating_add(1);
            }
        }
        steps
            .iter()
            .fold(ConfigPath::default(), |at, step| match step {
                Step::Member(name) => at.member(name),
                Step::Element(index) => at.element(*index),
            })
    }

    fn get(&mut self, at: &ConfigPath) -> Option<&mut Value> {
        let mut value = &mut self.document;
        for step in at.steps() {
            value = match step {
                Step::Member(name) => value.get_mut(name)?,
                Step::Element(index) => value.get_mut(*index)?,
            };
        }
        Some(value)
    }

    fn set(&mut self, at: &ConfigPath, new: Value) {
        if let Some(value) = self.get(at) {
            *value = new;
        }
    }

    fn put(&mut self, at: &ConfigPath, name: &str, value: Value) {
        if let Some(members) = self.get(at).and_then(Value::as_object_mut) {
            members.insert(name.to_owned(), value);
        }
    }

    fn put_stub(&mut self, map: &str, value: Value) {
        let camel = camel_case(map);
        let name = match self.document.get(&camel) {
            Some(_) => camel,
            None => map.to_owned(),
        };
        if let Some(document) = self.document.as_object_mut() {
            let map = document
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Some(map) = map.as_object_mut() {
                map.insert(STUB.to_owned(), value);
            }
        }
    }

    fn remove(&mut self, at: &ConfigPath, meant: Option<&str>) {
        let Some((step, parent)) = at.steps().split_last() else {
            return;
        };
        // A whole rule is replaced, not removed, because messages name a rule by its index. A whole
        // provider is also replaced.
        if at.steps().len() <= 2 && (at.passes("rules") || at.passes("providers")) {
            return self.replace_unit(at);
        }
        let parent = parent
            .iter()
            .fold(ConfigPath::default(), |at, step| match step {
                Step::Member(name) => at.member(name),
                Step::Element(index) => at.element(*index),
            });
        let is_gone = match (self.get(&parent), step) {
            (Some(Value::Object(members)), Step::Member(name)) => members.remove(name).is_some(),
            (Some(Value::Array(elements)), Step::Element(index)) if *index < elements.len() => {
                elements.remove(*index);
                true
            }
            _ => false,
        };
        if is_gone {
            self.removed.push(Removed {
                parent,
                step: step.clone(),
                meant: meant.map(str::to_owned),
            });
        }
    }

    /// Writes a valid value for a missing field.
    fn fill(&mut self, at: &ConfigPath, field: Option<&str>) {
        let value = match field {
            Some("uri") => json!("https://idp.example.com/keys"),
            Some("timeout") => json!("1s"),
            Some("match") => json!({"prefix": "/"}),
            Some("http_uri") => http_uri(),
            Some("remote_jwks") => json!({"http_uri": http_uri()}),
            Some("provider_name") => {
                self.put_stub("providers", provider());
                json!(STUB)
            }
            Some("path" | "prefix") => return self.put(at, "prefix", json!("/")),
            Some("cluster" | "name" | "header_name" | "claim_name" | "claim") => json!(STUB),
            Some("any_of" | "all_of") => json!([STUB]),
            _ => return,
        };
        if let Some(field) = field {
            self.put(at, field, value);
        }
    }

    /// Replaces the whole provider, rule or named requirement that contains the path `at` with a
    /// valid one. If the path is in none of these, or if that provider, rule or requirement has
    /// already been replaced, removes the whole top-level field.
    fn replace_unit(&mut self, at: &ConfigPath) {
        let top = at.steps().first().cloned();
        let unit = at.steps().get(1).cloned();
        let Some(Step::Member(top)) = top else {
            return;
        };
        let outer = ConfigPath::default().member(&top);
        let stub = match top.as_str() {
            "providers" => provider(),
            "rules" => json!({"match": {"prefix": "/"}}),
            "requirement_map" | "requirementMap" => json!({"allow_missing": {}}),
            _ => Value::Null,
        };
        let place = match unit {
            Some(Step::Member(name)) => outer.member(&name),
            Some(Step::Element(index)) => outer.element(index),
            None => outer.clone(),
        };
        if stub.is_null() || place == outer || self.get(&place).is_some_and(|own| *own == stub) {
            if let Some(document) = self.document.as_object_mut() {
                document.remove(&top);
            }
        } else {
            self.set(&place, stub);
        }
    }
}

fn http_uri() -> Value {
    json!({"uri": "https://idp.example.com/keys", "cluster": STUB, "timeout": "1s"})
}

/// A valid provider.
fn provider() -> Value {
    json!({
        "issuer": "https://idp.example.com",
        "audiences": [STUB],
        "remote_jwks": {"http_uri": http_uri()},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(document: &Value) -> Vec<String> {
        let found = read(document).err().unwrap_or_default();
        let mut places: Vec<String> = found.iter().map(|one| one.place.to_string()).collect();
        places.sort();
        places
    }

    #[test]
    fn finds_every_error_and_no_consequences() {
        let good = provider();
        for (document, expected) in [
            (json!({"providers": {"a": good}}), &[][..]),
            (json!({"rules": 7, "mode": "x"}), &["mode", "rules"]),
            (
                json!({"providers": {"a": {
                    "isuer": "https://a", "audiences": "x", "algorithms": ["RS256", "none", "ES1"],
                    "remote_jwks": {"http_uri": {"uri": "https://a/", "clutser": "a"}},
                }}}),
                &[
                    "providers.a.algorithms[1]",
                    "providers.a.algorithms[2]",
                    "providers.a.audiences",
                    "providers.a.isuer",
                    "providers.a.remote_jwks.http_uri",
                    "providers.a.remote_jwks.http_uri.clutser",
                ],
            ),
            (
                json!({
                    "providers": {"a": good},
                    "rules": [
                        {"match": {"prefix": "/a", "path": "/a"}, "requires": {"provider_name": "b"}},
                        {"mtch": {"prefix": "/a"}, "requires": {"provder_name": "a"}},
                        {"match": {"prefix": "/b", "methods": ["get", "GET", "post"]}, "requires": {"provider_name": "c"}},
                        {"match": {"prefix": "/c"}, "authorize": {"scopes": ["a"]}},
                    ],
                    "nonsense": 1,
                }),
                &[
                    "nonsense",
                    "rules[0].match.path",
                    "rules[0].requires.provider_name",
                    "rules[1].mtch",
                    "rules[1].requires.provder_name",
                    "rules[2].match.methods[0]",
                    "rules[2].match.methods[2]",
                    "rules[2].requires.provider_name",
                    "rules[3].authorize.scopes",
                ],
            ),
            (
                json!({
                    "providers": {"a": {"isuer": "https://a", "remote_jwks": {"http_uri": http_uri()}}},
                    "rules": [{"match": {"prefix": "/a"}, "requires": {"provider_name": "a"}}],
                    "protected_resources": [{"resource": "https://a.example/a"}],
                }),
                &["providers.a", "providers.a.isuer"],
            ),
        ] {
            assert_eq!(places(&document), expected, "{document}");
        }
    }

    #[test]
    fn ends_whatever_the_document() {
        for document in [
            json!(null),
            json!([]),
            json!({"providers": []}),
            json!({"rules": {}}),
        ] {
            assert!(!places(&document).is_empty(), "{document}");
        }
    }
}
