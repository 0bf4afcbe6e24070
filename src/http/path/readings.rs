//! The ways in which servers may read one path.

use core::{iter, mem};

use super::{
    ambiguity::{Ambiguity, Extent, refuse},
    spelling::{is_pchar, normal_spelling},
};

/// The ways in which servers may read a path, other than as it was sent: in its normal spelling,
/// without its parameters, up to an encoded `?` or `#`, and with both removed, in either order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings(Vec<String>);

impl Readings {
    /// Iterates over the readings.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Adds a reading in its normal spelling, and the same up to an encoded delimiter.
    fn add(&mut self, normal: &str, path: &str) -> Result<(), Ambiguity> {
        for reading in iter::once(normal).chain(cut(normal)) {
            refuse(reading, Extent::Whole)?;
            if reading != path && self.iter().all(|other| other != reading) {
                self.0.push(reading.to_owned());
            }
        }
        Ok(())
    }
}

/// Lists the other readings of `path`, which has no query.
///
/// # Errors
/// If servers read the path as different resources.
pub fn readings(path: &str) -> Result<Readings, Ambiguity> {
    if is_plain(path.as_bytes()) {
        return Ok(Readings::default());
    }
    if path.contains('#') {
        return Err(Ambiguity::Fragment);
    }
    let normal = normal_spelling(path);
    let mut others = Readings::default();
    // Each reading is checked: without `;`, the path `/..;/admin` has a dot segment.
    others.add(&normal, path)?;
    if normal.contains(';') {
        others.add(&without_parameters(&normal), path)?;
        // A server that cuts before it removes parameters reads `/admin;x%3F/b` as `/admin`.
        if let Some(cut) = cut(&normal) {
            others.add(&without_parameters(cut), path)?;
        }
    }
    Ok(others)
}

/// The part before an encoded `?` or `#`. A proxy that forwards what it decoded requests `/admin?x`
/// from the upstream when the client sent `/admin%3Fx`.
fn cut(normal: &str) -> Option<&str> {
    let mut triplets = normal.as_bytes().windows(3);
    let length = triplets.position(|triplet| matches!(triplet, b"%3F" | b"%23"))?;
    normal.get(..length)
}

/// Whether a path has only one reading and nothing ambiguous. Most paths are like this, so the
/// check is one scan without allocation.
pub(super) fn is_plain(path: &[u8]) -> bool {
    const START: u8 = 0;
    let mut before = START;
    path.iter().all(|octet| {
        let before = mem::replace(&mut before, *octet);
        match octet {
            b'/' => before != b'/',
            b'.' => before != b'/' && before != START,
            b';' => false,
            octet => is_pchar(*octet),
        }
    })
}

/// Removes the parameters of a path: everything from `;` to the end of each segment.
pub(super) fn without_parameters(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or(""))
        .collect();
    segments.join("/")
}
