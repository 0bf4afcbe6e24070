//! Collects the differences that are found while a filter is converted.

use super::difference::{Deviation, Difference};
use portcullis::config::ConfigPath;

/// The differences found so far, in the order in which they were found.
#[derive(Default)]
pub(super) struct Journal(pub(super) Vec<Difference>);

impl Journal {
    pub(super) fn note(&mut self, at: &ConfigPath, what: Deviation) {
        let at = at.clone();
        self.0.push(Difference { at, what });
    }

    /// Notes a difference, unless the same difference was already noted at any path.
    pub(super) fn note_once(&mut self, at: &ConfigPath, what: Deviation) {
        if self.0.iter().all(|difference| difference.what != what) {
            self.note(at, what);
        }
    }
}
