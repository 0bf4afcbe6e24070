//! Z18: why a token fails, told on the command line without the token.
