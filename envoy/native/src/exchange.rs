//! Implements the core's host traits by calling Envoy. Gates, which decide on requests, use these
//! traits on worker threads. Keepers, which fetch keys, use them on the main thread.

use std::borrow::Cow;

use portcullis::{
    certificate_digest::CertificateDigest,
    connection::{Connection, PeerName, Refused},
    decision::{HeaderEdit, Reason, StateEntry, StateValue},
    gate::{
        Answer, ConnectionId, Exchange, Log, LogLevel, Malformed, Meter, MetricId, ROUTE_METADATA,
        Route,
    },
    shared_memory::{Expected, SetSharedDataError, SharedData, SharedMemory},
};
use serde_json::Value;

use crate::{
    abi::{Attribute, Configuration, HeaderList, Headers, Stream},
    filter::Filter,
    grpc,
    log::write_log,
    memory, metadata,
    metrics::MetricWriter,
    numbers::Number,
    routes, wasm_form,
};

/// The default namespace for dynamic metadata.
const METADATA_NAMESPACE: &str = "portcullis";

/// The host during one hook. This type implements the traits that work in the same way on every
/// thread.
pub(super) struct Host<'hook, T> {
    pub(super) filter: &'hook Filter,
    /// What the hook is called for: a stream on its worker thread, or the configuration on the main
    /// thread.
    pub(super) at: T,
}

/// A stream on its worker thread.
pub(super) struct AtStream<'hook> {
    pub(super) stream: Stream<'hook>,
    /// True if the request is a gRPC request.
    pub(super) is_grpc: bool,
}

/// The host during a hook of a stream.
pub(super) type WorkerHost<'hook> = Host<'hook, AtStream<'hook>>;

/// The host during a hook of a configuration, on the main thread.
pub(super) type MainHost<'hook> = Host<'hook, Configuration<'hook>>;

impl<T> SharedMemory for Host<'_, T> {
    fn shared_data(&self, key: &str) -> Option<SharedData> {
        memory::read(key)
    }

    fn set_shared_data(
        &self,
        key: &str,
        value: &[u8],
        expected: Expected,
    ) -> Result<(), SetSharedDataError> {
        memory::write(key, value, expected)
    }
}

impl<T> Log for Host<'_, T> {
    fn log(&self, level: LogLevel, line: &str) {
        write_log(level, line);
    }
}

impl<T: MetricWriter> Meter for Host<'_, T> {
    fn increment(&self, counter: MetricId, by: u64) {
        self.filter.metrics.increment(counter, by, &self.at);
    }

    fn record(&self, gauge: MetricId, value: u64) {
        self.filter.metrics.record(gauge, value, &self.at);
    }

    fn read(&self, metric: MetricId) -> Option<u64> {
        self.filter.metrics.read(metric)
    }
}

impl MetricWriter for AtStream<'_> {
    fn increment(&self, counter: usize, by: u64) -> bool {
        self.stream.increment(counter, by);
        true
    }

    fn set_gauge(&self, gauge: usize, value: u64) -> bool {
        self.stream.set_gauge(gauge, value);
        true
    }
}

impl MetricWriter for Configuration<'_> {
    fn increment(&self, counter: usize, by: u64) -> bool {
        Configuration::increment(self, counter, by)
    }

    fn set_gauge(&self, gauge: usize, value: u64) -> bool {
        Configuration::set_gauge(self, gauge, value)
    }
}

impl Connection for WorkerHost<'_> {
    fn client_certificate_digest(&self) -> Option<CertificateDigest> {
        CertificateDigest::from_hex(&self.at.stream.text(Attribute::PeerCertificateDigest)?)
    }

    fn peer_name(&self, kind: PeerName) -> Option<String> {
        let attribute = match kind {
            PeerName::DnsSan => Attribute::PeerDnsSan,
            PeerName::Subject => Attribute::PeerSubject,
            PeerName::UriSan => Attribute::PeerUriSan,
        };
        String::from_utf8(self.at.stream.text(attribute)?).ok()
    }

    fn filter_state(&self, name: &str) -> Result<Option<Vec<u8>>, Refused> {
        self.at.stream.state(name)
    }
}

