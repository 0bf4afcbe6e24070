//! Configurations of Envoy, as Envoy reads them.
//!
//! [`document`] and [`reader`] read YAML and JSON with Envoy's freedoms, [`message`] knows the types
//! and fields of protobuf messages, and [`shape`] recognises routes, virtual hosts and connection
//! managers.

pub(crate) mod document;
pub(crate) mod message;
pub(crate) mod position;
pub(crate) mod reader;
pub(crate) mod shape;
