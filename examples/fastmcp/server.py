"""A protected MCP server on FastMCP. It verifies by the issuer's keys, or by introspection if it has a credential."""

import os

from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from fastmcp.server.auth.providers.jwt import JWTVerifier

issuer = os.environ.get("ISSUER", "http://localhost:9000/t/fastmcp")
port = int(os.environ.get("MCP_PORT", "8766"))
base_url = f"http://localhost:{port}"
audience = f"{base_url}/mcp"
scopes = ["notes:read"]

if "INTROSPECTION_ID" in os.environ:
    verifier = IntrospectionTokenVerifier(
        introspection_url=f"{issuer.rstrip('/')}/introspect",
        client_id=os.environ["INTROSPECTION_ID"],
        client_secret=os.environ["INTROSPECTION_SECRET"],
        audience=audience,
        required_scopes=scopes,
    )
else:
    jwks_uri = f"{issuer.rstrip('/')}/.well-known/jwks.json"
    verifier = JWTVerifier(jwks_uri=jwks_uri, issuer=issuer, audience=audience, required_scopes=scopes)

auth = RemoteAuthProvider(token_verifier=verifier, authorization_servers=[issuer], base_url=base_url)
server = FastMCP("Notes", auth=auth)


@server.tool
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


server.run(transport="http", host="127.0.0.1", port=port, path="/mcp", show_banner=False)
