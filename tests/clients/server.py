"""An MCP server without authorization: Portcullis in front of it decides who may call its tools.

It has the tools, resources and prompts that the scenarios of the conformance suite ask for, and two
tools for orders. Prints one line of JSON when it is ready.
"""

import json
import socket

import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

server = MCPServer("orders")


@server.tool()
def list_orders() -> str:
    """Lists the orders."""
    return "7, 8"


@server.tool()
def cancel_order(order: int) -> str:
    """Cancels an order."""
    return f"cancelled {order}"


@server.tool()
def test_simple_text() -> str:
    """Tests simple text content response."""
    return "This is a simple text response for testing."


@server.tool()
def test_error_handling() -> str:
    """Tests error response handling."""
    raise ValueError("This tool intentionally returns an error for testing")


@server.resource("test://static-text", mime_type="text/plain")
def static_text() -> str:
    """A static text resource."""
    return "This is the content of the static text resource."


@server.resource("test://template/{id}/data", mime_type="application/json")
def template(id: str) -> str:
    """A resource with a parameter."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


@server.prompt()
def test_simple_prompt() -> str:
    """A prompt without arguments."""
    return "This is a simple prompt for testing."


@server.prompt()
def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """A prompt with arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    security = TransportSecuritySettings(allowed_hosts=["127.0.0.1:*", "localhost:*"])
    app = server.streamable_http_app(transport_security=security)
    print(json.dumps({"ready": True, "url": f"http://127.0.0.1:{port}/mcp"}), flush=True)
    config = uvicorn.Config(app, log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
