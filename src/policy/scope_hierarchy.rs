//! Scopes that include other scopes (`scope_implies`).

use std::collections::BTreeMap;

/// Maps each scope to all scopes that it includes, directly or through other scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeHierarchy(BTreeMap<String, Vec<String>>);

/// The error for a scope that includes itself, directly or through other scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeCycle(pub String);

impl ScopeHierarchy {
    /// Makes a hierarchy. `direct` maps each scope to the scopes that it includes directly.
    ///
    /// # Errors
    /// If a scope includes itself, directly or through other scopes. It would then be unclear which
    /// of the scopes is the broadest.
    pub fn new(direct: &BTreeMap<String, Vec<String>>) -> Result<Self, ScopeCycle> {
        let mut all = BTreeMap::new();
        for scope in direct.keys() {
            let mut included: Vec<String> = Vec::new();
            let mut next: Vec<&String> = vec![scope];
            while let Some(broader) = next.pop() {
                for narrower in direct.get(broader).into_iter().flatten() {
                    if narrower == scope {
                        return Err(ScopeCycle(scope.clone()));
                    }
                    if !included.contains(narrower) {
                        included.push(narrower.clone());
                        next.push(narrower);
                    }
                }
            }
            all.insert(scope.clone(), included);
        }
        Ok(Self(all))
    }

    /// Extends `granted` with all scopes that the granted scopes include.
    pub fn expand<'a>(&'a self, granted: &mut Vec<&'a str>) {
        if self.0.is_empty() {
            return;
        }
        for scope in granted.clone() {
            for included in self.0.get(scope).into_iter().flatten() {
                if !granted.contains(&included.as_str()) {
                    granted.push(included);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn hierarchy(direct: &[(&str, &[&str])]) -> Result<ScopeHierarchy, ScopeCycle> {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        let direct = direct.iter();
        ScopeHierarchy::new(
            &direct
                .map(|(scope, list)| ((*scope).to_owned(), words(list)))
                .collect(),
        )
    }

    #[test]
    fn m5_a_broader_scope_grants_the_narrower_ones() {
        let hierarchy = hierarchy(&[
            ("admin", &["write", "audit"]),
            ("write", &["read"]),
            ("other", &["x"]),
        ])
        .unwrap();
        for (granted, expected) in [
            (&["admin"][..], &["admin", "write", "audit", "read"][..]),
            (&["write", "read"], &["write", "read"]),
            (&["read"], &["read"]),
            (&["unknown"], &["unknown"]),
            (&[], &[]),
        ] {
            let mut all = granted.to_vec();
            hierarchy.expand(&mut all);
            assert_eq!(all, expected);
        }
    }

    #[test]
    fn a_scope_cannot_include_itself() {
        for direct in [
            &[("a", &["a"][..])][..],
            &[("a", &["b"]), ("b", &["c"]), ("c", &["a"])],
            &[("x", &["a"]), ("a", &["b"]), ("b", &["a"])],
        ] {
            assert!(hierarchy(direct).is_err(), "{direct:?}");
        }
    }
}
