//! The ways in which servers may read one path.

use core::mem;

use super::{
    ambiguity::{Ambiguity, Extent, refuse},
    spelling::{is_pchar, normal_spelling},
};

/// The ways in which servers may read a path, other than as it was sent: in its normal spelling,
/// without its parameters, and each of these up to an encoded `?` or `#`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings(Vec<String>);

impl Readings {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
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
    let normal = normal_spelling(path).into_owned();
    let bare = normal.contains(';').then(|| without_parameters(&normal));
    let mut others = Vec::new();
    for reading in [Some(normal), bare].into_iter().flatten() {
        // Each of them: taking `;` out of `/..;/admin` leaves a dot segment.
        refuse(&reading, Extent::Whole)?;
        if let Some(head) = before_delimiter(&reading) {
            refuse(&head, Extent::Whole)?;
            others.push(head);
        }
        if reading != path {
            others.push(reading);
        }
    }
    Ok(Readings(others))
}

/// What comes before an encoded `?` or `#`: a proxy that sends on what it has decoded asks for
/// `/admin?x` where it was asked for `/admin%3Fx`.
fn before_delimiter(normal: &str) -> Option<String> {
    let place = normal
        .find("%3F")
        .into_iter()
        .chain(normal.find("%23"))
        .min()?;
    normal.get(..place).map(str::to_owned)
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
