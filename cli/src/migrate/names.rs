//! Converts provider names to names that Portcullis accepts.
//!
//! `jwt_authn` accepts any string. In Portcullis, a provider's name is part of the names of
//! metrics, so it must have 1 to 64 characters, each of which is a letter, a digit, `_`, `.` or
//! `-`. All other characters become `_`. If another provider already has the resulting name, a
//! number is appended.

use std::collections::BTreeMap;

const MAX: usize = 64;

/// Maps each original provider name to the name that the migrated file uses.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Converts the names of all providers. A valid name stays unchanged.
    pub(super) fn fit<'a>(written: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut names: BTreeMap<String, String> = written
            .clone()
            .filter(|name| fitted(name) == *name)
            .map(|name| (name.to_owned(), name.to_owned()))
            .collect();
        for name in written {
            if !names.contains_key(name) {
                let free = free(&fitted(name), &names);
                names.insert(name.to_owned(), free);
            }
        }
        Self(names)
    }

    /// Returns the new name of the provider `written`, or `written` itself if no provider has that
    /// name.
    pub(super) fn name(&self, written: &str) -> String {
        self.0
            .get(written)
            .cloned()
            .unwrap_or_else(|| written.to_owned())
    }
}

/// The first of `name`, `name-2`, `name-3`… that no provider has.
fn free(name: &str, names: &BTreeMap<String, String>) -> String {
    let is_free = |name: &String| names.values().all(|other| other != name);
    let numbered = (2_usize..).map(|number| {
        let suffix = format!("-{number}");
        let kept = MAX.saturating_sub(suffix.len());
        format!("{name:.kept$}{suffix}")
    });
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(is_free)
        .unwrap_or_default()
}

/// The valid name that is closest to the given one.
pub(super) fn fitted(name: &str) -> String {
    if name.is_empty() {
        return "provider".to_owned();
    }
    name.chars()
        .map(|letter| match letter {
            letter if letter.is_ascii_alphanumeric() || "_.-".contains(letter) => letter,
            _ => '_',
        })
        .take(MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_names_apart() {
        let long = "x".repeat(70);
        let longer = "x".repeat(71);
        let written = ["a b", "a_b", "a/b", "okta", "", "provider", &long, &longer];
        let names = Names::fit(written.into_iter());
        let fitted: Vec<String> = written.iter().map(|name| names.name(name)).collect();
        let cut = "x".repeat(64);
        let numbered = format!("{}-2", "x".repeat(62));
        assert_eq!(
            fitted,
            [
                "a_b-2",
                "a_b",
                "a_b-3",
                "okta",
                "provider-2",
                "provider",
                &cut,
                &numbered
            ]
        );
        assert_eq!(names.name("no such provider"), "no such provider");
    }
}
