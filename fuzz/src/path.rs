//! Paths: for an accepted path, the engine knows every way in which a server could read it.

use std::collections::BTreeSet;

use portcullis::http::path::{Extent, Unreachable, normal_spelling, readings, unreachable};

type Step = fn(&[u8]) -> Vec<u8>;

/// The changes that servers and proxies may make to a path, in any order and any number of times.
const STEPS: [Step; 6] = [
    decode,
    without_parameters,
    up_to_delimiter,
    with_forward_slashes,
    without_empty_segments,
    without_dot_segments,
];

/// The maximum number of ways in which an accepted path can be read.
const MOST_READINGS: usize = 64;

/// Reads the input as a path.
pub fn check(input: &[u8]) {
    let Ok(path) = str::from_utf8(input) else {
        return;
    };
    if path.contains('?') {
        return;
    }
    check_normal_spelling(path);
    let Ok(others) = readings(path) else {
        return;
    };
    let mut seen: BTreeSet<&str> = others.iter().collect();
    for reading in &seen {
        assert_eq!(
            normal_spelling(reading),
            *reading,
            "not in its normal spelling"
        );
        assert!(
            readings(reading).is_ok(),
            "{reading:?} is refused when it comes alone"
        );
    }
    let normal = normal_spelling(path);
    seen.insert(&normal);
    for read in readings_of_servers(path) {
        let text = str::from_utf8(&read)
            .expect("an accepted path can be read as something that is not UTF-8");
        let normal = normal_spelling(text);
        assert!(
            seen.contains(&*normal),
            "a server can read {path:?} as {normal:?}, but the engine does not know this reading"
        );
    }
    let is_refused = matches!(
        unreachable(path, Extent::Whole),
        Some(Unreachable::Refused(_))
    );
    assert!(
        !is_refused,
        "{path:?} is refused in a rule, but accepted in a request"
    );
}

fn check_normal_spelling(path: &str) {
    let normal = normal_spelling(path);
    assert_eq!(normal_spelling(&normal), normal, "changes twice");
    assert_eq!(
        decode(normal.as_bytes()),
        decode(path.as_bytes()),
        "spells something else"
    );
    assert!(normal.bytes().all(|octet| octet.is_ascii_graphic()));
}

/// Collects the results of all sequences of steps.
fn readings_of_servers(path: &str) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::from([path.as_bytes().to_vec()]);
    let mut new: Vec<Vec<u8>> = found.iter().cloned().collect();
    while let Some(reading) = new.pop() {
        for step in STEPS {
            let next = step(&reading);
            if found.insert(next.clone()) {
                new.push(next);
            }
        }
        assert!(
            found.len() <= MOST_READINGS,
            "{path:?} is read in very many ways"
        );
    }
    found
}

/// Decodes each percent-encoded octet once.
fn decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = path;
    while let [first, behind @ ..] = rest {
        let octet = match behind {
            [high, low, ..] if *first == b'%' => {
                let digits = str::from_utf8(&[*high, *low])
                    .map(str::to_owned)
                    .unwrap_or_default();
                // `from_str_radix` would also accept a sign.
                let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u8::from_str_radix(&digits, 16)
                    .ok()
                    .filter(|_| is_hexadecimal)
            }
            _ => None,
        };
        decoded.push(octet.unwrap_or(*first));
        rest = if octet.is_some() {
            &behind[2..]
        } else {
            behind
        };
    }
    decoded
}

fn without_parameters(path: &[u8]) -> Vec<u8> {
    let segments = path.split(|octet| *octet == b'/');
    let segments = segments.map(|segment| segment.split(|octet| *octet == b';').next().unwrap());
    segments.collect::<Vec<_>>().join(&b'/')
}

/// The path up to its query, its fragment, or a NUL, which ends a C string.
fn up_to_delimiter(path: &[u8]) -> Vec<u8> {
    let end = path
        .iter()
        .position(|octet| matches!(octet, b'?' | b'#' | 0));
    path[..end.unwrap_or(path.len())].to_vec()
}

fn with_forward_slashes(path: &[u8]) -> Vec<u8> {
    let forward = |octet: &u8| if *octet == b'\\' { b'/' } else { *octet };
    path.iter().map(forward).collect()
}

fn without_empty_segments(path: &[u8]) -> Vec<u8> {
    let mut merged = path.to_vec();
    merged.dedup_by(|next, before| (*next, *before) == (b'/', b'/'));
    merged
}

/// Removes dot segments (RFC 3986 section 5.2.4).
fn without_dot_segments(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut segments = path.split(|octet| *octet == b'/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            b"." | b".." => {
                if segment == b".." && kept.len() > 1 {
                    kept.pop();
                }
                if is_last {
                    kept.push(b"");
                }
            }
            segment => kept.push(segment),
        }
    }
    kept.join(&b'/')
}
