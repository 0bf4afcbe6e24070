//! Makes a [`Source`] from the policy that the user entered in the playground page, as if the
//! policy were a file.

use crate::source::{Contents, Source};

/// The name that findings use in place of a file name.
const NAME: &str = "policy";

pub(super) fn source(policy: &str) -> Source {
    Source {
        name: NAME.to_owned(),
        text: policy.to_owned(),
    }
}

/// Returns the name of the filter that the page asked for. If no filter has that name, returns the
/// name of the first filter.
pub(super) fn chosen<'a>(filters: &'a [String], wanted: Option<&str>) -> Option<&'a str> {
    let names = || filters.iter().map(String::as_str);
    let known = wanted.and_then(|wanted| names().find(|name| *name == wanted));
    known.or_else(|| names().next())
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
