//! The proxy-wasm shell. It translates between the proxy's host calls and the core's types.
//!
//! [`worker`] owns one worker thread's gate, which decides on requests, and its keeper, which
//! fetches keys. [`stream`] passes each request to the worker. [`proxy`] implements the core's host
//! traits. This shell makes no decisions: the [`gate`](portcullis::gate) decides what may pass,
//! which requests wait, and what a failed host call means. The shell never panics, because a panic
//! ends every stream of the worker.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these lints; the build without tests is \
                  still checked"
    )
)]
#![expect(
    missing_docs,
    reason = "the SDK's macro defines `_initialize` without documentation"
)]

mod abi;
mod body_hold;
mod call;
mod codec;
mod configuration;
mod live_names;
mod once;
// `pairs` and `protobuf` are public so that the fuzz targets can use them.
pub mod pairs;
mod policies;
pub mod protobuf;
mod proxy;
mod records;
mod root;
mod seen;
mod signatures;
mod stream;
mod worker;

pub use self::{records::SharedRecords, seen::SeenRecords};

proxy_wasm::main! {{
    // Only the location is logged. The message could contain something that a client sent.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        abi::log(portcullis::gate::LogLevel::Error, &format!("defect at {place}, please report it"));
    }));
    proxy_wasm::set_root_context(|context_id| Box::new(root::Root::new(context_id)));
}}
