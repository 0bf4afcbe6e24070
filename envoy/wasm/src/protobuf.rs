//! The parts of protobuf's wire format that the Wasm module needs. It decodes `Struct`s and route
//! metadata, and it encodes the arguments of the proxy's function `verify_signature`.

use serde_json::{Map, Value};

use portcullis::{gate::Malformed, json};

/// The maximum nesting depth of a `Struct`. The JSON parser has its own limit.
const MAX_DEPTH: u8 = 100;

/// One field of a message.
enum Field<'a> {
    Bytes(&'a [u8]),
    Fixed64([u8; 8]),
    Varint(u64),
}

/// The error for metadata that is not a `Metadata`, or whose namespace is not a `Struct`.
const MALFORMED: Malformed = Malformed(
    "a route's metadata cannot be read, so requests to this route get 403; write the policy as a \
     plain object in metadata.filter_metadata.portcullis",
);

/// Converts a `google.protobuf.Struct` to JSON; `None` if the bytes are malformed.
pub fn structure(message: &[u8]) -> Option<Value> {
    nested_structure(message, 0)
}

/// Returns the members of `namespace` in Envoy's `Metadata`; `None` if there is no such namespace.
/// Other namespaces are not parsed.
///
/// # Errors
/// If the bytes are not a `Metadata`, or if the namespace is not a `Struct`.
pub fn metadata(message: &[u8], namespace: &str) -> Result<Option<Value>, Malformed> {
    let mut found = None;
    each_field(message, |number, field| {
        // `map<string, Struct> filter_metadata = 1`. Typed metadata is for other filters.
        let (1, Field::Bytes(entry)) = (number, field) else {
            return Some(());
        };
        let (mut name, mut members) = (None, None);
        each_field(entry, |number, field| match (number, field) {
            (1, Field::Bytes(text)) => set_once(&mut name, text),
            (2, Field::Bytes(message)) => set_once(&mut members, message),
            _ => None,
        })?;
        if name.unwrap_or_default() != namespace.as_bytes() {
            return Some(());
        }
        set_once(&mut found, structure(members.unwrap_or_default())?)
    })
    .ok_or(MALFORMED)?;
    Ok(found)
}

/// Encodes a message with these fields, which are of type `string` or `bytes`. The field numbers
/// are 1, 2 and so on.
pub fn message(fields: &[&[u8]]) -> Vec<u8> {
    // A tag and a size together take at most eleven bytes.
    let sizes = fields.iter().map(|bytes| bytes.len().saturating_add(11));
    let mut message = Vec::with_capacity(sizes.sum());
    for (number, bytes) in (1_u8..).zip(fields) {
        message.push(number << 3 | 2);
        let mut size = bytes.len();
        while size > 0x7f {
            message.extend(u8::try_from(size & 0x7f).map(|digit| digit | 0x80));
            size >>= 7;
        }
        message.extend(u8::try_from(size));
        message.extend(*bytes);
    }
    message
}

/// Parses a `google.protobuf.Struct`: `map<string, Value> fields = 1`.
fn nested_structure(message: &[u8], depth: u8) -> Option<Value> {
    let mut members = Map::new();
    each_field(message, |number, field| {
        let (1, Field::Bytes(entry)) = (number, field) else {
            return None;
        };
        let (name, value) = map_entry(entry, depth)?;
        // A repeated name is rejected, because parsers disagree on which of the two values to use.
        members.insert(name, value).is_none().then_some(())
    })?;
    Some(Value::Object(members))
}

fn map_entry(message: &[u8], depth: u8) -> Option<(String, Value)> {
    let (mut name, mut value) = (None, None);
    each_field(message, |number, field| match (number, field) {
        (1, Field::Bytes(text)) => set_once(&mut name, str::from_utf8(text).ok()?.to_owned()),
        (2, Field::Bytes(message)) => set_once(&mut value, self::value(message, depth)?),
        _ => None,
    })?;
    Some((name.unwrap_or_default(), value.unwrap_or_default()))
}

/// Parses a `google.protobuf.Value`.
fn value(message: &[u8], depth: u8) -> Option<Value> {
    let depth = depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
    let mut found = None;
    each_field(message, |number, field| {
        let value = match (number, field) {
            (1, Field::Varint(_)) => Value::Null,
            (2, Field::Fixed64(bits)) => {
                Value::Number(json::from_double(f64::from_le_bytes(bits))?)
            }
            (3, Field::Bytes(text)) => Value::String(str::from_utf8(text).ok()?.to_owned()),
            (4, Field::Varint(truth)) => Value::Bool(truth != 0),
            (5, Field::Bytes(message)) => nested_structure(message, depth)?,
            (6, Field::Bytes(message)) => list(message, depth)?,
            _ => return None,
        };
        set_once(&mut found, value)
    })?;
    Some(found.unwrap_or_default())
}

