"""FastMCP's client against FastMCP's server, which verifies first by keys, then by introspection."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import Program, Writ, environment, port, run, say  # noqa: E402


def main() -> None:
    writ, mcp_port, callback_port = Writ(), port(8766), port(8767)
    url = f"http://localhost:{mcp_port}/mcp"
    tenant = writ.tenant("fastmcp")
    tenant.user()
    credential = tenant.resource_credential(tenant.resource(url))

    python = environment("python", HERE / "requirements.txt") / "bin" / "python"
    settings = os.environ | {"ISSUER": tenant.issuer, "MCP_PORT": str(mcp_port)}
    asking = {"INTROSPECTION_ID": credential["client_id"], "INTROSPECTION_SECRET": credential["client_secret"]}
    browser = f"{sys.executable} {HERE.parent / 'support' / 'sign_in.py'} %s &"
    for way, more in {"the issuer's keys": {}, "introspection": asking}.items():
        with Program([python, HERE / "server.py"], ready=url, env=settings | more):
            said = run([python, HERE / "client.py", url, callback_port], env=os.environ | {"BROWSER": browser})
            assert "The tool said 5" in said, said
        say(f"FastMCP's client calls a tool of a server that verifies by {way}")


if __name__ == "__main__":
    main()
