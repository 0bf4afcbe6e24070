//! The ways in which servers may read one path.

use core::mem;

use super::{
    ambiguity::{Ambiguity, Extent, refuse},
    spelling::{is_pchar, normal_spelling},
};

/// The ways in which servers may read a path, other than as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// In its normal spelling, where that differs.
    normal: Option<String>,
    /// In its normal spelling without its parameters, where it has some.
    bare: Option<String>,
}

impl Readings {
    /// Each of them once.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.normal.iter().chain(&self.bare).map(String::as_str)
    }
}

/// The other readings of `path` (without query).
///
/// # Errors
/// When servers read it as different resources.
pub fn readings(path: &str) -> Result<Readings, Ambiguity> {
    if is_plain(path.as_bytes()) {
        return Ok(Readings::default());
    }
    if path.contains('#') {
        return Err(Ambiguity::Fragment);
    }
    let normal = normal_spelling(path);
    refuse(&normal, Extent::Whole)?;
    let bare = normal.contains(';').then(|| without_parameters(&normal));
    if let Some(bare) = &bare {
        // Taking `;` out of `/..;/admin` leaves a dot segment.
        refuse(bare, Extent::Whole)?;
    }
    Ok(Readings {
        normal: (normal != path).then(|| normal.into_owned()),
        bare,
    })
}

/// Whether a path has one reading and nothing ambiguous. Most paths are like this, so it is one
/// scan without allocation.
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

/// `path` without its parameters: everything from `;` to the end of each segment.
pub(super) fn without_parameters(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or(""))
        .collect();
    segments.join("/")
}
