"""The TypeScript SDK's client against the TypeScript SDK's server."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import Program, Writ, converse, environment, port, say  # noqa: E402


def main() -> None:
    writ, mcp_port = Writ(), port(8768)
    url = f"http://localhost:{mcp_port}/mcp"
    tenant = writ.tenant("typescript")
    tenant.user()
    tenant.resource(url)
    environment("node", HERE)
    settings = os.environ | {"ISSUER": tenant.issuer, "MCP_PORT": str(mcp_port)}
    with Program(["node", HERE / "server.mjs"], ready=url, env=settings):
        said = converse(["node", HERE / "client.mjs", url, f"http://localhost:{port(8769)}/callback"])
        assert said["result"] == "5", said
    say("the TypeScript SDK's client calls a tool of the TypeScript SDK's server")


if __name__ == "__main__":
    main()
