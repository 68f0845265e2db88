"""An MCP server over stdio: no 401, no sign-in; its credentials come in the environment, as the specification says.

It acts for itself: it gets a token for the one API that it calls by `client_credentials`, and keeps it until it ends.
"""

import os
import time

import httpx
from mcp.server.fastmcp import FastMCP

server = FastMCP("Notes over stdio")
kept = {"token": None, "until": 0.0}


async def token(http: httpx.AsyncClient) -> str:
    if time.monotonic() >= kept["until"]:
        answer = await http.post(
            os.environ["TOKEN_ENDPOINT"],
            auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]),
            data={"grant_type": "client_credentials", "scope": "notes:read", "resource": os.environ["API"]},
        )
        answer.raise_for_status()
        tokens = answer.json()
        kept.update(token=tokens["access_token"], until=time.monotonic() + tokens["expires_in"] - 60)
    return kept["token"]


@server.tool()
async def read_notes() -> str:
    """Reads the notes."""
    async with httpx.AsyncClient(timeout=10) as http:
        answer = await http.get(os.environ["API"], headers={"Authorization": f"Bearer {await token(http)}"})
        answer.raise_for_status()
        return answer.text


server.run()
