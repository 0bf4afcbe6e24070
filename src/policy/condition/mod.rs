//! A rule's conditions on headers and query parameters.

mod header;
mod query;
#[cfg(test)]
mod tests;

pub use self::{
    header::{HeaderCondition, HeaderMatch},
    query::{QueryCondition, QueryMatch},
};
