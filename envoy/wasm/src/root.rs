//! The root context. The host creates one per worker and configuration.

use std::rc::Rc;

use proxy_wasm::{
    traits::{Context, HttpContext, RootContext},
    types::{BufferType, ContextType},
};

use crate::{
    abi, configuration, once,
    proxy::Proxy,
    signatures,
    stream::Stream,
    worker::{SharedWorker, Worker},
};
use portcullis::{engine::Engine, gate::LogLevel, time::UnixMillis};

/// The root context of a configuration on one worker.
pub(super) struct Root {
    context_id: u32,
    worker: SharedWorker,
}

impl Root {
    /// Creates the root context with this ID.
    pub(super) fn new(context_id: u32) -> Self {
        Self {
            context_id,
            worker: Rc::default(),
        }
    }

    fn with_worker(&self, act: impl FnOnce(&mut Worker)) {
        if let Ok(mut worker) = self.worker.try_borrow_mut()
            && let Some(worker) = worker.as_mut()
        {
            act(worker);
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, _trailers: usize) {
        self.with_worker(|worker| worker.on_call_response(token, headers, body));
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, configuration_size: usize) -> bool {
        let bytes = match abi::buffer(BufferType::PluginConfiguration, configuration_size) {
            Ok(bytes) => bytes,
            Err(_) => {
                abi::log(
                    LogLevel::Error,
                    "the proxy refuses proxy_get_buffer_bytes; allow this host call in \
                     capability_restriction_config",
                );
                return false;
            }
        };
        let (config, text) = match configuration::read(bytes) {
            Ok(read) => read,
            Err(error) => {
                abi::log(LogLevel::Error, &format!("configuration refused: {error}"));
                return false;
            }
        };
        let now = Proxy::now().ok().map(UnixMillis::seconds);
        let exposed = config.shared_memory_warning(&Proxy::vm_id());
        for warning in config.warnings_at_load(now).iter().chain(&exposed) {
            once::warn(&format!("configuration: {warning}"), &text);
        }
        let backend = match signatures::choose(&config) {
            Ok(backend) => backend,
            Err(error) => {
                abi::log(LogLevel::Error, &format!("configuration refused: {error}"));
                return false;
            }
        };
        signatures::report(backend);
        let mut engine = Engine::new(config);
        engine.use_backend(backend, Box::new(Proxy));
        self.worker
            .replace(Some(Worker::new(self.context_id, engine, &text)));
        true
    }

    fn on_tick(&mut self) {
        self.with_worker(Worker::on_tick);
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(context_id, Rc::clone(&self.worker))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
