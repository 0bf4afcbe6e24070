//! Decides on requests with the engine alone, without a host.

use portcullis::{
    config::Config,
    connection::NoConnection,
    decision::Decision,
    engine::{Decided, Engine, Patience},
    http::Request,
    time::UnixMillis,
};
use serde_json::Value;

/// Creates an engine with this configuration. Panics if the configuration is rejected.
pub fn engine(configuration: &Value) -> Engine {
    let config = Config::parse(configuration.to_string().as_bytes());
    Engine::new(config.unwrap_or_else(|error| panic!("{error}: {configuration}")))
}

/// Converts seconds since 1970 to the engine's time.
pub fn at(seconds: i64) -> UnixMillis {
    UnixMillis::new(u64::try_from(seconds).unwrap() * 1000)
}

/// Decides on a request that arrived over a connection without TLS. If a key is missing, refuses
/// the request at once and does not wait for the key.
pub fn decide(engine: &Engine, request: &Request<'_>, now: i64) -> Decision {
    decided(engine, request, now).decision
}

/// Like [`decide`], but also returns the details of the decision.
pub fn decided(engine: &Engine, request: &Request<'_>, now: i64) -> Decided {
    engine.decide(request, None, at(now), Patience::Exhausted, &NoConnection)
}
