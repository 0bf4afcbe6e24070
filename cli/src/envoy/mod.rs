//! Configurations of Envoy, as Envoy reads them.
//!
//! [`document`] and [`reader`] read YAML and JSON by Envoy's rules, [`message`] finds the types and
//! fields of protobuf messages, [`position`] finds lines and columns, and [`shape`] recognises
//! routes, virtual hosts and connection managers.

pub(crate) mod document;
pub(crate) mod message;
pub(crate) mod position;
pub(crate) mod reader;
pub(crate) mod shape;
