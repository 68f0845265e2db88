"""The whole flow of min-py-mcp-auth: an issuer with a slash at its end, introspection with the secret in the body."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
SUPPORT = HERE.parent / "support"
sys.path.insert(0, str(HERE.parent))
from support import Program, Writ, converse, environment, forward, port, say  # noqa: E402

SCOPE = "mcp:tools"


def main() -> None:
    writ, auth_port, mcp_port = Writ(), port(8080), port(3000)
    # What the server derives from AUTH_HOST, AUTH_PORT and AUTH_REALM; the slash at the end is part of it.
    issuer = f"http://localhost:{auth_port}/realms/acme/"
    resource = f"http://localhost:{mcp_port}"
    tenant = writ.tenant("acme-realm", issuer)
    tenant.user()
    scopes = [{"name": SCOPE, "description": "Use the tools", "default": True}]
    credential = tenant.resource_credential(tenant.resource(resource, "Numbers", scopes))

    python = environment("python", HERE / "requirements.txt") / "bin" / "python"
    settings = {
        "issuer": issuer,
        "introspection_url": f"{issuer}protocol/openid-connect/token/introspect",
        "port": mcp_port,
        "path": "/",
        "resource": resource,
        "audience": resource,
        "scope": SCOPE,
        "client_id": credential["client_id"],
        "client_secret": credential["client_secret"],
    }
    server = Program([python, SUPPORT / "introspecting_server.py", json.dumps(settings)], ready=resource)
    with forward(auth_port, int(writ.url.rsplit(":", 1)[1])), server:
        asked = {"url": f"{resource}/", "redirect_uri": f"http://localhost:{port(3030)}/callback"}
        said = converse([python, SUPPORT / "mcp_client.py", json.dumps(asked)])
        assert float(said["result"]) == 5 and not said["failed"], said
        assert said["tokens"]["scope"] == SCOPE, said
    say(f"a tool was called with a token of {issuer}, checked by introspection")


if __name__ == "__main__":
    main()
