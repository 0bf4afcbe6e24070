//! The features Z1 to Z20, each by its acceptance check: what an operator reads in a founding
//! document as a sentence stands here as one test, `zNN_name`.
//!
//! | file | features |
//! |---|---|
//! | `records` | Z1 to Z5: the record of an authorization server, and what each of its fields demands |
//! | `structured_scopes` | Z6: scopes such as `cloud::org::role` |
//! | `rules` | Z7, Z9, Z13: roles, their order after the signature, exemptions |
//! | `identity_header` | Z8: an identity made of claims |
//! | `key_sources` | Z10, Z12: fetched and written keys |
//! | `offline` | Z11: checking before saving |
//! | `times` | Z14: how long a token may live |
//! | `revocation` | Z15 |
//! | `answers` | Z17, Z20: answers and counters |
//! | `explain` | Z18: why a token fails |
//! | `client_assertions` | Z19: clients that sign with their own keys |
//!
//! Z16, time windows, is not a feature of this version.

mod explain;
mod identity_header;
mod revocation;
mod structured_scopes;
