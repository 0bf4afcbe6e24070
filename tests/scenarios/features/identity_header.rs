//! Z8: an identity made of claims, which no client can send.
