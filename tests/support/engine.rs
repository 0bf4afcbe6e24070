//! An engine, and requests that it decides: for tests that need no host.

use portcullis::{
    config::Config,
    connection::NoConnection,
    decision::Decision,
    engine::{Decided, Engine, Patience},
    http::Request,
    time::UnixMillis,
};
use serde_json::Value;

/// The engine of a configuration, which must be accepted.
pub fn engine(configuration: &Value) -> Engine {
    let config = Config::parse(configuration.to_string().as_bytes());
    Engine::new(config.unwrap_or_else(|error| panic!("{error}: {configuration}")))
}

/// The time in milliseconds for one in seconds since 1970.
pub fn at(seconds: i64) -> UnixMillis {
    UnixMillis::new(u64::try_from(seconds).unwrap() * 1000)
}

/// Decides on a request over a plain connection, which waits for no keys.
pub fn decide(engine: &Engine, request: &Request<'_>, now: i64) -> Decision {
    decided(engine, request, now).decision
}

/// The decision on a request over a plain connection, which waits for no keys.
pub fn decided(engine: &Engine, request: &Request<'_>, now: i64) -> Decided {
    engine.decide(request, None, at(now), Patience::Exhausted, &NoConnection)
}
