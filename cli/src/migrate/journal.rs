//! The differences that are found while a filter is carried over.

use super::difference::{Deviation, Difference};
use portcullis::config::ConfigPath;

/// The differences, as they are found.
#[derive(Default)]
pub(super) struct Journal(pub(super) Vec<Difference>);

impl Journal {
    /// Notes a difference.
    pub(super) fn note(&mut self, at: &ConfigPath, what: Deviation) {
        let at = at.clone();
        self.0.push(Difference { at, what });
    }

    /// Notes a difference that is reported once, however often it applies.
    pub(super) fn note_once(&mut self, at: &ConfigPath, what: Deviation) {
        if self.0.iter().all(|difference| difference.what != what) {
            self.note(at, what);
        }
    }
}
