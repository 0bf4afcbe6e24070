//! Millions of requests, each with a token that was never seen before: memory must stay flat.

use crate::options::Options;

/// What came of it.
pub(crate) struct Soak {}

/// Measures it, if it is wanted.
pub(crate) fn measure(_options: &Options) -> Option<Soak> {
    None
}
