//! placeholder
#[derive(Debug)] pub struct ConfigError; #[derive(Debug)] pub struct Warning;
