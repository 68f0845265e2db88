"""A protected MCP server with one tool. Its settings come as one JSON argument: issuer, port, audience, verify, client_id?, client_secret?"""

import json
import sys

from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from fastmcp.server.auth.providers.jwt import JWTVerifier

settings = json.loads(sys.argv[1])
issuer, base_url = settings["issuer"], f"http://localhost:{settings['port']}"

if settings["verify"] == "jwks":
    verifier = JWTVerifier(
        jwks_uri=f"{issuer.rstrip('/')}/.well-known/jwks.json",
        issuer=issuer,
        audience=settings["audience"],
        required_scopes=["notes:read"],
    )
else:
    verifier = IntrospectionTokenVerifier(
        introspection_url=f"{issuer.rstrip('/')}/introspect",
        client_id=settings["client_id"],
        client_secret=settings["client_secret"],
        audience=settings["audience"],
        required_scopes=["notes:read"],
    )

auth = RemoteAuthProvider(token_verifier=verifier, authorization_servers=[issuer], base_url=base_url)
server = FastMCP("Notes", auth=auth)


@server.tool
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


server.run(transport="http", host="127.0.0.1", port=settings["port"], path="/mcp", show_banner=False)
