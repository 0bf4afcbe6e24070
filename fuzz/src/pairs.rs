//! Header maps in the format of the proxy-wasm ABI: if a parsed map is serialized again, the result
//! is a prefix of the input.

use portcullis_wasm::pairs;

/// Reads the input as a serialized map.
pub fn check(input: &[u8]) {
    let Some(read) = pairs::decode(input) else {
        return;
    };
    let written = write(&read);
    assert!(
        input.starts_with(&written),
        "the input does not start with the serialized map"
    );

    let texts: Option<Vec<(&str, &str)>> = read
        .iter()
        .map(|(name, value)| Some((str::from_utf8(name).ok()?, str::from_utf8(value).ok()?)))
        .collect();
    if let Some(texts) = texts {
        assert_eq!(pairs::encode(&texts), written);
    }
}

/// Serializes pairs as the ABI specifies: first the number of pairs, then the sizes, then the
/// strings.
fn write(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let number = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    let texts = || pairs.iter().flat_map(|(name, value)| [*name, *value]);
    let mut map = number(pairs.len()).to_vec();
    map.extend(texts().flat_map(|text| number(text.len())));
    texts().for_each(|text| map.extend([text, b"\0"].concat()));
    map
}
