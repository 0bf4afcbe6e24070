//! Header maps in the ABI's serialization format.
//!
//! A map begins with the number of pairs. Then come the sizes of each name and value, and then the
//! names and values themselves. Each name and value ends with a NUL. Each number is a little-endian
//! integer of four bytes.

/// Parses a serialized map; `None` if the map is truncated or lacks a NUL.
pub fn decode(map: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let (count, rest) = take_number(map)?;
    let mut sizes = rest;
    let mut data = rest.get(count.checked_mul(8)?..)?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let (name_size, after) = take_number(sizes)?;
        let (value_size, after) = take_number(after)?;
        sizes = after;
        let (name, after) = take_text(data, name_size)?;
        let (value, after) = take_text(after, value_size)?;
        data = after;
        pairs.push((name, value));
    }
    Some(pairs)
}

/// Serializes pairs.
pub fn encode(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut map = number(pairs.len()).to_vec();
    for (name, value) in pairs {
        map.extend(number(name.len()));
        map.extend(number(value.len()));
    }
    for (name, value) in pairs {
        for text in [name, value] {
            map.extend(text.as_bytes());
            map.push(0);
        }
    }
    map
}

fn number(size: usize) -> [u8; 4] {
    u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes()
}

fn take_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

fn take_text(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let (text, rest) = bytes.split_at_checked(size)?;
    let (0, rest) = rest.split_first()? else {
        return None;
    };
    Some((text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_it_encodes() {
        for pairs in [&[][..], &[("a", "b")], &[("a", ""), ("", "b"), ("a", "c")]] {
            let encoded = encode(pairs);
            let decoded = decode(&encoded).unwrap();
            let texts: Vec<(&str, &str)> = decoded
                .iter()
                .map(|(name, value)| {
                    (
                        str::from_utf8(name).unwrap(),
                        str::from_utf8(value).unwrap(),
                    )
                })
                .collect();
            assert_eq!(texts, pairs);
        }
    }

    #[test]
    fn refuses_a_truncated_map() {
        let encoded = encode(&[("name", "value"), ("x", "y")]);
        for size in 0..encoded.len() {
            assert_eq!(decode(&encoded[..size]), None, "{size}");
        }
        assert_eq!(decode(&[0xff; 12]), None);
    }
}