/// Parses a `google.protobuf.ListValue`: `repeated Value values = 1`.
fn list(message: &[u8], depth: u8) -> Option<Value> {
    let mut elements = Vec::new();
    each_field(message, |number, field| {
        let (1, Field::Bytes(message)) = (number, field) else {
            return None;
        };
        elements.push(value(message, depth)?);
        Some(())
    })?;
    Some(Value::Array(elements))
}

/// Sets a field. Returns `None` if the field is already set, because some parsers take the last of
/// two values and others merge them.
fn set_once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn each_field<'a>(
    mut message: &'a [u8],
    mut visit: impl FnMut(u64, Field<'a>) -> Option<()>,
) -> Option<()> {
    while !message.is_empty() {
        let (tag, rest) = varint(message)?;
        let (field, rest) = match tag & 7 {
            0 => {
                let (number, rest) = varint(rest)?;
                (Field::Varint(number), rest)
            }
            1 => {
                let (bits, rest) = rest.split_first_chunk::<8>()?;
                (Field::Fixed64(*bits), rest)
            }
            2 => {
                let (size, rest) = varint(rest)?;
                let (bytes, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
                (Field::Bytes(bytes), rest)
            }
            _ => return None,
        };
        visit(tag >> 3, field)?;
        message = rest;
    }
    Some(())
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        // Nine bytes hold 63 bits, so the tenth byte may add only one bit.
        if index == 9 && *byte > 1 {
            return None;
        }
        let shift = u32::try_from(index.checked_mul(7)?).ok()?;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(index.checked_add(1)?..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `{"a": {"x": true}, "b": {}}` in the wire format.
    const METADATA: &[u8] = b"\n\x0e\n\x01a\x12\x09\n\x07\n\x01x\x12\x02\x20\x01\n\x03\n\x01b";

    #[test]
    fn parses_one_namespace() {
        assert_eq!(metadata(METADATA, "a"), Ok(Some(json!({"x": true}))));
        assert_eq!(metadata(METADATA, "b"), Ok(Some(json!({}))));
        assert_eq!(metadata(METADATA, "c"), Ok(None));
        assert_eq!(metadata(b"", "a"), Ok(None));
    }

    #[test]
    fn encodes_fields_of_any_length() {
        assert_eq!(message(&[b"a", b"", b"bc"]), b"\n\x01a\x12\x00\x1a\x02bc");
        for (size, digits) in [
            (0x7f, &b"\x7f"[..]),
            (0x80, b"\x80\x01"),
            (300, b"\xac\x02"),
            (0x4000, b"\x80\x80\x01"),
        ] {
            let content = vec![7; size];
            let expected = [b"\n", digits, &content].concat();
            assert_eq!(message(&[&content]), expected, "{size}");
        }
    }

    #[test]
    fn refuses_truncated_metadata_and_repeated_names() {
        for size in 1..METADATA.len() {
            let read = metadata(&METADATA[..size], "a");
            assert!(read == Err(MALFORMED) || size == 16, "{size}: {read:?}");
        }
        let twice = [METADATA, METADATA].concat();
        assert_eq!(metadata(&twice, "a"), Err(MALFORMED));
        // The map entry has two names.
        let names = b"\n\x08\n\x01b\n\x01a\x12\0";
        assert_eq!(metadata(names, "a"), Err(MALFORMED));
    }

    /// Some parsers merge the two values, others take the last value.
    #[test]
    fn refuses_a_field_that_is_set_twice() {
        assert_eq!(
            structure(b"\n\x07\n\x01a\x12\x02\x20\x01"),
            Some(json!({"a": true}))
        );
        for message in [
            &b"\n\x0a\n\x01a\n\x01b\x12\x02\x20\x01"[..],
            b"\n\x0b\n\x01a\x12\x02\x20\x01\x12\x02\x20\x01",
            b"\n\x09\n\x01a\x12\x04\x20\x01\x20\x01",
            b"\n\x13\n\x01a\x12\x0e*\x05\n\x03\n\x01b*\x05\n\x03\n\x01c",
        ] {
            assert_eq!(structure(message), None, "{message:?}");
        }
    }

    #[test]
    fn refuses_a_number_of_more_than_64_bits() {
        let number = |last| [&[0xff_u8; 9][..], &[last]].concat();
        assert_eq!(varint(&number(1)), Some((u64::MAX, &b""[..])));
        assert_eq!(varint(&number(2)), None);
        assert_eq!(varint(&[0x80; 11]), None);
    }
}
