"""An MCP client that starts the server and calls its tool."""

import asyncio
import os
import pathlib
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    server = pathlib.Path(__file__).resolve().parent / "server.py"
    started = StdioServerParameters(command=sys.executable, args=[str(server)], env=dict(os.environ))
    async with stdio_client(started) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        answer = await session.call_tool("read_notes", {})
        print(answer.content[0].text)


asyncio.run(main())
