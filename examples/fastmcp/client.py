"""FastMCP's own client; it opens a browser for the person to sign in."""

import asyncio
import sys

from fastmcp import Client
from fastmcp.client.auth import OAuth


async def main(url: str, callback_port: int) -> None:
    async with Client(url, auth=OAuth(mcp_url=url, callback_port=callback_port)) as client:
        answer = await client.call_tool("add", {"a": 2, "b": 3})
        print("The tool said", answer.data)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
