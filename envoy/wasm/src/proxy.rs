//! Implements the core's host traits with the proxy's host calls.

use proxy_wasm::types::{MapType, MetricType};
use serde_json::Value;

use crate::{abi, pairs, protobuf};
use portcullis::{
    certificate_digest::CertificateDigest,
    connection::{Connection, PeerName, Refused},
    decision::{HeaderEdit, StateEntry},
    gate::{
        Answer, ConnectionId, Exchange, Log, LogLevel, Malformed, Meter, MetricId, MetricRegistry,
        ROUTE_METADATA, Route,
    },
    jose::{Scheme, X509Signature},
    shared_memory::{Expected, SetSharedDataError, SharedData, SharedMemory},
    time::UnixMillis,
    verification::{Accelerator, CannotTell},
};

/// The proxy that runs this module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proxy;

/// The expected version that makes a write fail if the entry already exists. Envoy creates a
/// missing entry regardless of the expected version, and overwrites an existing entry if the
/// expected version is 0. Envoy's version counter never reaches this number, so no existing entry
/// matches.
const CREATE_IF_ABSENT: u32 = u32::MAX;

impl Proxy {
    /// The time of the proxy's wall clock.
    pub(super) fn now() -> Result<UnixMillis, Refused> {
        let time = abi::current_time_nanoseconds().map_err(refused)?;
        Ok(UnixMillis::from_nanoseconds(time))
    }

    /// The `vm_id`. Modules with the same `vm_id` share memory. The result is empty if no `vm_id`
    /// is configured, or if the proxy does not reveal it.
    pub(super) fn vm_id() -> Vec<u8> {
        abi::property("plugin_vm_id").unwrap_or_default()
    }
}

impl SharedMemory for Proxy {
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
}

impl Connection for Proxy {
    fn client_certificate_digest(&self) -> Option<CertificateDigest> {
        let hex = abi::property("connection\0sha256_peer_certificate_digest").ok()?;
        CertificateDigest::from_hex(&hex)
    }

    fn peer_name(&self, kind: PeerName) -> Option<String> {
        let property = match kind {
            PeerName::DnsSan => "connection\0dns_san_peer_certificate",
            PeerName::Subject => "connection\0subject_peer_certificate",
            PeerName::UriSan => "connection\0uri_san_peer_certificate",
        };
        String::from_utf8(abi::property(property).ok()?).ok()
    }

    fn filter_state(&self, name: &str) -> Result<Option<Vec<u8>>, Refused> {
        match abi::property(&format!("filter_state\0{name}")) {
            Ok(value) => Ok(Some(value)),
            Err(abi::Status::NOT_FOUND) => Ok(None),
            Err(_) => Err(Refused),
        }
    }
}

impl Accelerator for Proxy {
    /// The proxy can also verify ECDSA, but it is slower than this module, which precomputes a
    /// table for each key.
    fn supports(&self, scheme: Scheme) -> bool {
        matches!(scheme, Scheme::RsaPkcs1(_))
    }

    fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell> {
        let arguments = protobuf::message(&[
            signature.hash_name().ok_or(CannotTell)?.as_bytes(),
            signature.public_key.der(),
            &signature.signature,
            signature.text,
        ]);
        match abi::call_foreign_function("verify_signature", &arguments) {
            Ok(result) => verdict(&result),
            Err(_) => Err(CannotTell),
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
    fn increment(&self, counter: MetricId, by: u64) {
        let _ = abi::increment_metric(counter, by);
    }

    fn record(&self, gauge: MetricId, value: u64) {
        let _ = abi::record_metric(gauge, value);
    }

    fn read(&self, metric: MetricId) -> Option<u64> {
        abi::metric(metric).ok()
    }

    /// A call to the host takes longer than a decision, so this module adds up the counts and
    /// writes them at each tick.
    fn counts_at_once(&self) -> bool {
        false
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
        protobuf::metadata(metadata, ROUTE_METADATA)
    }
}

/// Each method acts on the request of the current context.
impl Exchange for Proxy {
    fn connection_id(&self) -> Option<ConnectionId> {
        let property = abi::property("connection\0id").ok()?;
        let number = property.as_slice().try_into().ok()?;
        Some(ConnectionId::new(u64::from_le_bytes(number)))
    }

    fn edit(&self, edit: &HeaderEdit) -> Result<(), Refused> {
        match edit {
            HeaderEdit::Remove(name) => abi::remove_from(MapType::HttpRequestHeaders, name),
            HeaderEdit::Set(name, value) => abi::replace_request_header(name, value),
        }
        .map_err(refused)
    }

    fn export(&self, entry: &StateEntry) -> Result<(), Refused> {
        abi::set_property(entry.key.as_str(), entry.value.text().as_bytes()).map_err(refused)
    }

    fn clear_route_cache(&self) -> Result<(), Refused> {
        let cleared = abi::call_foreign_function("clear_route_cache", &[]);
        cleared.map(drop).map_err(refused)
    }

    fn trailers(&self, visit: impl FnOnce(&[(&[u8], &[u8])])) -> Result<(), Refused> {
        let map = abi::header_map(MapType::HttpRequestTrailers).map_err(refused)?;
        if !map.is_empty() {
            visit(&pairs::decode(&map).ok_or(Refused)?);
        }
        Ok(())
    }

    fn remove_trailer(&self, name: &str) -> Result<(), Refused> {
        abi::remove_from(MapType::HttpRequestTrailers, name).map_err(refused)
    }

    fn answer(&self, answer: &Answer) {
        let headers = answer.encoded(|response| {
            let headers = response.headers.iter();
            let headers: Vec<(&str, &str)> = headers
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            pairs::encode(&headers)
        });
        let response = answer.response();
        let (status, details, body) = (response.status, &response.details, &response.body);
        if abi::send_local_response(status, details, headers, body).is_err() {
            abi::log(
                LogLevel::Error,
                "the proxy refuses proxy_send_local_response; allow this host call in \
                 capability_restriction_config",
            );
        }
    }
}

/// Converts the ABI's status to the core's error, which states no reason.
const fn refused(_: abi::Status) -> Refused {
    Refused
}

/// Parses the message `bool result = 1; string error = 2`. A field that is false or empty is
/// absent. If the result is false, there is an error text. If the text begins with
/// `Failed to verify digest`, the signature is wrong. All other texts mean that Envoy cannot parse
/// the key or does not support the hash.
fn verdict(result: &[u8]) -> Result<bool, CannotTell> {
    match result {
        [0x08, 1] => Ok(true),
        [0x12, _, error @ ..] if error.starts_with(b"Failed to verify digest") => Ok(false),
        _ => Err(CannotTell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_a_verdict() {
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
            assert_eq!(verdict(other), Err(CannotTell), "{other:?}");
        }
    }
}
