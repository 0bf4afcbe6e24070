//! The location of a value in a configuration.

use core::fmt;

/// The path from the top of the configuration to one of its values.
///
/// For example, a path is displayed as `rules[2].requires`. A name with characters other than
/// letters, digits, `_` and `-` is quoted, as in `providers["a.b"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigPath(Vec<Step>);

/// One step of a path in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A step into a list, to the element with this index.
    Element(usize),
    /// A step into an object, to the member with this name.
    Member(String),
}

impl ConfigPath {
    /// Returns the path that starts at the top of the configuration and leads to a member of each
    /// of these names, one inside the other.
    pub(super) fn of_members(names: &[&str]) -> Self {
        let steps = names.iter().map(|name| Step::Member((*name).to_owned()));
        Self(steps.collect())
    }

    /// Prepends the step that leads to the member `name`. The path then starts at the object that
    /// has this member.
    #[must_use]
    pub fn within(mut self, name: &str) -> Self {
        self.prepend(Step::Member(name.to_owned()));
        self
    }

    /// Prepends the step that leads to the element `index`. The path then starts at the list that
    /// has this element.
    #[must_use]
    pub fn within_index(mut self, index: usize) -> Self {
        self.prepend(Step::Element(index));
        self
    }

    /// Prepends a step.
    pub(super) fn prepend(&mut self, step: Step) {
        self.0.insert(0, step);
    }

    /// Returns the path to the member `name` of the object at this path.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Member(name.to_owned()));
        Self(steps)
    }

    /// Returns the path to the element `index` of the list at this path.
    #[must_use]
    pub fn element(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Element(index));
        Self(steps)
    }

    /// The steps, starting at the top of the configuration.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Returns true if one of the steps leads to a member called `name`.
    #[must_use]
    pub fn passes(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|step| matches!(step, Step::Member(member) if member == name))
    }
}

impl fmt::Display for ConfigPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("configuration");
        }
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Element(index) => write!(formatter, "[{index}]")?,
                Step::Member(name) if !is_plain(name) => write!(formatter, "[{name:?}]")?,
                Step::Member(name) if position == 0 => formatter.write_str(name)?,
                Step::Member(name) => write!(formatter, ".{name}")?,
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn quotes_names_that_could_be_misread() {
        let here = || ConfigPath::default().within("issuer");
        for (location, text) in [
            (ConfigPath::default(), "configuration"),
            (here(), "issuer"),
            (
                here().within("okta").within("providers"),
                "providers.okta.issuer",
            ),
            (
                here().within("a.b").within("providers"),
                r#"providers["a.b"].issuer"#,
            ),
            (here().within_index(2).within("rules"), "rules[2].issuer"),
            (
                ConfigPath::default()
                    .member("rules")
                    .element(2)
                    .member("match"),
                "rules[2].match",
            ),
            (ConfigPath::default().within("a\n"), r#"["a\n"]"#),
        ] {
            assert_eq!(location.to_string(), text);
        }
    }
}
