"""The client of mcp-auth-poc, literally: refused with the switches off, told why; served with them on."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import Writ, converse, environment, port, say  # noqa: E402

SWITCHES = ("json_token_body", "confidential_without_pkce")


def main() -> None:
    writ = Writ()
    tenant = writ.tenant("mcp-auth-poc", compatibility={switch: False for switch in SWITCHES})
    tenant.user()
    # The client names no resource: the tenant's one resource is meant.
    resource = tenant.resource("http://localhost:3000/mcp", "Echo", [{"name": "mcp:tools", "description": "Use the tools", "default": True}])
    credential = tenant.resource_credential(resource)
    environment("node", HERE)
    settings = os.environ | {
        "SERVER_URL": tenant.issuer,
        "CALLBACK_URL": f"http://localhost:{port(3001)}/callback",
        "AUDIENCE": resource["audience"],
        "INTROSPECTION_ID": credential["client_id"],
        "INTROSPECTION_SECRET": credential["client_secret"],
    }
    client = ["node", HERE / "client.mjs"]

    said = converse(client, env=settings)
    assert said["refused_at_authorize"]["error"] == "invalid_request", said
    assert "code_challenge" in said["refused_at_authorize"]["description"], said
    assert said["refused_at_token"]["status"] == 400, said
    assert "application/x-www-form-urlencoded" in said["refused_at_token"]["error_description"], said
    say("with the switches off: refused at authorize and at the token endpoint, each time told what is missing")

    tenant.change({"compatibility": {switch: True for switch in SWITCHES}})
    said = converse(client, env=settings)
    assert said["registered"]["has_secret"], said
    assert said["token"]["token_type"] == "Bearer" and said["token"]["expires_in"] > 0, said
    assert said["result"] == "Echo: hello" and said["refused"], said
    say("with the switches on: registered, authorized, a token by JSON, and the tool takes it")


if __name__ == "__main__":
    main()
