//! The proxy-wasm shell: host calls into values, values into host calls.
//!
//! [`worker`] holds the engine of one worker thread, fetches keys and wakes the requests that wait
//! for them; [`stream`] brings it each request. There is no
//! rule here: what may pass is the engine's to say. Where a host call fails, the request is
//! refused: this shell never fails open, and never panics, since that ends every stream of the
//! worker.

#![expect(
    missing_docs,
    reason = "of `_initialize`, which the SDK's macro defines"
)]

mod abi;
mod answers;
mod call;
mod configuration;
mod current_request;
mod gate;
mod in_use;
mod pairs;
mod parked;
mod policies;
mod protobuf;
mod proxy;
mod root;
mod seen_records;
mod stream;
mod worker;

proxy_wasm::main! {{
    // The place alone: a message could quote what a client sent.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        abi::log(crate::gate::LogLevel::Error, &format!("portcullis: defect at {place}, please report it"));
    }));
    proxy_wasm::set_root_context(|context_id| Box::new(root::Root::new(context_id)));
}}
