//! JSON-RPC methods of MCP whose parameters clients repeat in headers.

/// The method that has arguments in headers.
pub const CALLS_TOOL: &str = "tools/call";

/// The methods whose requests have a name, which servers compare with the body.
pub const NAMED_METHODS: [&str; 3] = ["prompts/get", "resources/read", CALLS_TOOL];
