//! Files with policies. A file is either a policy, or an Envoy configuration with Portcullis
//! filters.

pub(crate) mod policy;
pub(crate) mod value;

use std::{io::BufRead, path::Path};

use serde_json::Value;

use self::policy::{Body, Filter};
use crate::{
    envoy::{
        document::Node,
        position::{Position, position, position_of_value},
        reader::{Format, Unreadable},
    },
    finding::{Finding, Severity},
    input,
    outcome::Failure,
};
use portcullis::{
    config::{ConfigPath, Step},
    json::{self, JsonError},
};

/// A file that has been read, but not parsed.
pub(crate) struct Source {
    /// The file's name, as it was given on the command line.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The content of a file.
pub(crate) enum Contents {
    Policy(Policy),
    /// An Envoy configuration. If the policy of a filter cannot be read, the filter has a finding
    /// instead of a policy.
    Envoy {
        document: Node,
        /// The syntax of the document.
        format: Format,
        /// Each Portcullis filter with its policy.
        filters: Vec<(Filter, Result<Policy, Finding>)>,
    },
}

/// A policy, and what is needed to find its fields in the file.
pub(crate) struct Policy {
    /// The policy as the module receives it.
    pub(crate) value: Value,
    /// The paths of the fields whose value is an unquoted number that Envoy reads as a string.
    pub(crate) texts: Vec<ConfigPath>,
    /// The path of the policy in the document.
    pub(crate) at: ConfigPath,
    /// If the policy is a string that contains JSON: the JSON, and its position in the file.
    inner: Option<(String, Position)>,
}

/// The reason why a file cannot be used.
pub(crate) enum Unusable {
    /// The file cannot be read as one YAML or JSON document.
    Syntax(Finding),
    /// An object in the file has two members with the same name.
    Refused(Finding),
}

impl Source {
    /// Reads a file; `-` is the standard input.
    pub(crate) fn read(path: &Path, input: &mut dyn BufRead) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = String::from_utf8(input::read(path, input)?)
            .map_err(|_| Failure::Usage(format!("{name}: not UTF-8; save the file as UTF-8")))?;
        Ok(Self { name, text })
    }

    /// Parses the file.
    pub(crate) fn contents(&self) -> Result<Contents, Unusable> {
        // A JSON policy reaches the module as exactly these bytes, so the module's own parser
        // parses them here too.
        let is_json = self.text.trim_ascii_start().starts_with('{');
        let strict = is_json.then(|| json::parse(self.text.as_bytes()));
        if let Some(Err(error)) = &strict {
            return Err(self.bad_json(error));
        }
        let (document, format) = Node::read(&self.text).map_err(|error| self.unreadable(&error))?;
        let filters = policy::filters(&document);
        if !filters.is_empty() || policy::is_envoy(&document) {
            let read = |filter: Filter| {
                let policy = self.policy_of(&filter, format);
                (filter, policy)
            };
            let filters = filters.into_iter().map(read).collect();
            return Ok(Contents::Envoy {
                document,
                format,
                filters,
            });
        }
        if document.is_null() {
            let finding = self.finding(Severity::Error, None, "", "the file is empty");
            return Err(Unusable::Syntax(finding));
        }
        let mut texts = Vec::new();
        let at = ConfigPath::default();
        let value = match strict {
            Some(Ok(value)) => value,
            _ => value::value(&document, format, &at, &mut texts),
        };
        Ok(Contents::Policy(Policy {
            value,
            texts,
            at,
            inner: None,
        }))
    }

