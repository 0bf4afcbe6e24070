//! The ways in which servers may read one path.

use core::{iter, mem};

use crate::http::octets::{Octets, octets};

use super::{
    ambiguity::{Ambiguity, Extent, refuse},
    spelling::{self, is_pchar, normal_spelling},
    target::Target,
};

/// The paths that servers may read instead of a given path. A server may convert the path to its
/// normal spelling, remove its parameters, or cut it at the first `;`, or at an encoded `?` or `#`.
/// It may also combine these steps in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings(Vec<String>);

impl Readings {
    /// Iterates over the readings.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Adds the normal spelling of `reading`, which is one reading of `path`. Then shortens both
    /// `reading` and its normal spelling in three ways: by removing the parameters, by cutting the
    /// path at the first `;`, as some old servers do, and by cutting it at the first encoded `?` or
    /// `#`. Adds the readings of each shortened path. Servers may remove parameters before or after
    /// decoding. So `/a;x/a%3Bb` becomes `/a/a;b` if the path is decoded last.
    fn add(&mut self, reading: &str, path: &str) -> Result<(), Ambiguity> {
        let normal = normal_spelling(reading);
        // Each reading must be checked. For example, `/..;/admin` has no dot segment, but its
        // reading `/../admin` has one.
        refuse(&normal, Extent::Whole)?;
        if has_many_ends(&normal) {
            return Err(Ambiguity::ManyEnds);
        }
        if normal != path {
            if self.iter().any(|known| known == normal) {
                return Ok(());
            }
            self.0.push(normal.clone().into_owned());
        }
        let decoded = (normal != reading).then_some(&*normal);
        for spelling in iter::once(reading).chain(decoded) {
            if let Some(cut) = cut(spelling) {
                self.add(cut, path)?;
            }
            if let Some((cut, _)) = spelling.split_once(';') {
                self.add(&without_parameters(spelling), path)?;
                self.add(cut, path)?;
            }
        }
        Ok(())
    }
}

/// Lists the readings of `path` other than `path` itself. `path` must not include the query.
///
/// # Errors
/// If different servers read the path as different resources.
pub fn readings(path: &str) -> Result<Readings, Ambiguity> {
    if is_plain(path.as_bytes()) {
        return Ok(Readings::default());
    }
    if path.contains('#') {
        return Err(Ambiguity::Fragment);
    }
    let mut others = Readings::default();
    others.add(path, path)?;
    Ok(others)
}

/// Returns true if servers may shorten the path at several characters. `normal` is the normal
/// spelling of the path. Each such character multiplies the readings, and before any token is
/// verified, the rules are evaluated for each reading.
fn has_many_ends(normal: &str) -> bool {
    let ends = ["%3F", "%23", ";"].iter();
    ends.filter(|end| normal.contains(**end)).count() > 1
}

/// Returns the part of a path before the first encoded `?` or `#`. Some proxies decode a path
/// before they forward the request. They turn `/admin%3Fx` into a request for `/admin?x`.
fn cut(path: &str) -> Option<&str> {
    let is_delimiter = |triplet: &[u8]| triplet.eq_ignore_ascii_case(b"%3F") || triplet == b"%23";
    let length = path.as_bytes().windows(3).position(is_delimiter)?;
    path.get(..length)
}

/// Lists the queries that servers may read instead of the query that was sent, if a proxy decodes
/// the path of `target`. Such a proxy turns `/q%3Fa=b` into `/q?a=b`. It may drop the query that
/// was sent, or append it after `?` or `&`. Some servers end a request target at `#`, and others do
/// not. The list is empty if the path has no encoded `?` or `#`.
pub(crate) fn decoded_queries(target: Target<'_>) -> Vec<String> {
    if cut(target.path).is_none() {
        return Vec::new();
    }
    let decoded: Vec<u8> = spelling::octets(target.path)
        .iter()
        .map(|octet| octet.value)
        .collect();
    let path = String::from_utf8_lossy(&decoded);
    let mut texts = vec![path.to_string()];
    if let Some(sent) = target.query {
        texts.extend(["?", "&"].map(|mark| [&*path, mark, sent].concat()));
    }
    let mut queries: Vec<String> = Vec::new();
    for text in &texts {
        for end in [Some(&**text), text.split('#').next()] {
            let query = Target::new(end.unwrap_or_default())
                .query
                .unwrap_or_default();
            // The queries are checked before any token is verified. To save time, none is listed
            // twice.
            if query != target.query.unwrap_or_default() && !queries.iter().any(|own| own == query)
            {
                queries.push(query.to_owned());
            }
        }
    }
    queries
}

/// Returns true if a quick scan shows that a path is not ambiguous and has no other readings. Most
/// paths pass this scan, which allocates no memory.
pub(super) fn is_plain(path: &[u8]) -> bool {
    const START: u8 = 0;
    let mut before = START;
    path.iter().all(|octet| {
        let before = mem::replace(&mut before, *octet);
        match octet {
            b'/' => before != b'/',
            b'.' => before != b'/' && before != START,
            octet => PLAIN.contains(*octet),
        }
    })
}

/// The octets that may occur unencoded in a segment, except `;`.
static PLAIN: Octets = octets!(|octet| is_pchar(octet) && octet != b';');

/// Removes the parameters of a path: in each segment, everything from the first `;` on.
pub(super) fn without_parameters(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or(""))
        .collect();
    segments.join("/")
}
