//! Envoy's foreign functions, imitated in Rust.

use std::sync::Arc;

use proxy_wasm::types::Status;

use crate::x509;

/// A host function that the module calls by name.
pub type ForeignFunction = Arc<dyn Fn(&[u8]) -> Result<Vec<u8>, Status> + Send + Sync>;

/// A function that ignores its arguments and returns nothing.
pub fn ignored() -> ForeignFunction {
    Arc::new(|_| Ok(Vec::new()))
}

/// Envoy's `verify_signature`.
pub fn verify_signature() -> ForeignFunction {
    Arc::new(|arguments| {
        let fields = fields(arguments).ok_or(Status::BadArgument)?;
        let [hash, public_key, signature, text] = fields[..] else {
            return Err(Status::BadArgument);
        };
        let hash = str::from_utf8(hash).map_err(|_| Status::BadArgument)?;
        if !["sha256", "sha384", "sha512"].contains(&hash) {
            return Ok(verdict(false, &format!("{hash} is not supported.")));
        }
        if public_key.is_empty() {
            return Err(Status::BadArgument);
        }
        Ok(match x509::verifies(hash, public_key, signature, text) {
            Some(true) => verdict(true, ""),
            Some(false) => verdict(false, "Failed to verify digest. Error code: 0"),
            None => verdict(false, "Failed to initialize digest verify."),
        })
    })
}

/// The result of `verify_signature` as a protobuf message, which omits default values.
pub fn verdict(is_good: bool, error: &str) -> Vec<u8> {
    let mut message = if is_good { vec![1 << 3, 1] } else { Vec::new() };
    if !error.is_empty() {
        message.extend([2 << 3 | 2, u8::try_from(error.len()).unwrap()]);
        message.extend(error.as_bytes());
    }
    message
}

/// The fields of a protobuf message. They must be length-delimited and numbered from 1 without
/// gaps.
fn fields(mut message: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Vec::new();
    while let [tag, rest @ ..] = message {
        if usize::from(*tag) != (fields.len() + 1) << 3 | 2 {
            return None;
        }
        let digits = rest.iter().position(|digit| *digit < 0x80)? + 1;
        let (digits, rest) = rest.split_at(digits);
        let size = digits.iter().rev();
        let size = size.fold(0, |size, digit| size << 7 | usize::from(digit & 0x7f));
        let (field, rest) = rest.split_at_checked(size)?;
        fields.push(field);
        message = rest;
    }
    Some(fields)
}
