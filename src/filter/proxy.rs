//! The proxy as the core sees it.

use proxy_wasm::types::MetricType;
use serde_json::Value;

use crate::{
    filter::{abi, protobuf},
    gate::{Log, LogLevel, Malformed, Meter, MetricId, MetricRegistry, Route},
    host::{Expected, Host, Refused, SetSharedDataError, SharedData},
    jose::X509Signature,
    time::UnixMillis,
};

/// The proxy that this module runs in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proxy;

/// Envoy creates a missing entry on any version but 0, which overwrites, and its counter never
/// reaches this one: a write that succeeds only where there is no entry.
const CREATE_IF_ABSENT: u32 = u32::MAX;

/// Metadata of routes that is for this module.
const NAMESPACE: &str = "portcullis";

impl Proxy {
    /// The proxy's wall clock.
    pub(super) fn now() -> Result<UnixMillis, abi::Status> {
        abi::current_time_nanoseconds().map(UnixMillis::from_nanoseconds)
    }

    /// The `vm_id` under which modules share memory. Empty if there is none or the proxy withholds
    /// it.
    pub(super) fn vm_id() -> Vec<u8> {
        abi::property("plugin_vm_id").unwrap_or_default()
    }
}

impl Host for Proxy {
    fn shared_data(&self, key: &str) -> Option<SharedData> {
        let (value, version) = abi::shared_data(key).ok()?;
        Some(SharedData { value, version })
    }

    fn set_shared_data(
        &self,
        key: &str,
        value: &[u8],
        expected: Expected,
    ) -> Result<(), SetSharedDataError> {
        let cas = match expected {
            Expected::Absent => CREATE_IF_ABSENT,
            Expected::Version(version) => version,
        };
        abi::set_shared_data(key, value, cas).map_err(|status| match status {
            abi::Status::CAS_MISMATCH => SetSharedDataError::Changed,
            _ => SetSharedDataError::Refused,
        })
    }

    fn client_certificate_digest(&self) -> Option<[u8; 32]> {
        let hex = abi::property("connection\0sha256_peer_certificate_digest").ok()?;
        digest_from_hex(&hex)
    }

    fn filter_state(&self, name: &str) -> Result<Option<Vec<u8>>, Refused> {
        match abi::property(&format!("filter_state\0{name}")) {
            Ok(value) => Ok(Some(value)),
            Err(abi::Status::NOT_FOUND) => Ok(None),
            Err(_) => Err(Refused),
        }
    }

    fn verify_signature(&self, signature: &X509Signature<'_>) -> Result<bool, Refused> {
        let arguments = protobuf::message(&[
            signature.hash_name().ok_or(Refused)?.as_bytes(),
            signature.public_key,
            &signature.signature,
            signature.text,
        ]);
        match abi::call_foreign_function("verify_signature", &arguments) {
            Ok(result) => verdict(&result),
            Err(_) => Err(Refused),
        }
    }
}

impl MetricRegistry for Proxy {
    fn counter(&self, name: &str) -> Option<MetricId> {
        abi::define_metric(MetricType::Counter, name).ok()
    }

    fn gauge(&self, name: &str) -> Option<MetricId> {
        abi::define_metric(MetricType::Gauge, name).ok()
    }
}

impl Meter for Proxy {
    fn increment(&self, counter: MetricId) {
        let _ = abi::increment_metric(counter);
    }

    fn record(&self, gauge: MetricId, value: u64) {
        let _ = abi::record_metric(gauge, value);
    }

    fn read(&self, metric: MetricId) -> Option<u64> {
        abi::metric(metric).ok()
    }
}

impl Log for Proxy {
    fn log(&self, level: LogLevel, line: &str) {
        abi::log(level, line);
    }
}

impl Route for Proxy {
    fn metadata(&self) -> Result<Option<Vec<u8>>, Refused> {
        match abi::property("xds\0route_metadata") {
            Ok(metadata) => Ok((!metadata.is_empty()).then_some(metadata)),
            Err(abi::Status::NOT_FOUND) => Ok(None),
            Err(_) => Err(Refused),
        }
    }

    fn policy(&self, metadata: &[u8]) -> Result<Option<Value>, Malformed> {
        protobuf::metadata(metadata, NAMESPACE)
    }
}

/// Reads `bool result = 1; string error = 2`, of which only what is not empty is written. A false
/// result has an error, and only one of them is about the signature: with the others Envoy says that
/// it cannot read the key or has no such hash.
fn verdict(result: &[u8]) -> Result<bool, Refused> {
    match result {
        [0x08, 1] => Ok(true),
        [0x12, _, error @ ..] if error.starts_with(b"Failed to verify digest") => Ok(false),
        _ => Err(Refused),
    }
}

fn digest_from_hex(hex: &[u8]) -> Option<[u8; 32]> {
    let text = str::from_utf8(hex).ok().filter(|text| text.len() == 64)?;
    let mut digest = [0; 32];
    for (octet, digits) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let &[high, low] = digits else { return None };
        let (high, low) = (
            char::from(high).to_digit(16)?,
            char::from(low).to_digit(16)?,
        );
        *octet = u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_verdict() {
        let wrong = b"\x12\x26Failed to verify digest. Error code: 0";
        assert_eq!(verdict(b"\x08\x01"), Ok(true));
        assert_eq!(verdict(wrong), Ok(false));
        for other in [
            &b""[..],
            b"\x08",
            b"\x08\x00",
            b"\x08\x02",
            b"\x08\x01\x12\x01x",
            b"\x12\x23Failed to initialize digest verify.",
            b"\x0a\x04true",
            b"true",
        ] {
            assert_eq!(verdict(other), Err(Refused), "{other:?}");
        }
    }

    #[test]
    fn reads_a_digest() {
        assert_eq!(digest_from_hex("0f".repeat(32).as_bytes()), Some([15; 32]));
        for hex in [
            "",
            "0f",
            &"0g".repeat(32),
            &"0f".repeat(33),
            &"+f".repeat(32),
        ] {
            assert_eq!(digest_from_hex(hex.as_bytes()), None, "{hex}");
        }
    }
}
