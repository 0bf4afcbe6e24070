//! Z15: tokens, clients and subjects that are revoked.