    pub(crate) fn finding(
        &self,
        severity: Severity,
        position: Option<Position>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            severity,
            file: self.name.clone(),
            position,
            path: path.into(),
            message: message.into(),
        }
    }

    /// A finding at a path of the document.
    pub(crate) fn at(
        &self,
        severity: Severity,
        at: &ConfigPath,
        message: impl Into<String>,
    ) -> Finding {
        self.finding(severity, position(&self.text, at), at.to_string(), message)
    }

    /// The position of a policy's field in this file.
    pub(crate) fn position_in(&self, policy: &Policy, at: &ConfigPath) -> Option<Position> {
        let Some((text, outer)) = &policy.inner else {
            return position(&self.text, &joined(&policy.at, at));
        };
        let inner = position(text, at);
        Some(inner.map_or(*outer, |inner| outer.of_inner(&self.text, inner)))
    }

    fn policy_of(&self, filter: &Filter, format: Format) -> Result<Policy, Finding> {
        let at = filter.policy_at.clone();
        let mut texts = Vec::new();
        let (value, inner) = match &filter.policy {
            Body::Object(node) => {
                let value = value::value(node, format, &ConfigPath::default(), &mut texts);
                (value, None)
            }
            Body::Text(text) => {
                let outer = position_of_value(&self.text, &at).unwrap_or(START);
                let value = json::parse(text.as_bytes()).map_err(|error| {
                    let inner = position_of(&error);
                    let position = inner.map_or(outer, |at| outer.of_inner(&self.text, at));
                    self.finding(
                        Severity::Error,
                        Some(position),
                        at.to_string(),
                        wording(text, &error),
                    )
                })?;
                (value, Some((text.clone(), outer)))
            }
            Body::Missing => {
                let message = "the filter has no policy; add the policy as a \
                               google.protobuf.Struct";
                return Err(self.at(Severity::Error, &at, message));
            }
        };
        Ok(Policy {
            value,
            texts,
            at,
            inner,
        })
    }

    /// The failure if `--filter` names a filter that the file does not have.
    pub(crate) fn no_such_filter(
        &self,
        name: &str,
        filters: &[(Filter, Result<Policy, Finding>)],
    ) -> Failure {
        let names: Vec<&str> = filters.iter().map(|(filter, _)| &*filter.name).collect();
        let file = &self.name;
        Failure::Usage(match names.is_empty() {
            true => format!("--filter {name}: {file} has no Portcullis filter"),
            false => format!(
                "--filter {name}: {file} has no Portcullis filter with this name; its filters are \
                 {}",
                names.join(", ")
            ),
        })
    }

    fn unreadable(&self, error: &Unreadable) -> Unusable {
        use crate::envoy::reader::Fault;
        let finding = self.finding(Severity::Error, error.position, "", error.fault.to_string());
        match error.fault {
            Fault::NameTwice { .. } => Unusable::Refused(finding),
            _ => Unusable::Syntax(finding),
        }
    }

    fn bad_json(&self, error: &JsonError) -> Unusable {
        // The error of the JSON parser does not contain the name that occurs twice. The YAML reader
        // reports this name and its position.
        if let (JsonError::DuplicateName { .. }, Err(error)) = (error, Node::read(&self.text)) {
            return self.unreadable(&error);
        }
        let position = position_of(error);
        let finding = self.finding(Severity::Error, position, "", wording(&self.text, error));
        match error {
            JsonError::DuplicateName { .. } => Unusable::Refused(finding),
            _ => Unusable::Syntax(finding),
        }
    }
}

const START: Position = Position { line: 1, column: 1 };

/// Appends the path `inner` to the path `outer`.
pub(crate) fn joined(outer: &ConfigPath, inner: &ConfigPath) -> ConfigPath {
    let mut at = outer.clone();
    for step in inner.steps() {
        at = match step {
            Step::Member(name) => at.member(name),
            Step::Element(index) => at.element(*index),
        };
    }
    at
}

fn position_of(error: &JsonError) -> Option<Position> {
    match error {
        JsonError::Malformed { line, column } | JsonError::DuplicateName { line, column } => {
            Some(Position {
                line: *line,
                column: *column,
            })
        }
        JsonError::NotUtf8 | JsonError::NotAnObject => None,
    }
}

/// The message for a JSON error, without its position.
fn wording(text: &str, error: &JsonError) -> String {
    match error {
        JsonError::DuplicateName { .. } => {
            "a name occurs twice in one object; remove one of the two members".to_owned()
        }
        JsonError::Malformed { .. } => {
            let fault = serde_json::from_str::<serde::de::IgnoredAny>(text).err();
            let fault = fault.map(|fault| fault.to_string()).unwrap_or_default();
            let fault = fault.split(" at line ").next().unwrap_or_default();
            match fault {
                "" => "not a single JSON value, or nested deeper than 128 levels".to_owned(),
                "trailing comma" | "key must be a string" => {
                    "not JSON: a name without quotes, or an extra comma; correct the syntax"
                        .to_owned()
                }
                fault => format!("not JSON: {fault}; correct the syntax"),
            }
        }
        JsonError::NotUtf8 | JsonError::NotAnObject => error.to_string(),
    }
}
