//! Names of MCP's JSON-RPC methods. For these methods, clients repeat parameters in headers.

/// The only method whose arguments clients repeat in headers.
pub const CALLS_TOOL: &str = "tools/call";

/// The methods whose requests contain a name or URI. Servers compare the name or URI in the header
/// with the one in the body.
pub const NAMED_METHODS: [&str; 3] = ["prompts/get", "resources/read", CALLS_TOOL];
