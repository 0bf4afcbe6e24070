"""Calls tools of an MCP server with the Python SDK, which finds the authorization server by itself.

Environment: URL, ISSUER, CLIENT_ID, CLIENT_SECRET. Prints one line of JSON.
"""

import asyncio
import json
import os

import httpx2
from mcp import Client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client


class Tokens:
    """Keeps the tokens in memory."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def main():
    requests = []

    async def record(response):
        request = response.request
        headers = request.headers
        requests.append(
            {
                "path": request.url.path,
                "call": headers.get("mcp-name") or headers.get("mcp-method"),
                "version": headers.get("mcp-protocol-version"),
                "status": response.status_code,
                "challenge": response.headers.get("www-authenticate"),
            }
        )

    tokens = Tokens()
    provider = ClientCredentialsOAuthProvider(
        server_url=os.environ["URL"],
        storage=tokens,
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        issuer=os.environ["ISSUER"],
    )
    async with httpx2.AsyncClient(auth=provider, event_hooks={"response": [record]}) as http:
        async with Client(streamable_http_client(os.environ["URL"], http_client=http)) as client:
            tools = await client.list_tools()
            listed = await client.call_tool("list_orders")
            cancelled = await client.call_tool("cancel_order", {"order": 7})
            try:
                await client.call_tool("drop_orders")
                dropped = "called"
            except Exception as error:
                dropped = type(error).__name__
    print(
        json.dumps(
            {
                "tools": sorted(tool.name for tool in tools.tools),
                "listed": listed.content[0].text,
                "cancelled": cancelled.content[0].text,
                "dropped": dropped,
                "scope": tokens.tokens.scope,
                "requests": requests,
            }
        )
    )


asyncio.run(main())
