"""A protected MCP server on the official Python SDK 1.x that asks the authorization server about each token.

One JSON argument: `issuer`, `introspection_url`, `port`, `path`, `resource` (absent: no protected resource metadata),
`audience`, `scope`, and if the authorization server wants to know who asks: `client_id`, `client_secret`, sent in the body.
"""

import json
import sys
import time

import httpx
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.fastmcp import FastMCP

settings = json.loads(sys.argv[1])


class Introspection:
    async def verify_token(self, token: str) -> AccessToken | None:
        form = {name: settings[name] for name in ("client_id", "client_secret") if name in settings} | {"token": token}
        async with httpx.AsyncClient(timeout=10) as http:
            answer = await http.post(settings["introspection_url"], data=form)
        if answer.status_code != 200:
            return None
        about = answer.json()
        if not about.get("active") or about.get("aud") != settings["audience"] or about["exp"] < time.time():
            return None
        return AccessToken(
            token=token,
            client_id=about["client_id"],
            scopes=about["scope"].split(),
            expires_at=about["exp"],
            resource=about["aud"],
        )


server = FastMCP(
    "Protected",
    host="localhost",
    port=settings["port"],
    streamable_http_path=settings["path"],
    token_verifier=Introspection(),
    auth=AuthSettings(
        issuer_url=settings["issuer"],
        required_scopes=[settings["scope"]],
        resource_server_url=settings.get("resource"),
    ),
)


@server.tool()
def add(a: float, b: float) -> float:
    """Adds two numbers."""
    return a + b


server.run(transport="streamable-http")
