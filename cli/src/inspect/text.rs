//! Turns the page's policy into a [`Source`], as if it were a file.

use crate::source::{Contents, Source};

/// The file name in findings.
const NAME: &str = "policy";

pub(super) fn source(policy: &str) -> Source {
    Source {
        name: NAME.to_owned(),
        text: policy.to_owned(),
    }
}

pub(super) fn filters(source: &Source) -> Vec<String> {
    match source.contents() {
        Ok(Contents::Envoy { filters, .. }) => {
            let names = filters.into_iter().map(|(filter, _)| filter.name);
            names.collect()
        }
        Ok(Contents::Policy(_)) | Err(_) => Vec::new(),
    }
}