impl Route for WorkerHost<'_> {
    fn metadata(&self) -> Result<Option<Vec<u8>>, Refused> {
        Ok(self.policy_form().map(|form| match form {
            PolicyForm::Native(number) => number.octets().to_vec(),
            PolicyForm::Wasm => wasm_form::UNREADABLE.to_vec(),
        }))
    }

    fn policy(&self, metadata: &[u8]) -> Result<Option<Value>, Malformed> {
        let number = metadata
            .try_into()
            .map_err(|_| Malformed(wasm_form::WARNING))?;
        let number = Number::new(usize::from_ne_bytes(number));
        let policy = routes::find(number).ok_or(Malformed(routes::UNKNOWN))?;
        Ok(Some(Value::clone(&policy)))
    }

    fn reports_next_route(&self) -> bool {
        true
    }
}

/// The form of a route's policy.
enum PolicyForm {
    /// The policy with this number, which Envoy loaded from `DynamicModuleFilterPerRoute`.
    Native(Number),
    /// The route has a policy only in its metadata, where the proxy-wasm module reads it.
    Wasm,
}

impl WorkerHost<'_> {
    /// The form of the current route's policy; `None` if the route has no policy.
    fn policy_form(&self) -> Option<PolicyForm> {
        let stream = self.at.stream;
        match stream.route_policy() {
            Some(number) => Some(PolicyForm::Native(Number::new(number))),
            None => stream
                .has_route_metadata(ROUTE_METADATA)
                .then_some(PolicyForm::Wasm),
        }
    }
}

impl Exchange for WorkerHost<'_> {
    fn connection_id(&self) -> Option<ConnectionId> {
        self.at
            .stream
            .number(Attribute::ConnectionId)
            .map(ConnectionId::new)
    }

    fn edit(&self, edit: &HeaderEdit) -> Result<(), Refused> {
        match edit {
            HeaderEdit::Remove(name) => self.at.stream.remove_header(Headers::Request, name),
            HeaderEdit::Set(name, value) => self.at.stream.set_header(name, value.as_bytes()),
        }
    }

    fn export(&self, entry: &StateEntry) -> Result<(), Refused> {
        self.at
            .stream
            .set_state(entry.key.as_str(), entry.value.text().as_bytes())?;
        if let StateValue::Json(value) = &entry.value {
            let message = metadata::with_member(entry.key.name(), value);
            let namespace = self.filter.config.metadata_namespace.as_deref();
            self.at
                .stream
                .add_metadata(namespace.unwrap_or(METADATA_NAMESPACE), &message)?;
        }
        Ok(())
    }

    fn clear_route_cache(&self) -> Result<(), Refused> {
        self.at.stream.clear_route_cache();
        Ok(())
    }

    fn trailers(&self, visit: impl FnOnce(&[(&[u8], &[u8])])) -> Result<(), Refused> {
        let mut trailers = HeaderList::default();
        self.at
            .stream
            .read(Headers::RequestTrailers, &mut trailers)?;
        visit(&trailers.pairs());
        Ok(())
    }

    fn remove_trailer(&self, name: &str) -> Result<(), Refused> {
        self.at.stream.remove_header(Headers::RequestTrailers, name)
    }

    fn answer(&self, answer: &Answer) {
        let mut response = Cow::Borrowed(answer.response());
        if answer.reason() == Some(Reason::RoutePolicy)
            && matches!(self.policy_form(), Some(PolicyForm::Wasm))
        {
            response = Cow::Owned(wasm_form::refusal(&response));
        }
        let status = ("grpc-status", grpc::status(response.status));
        let headers = response.headers.iter();
        let headers = headers
            .map(|(name, value)| (*name, value.as_str()))
            .chain(self.at.is_grpc.then_some(status));
        self.at.stream.send_response(
            response.status,
            headers,
            response.body.as_bytes(),
            &response.details,
        );
    }
}
