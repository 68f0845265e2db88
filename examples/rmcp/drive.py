"""rmcp's client against rmcp's server."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import Program, Writ, converse, environment, port, say  # noqa: E402


def main() -> None:
    writ, mcp_port = Writ(), port(8770)
    url = f"http://localhost:{mcp_port}/mcp"
    tenant = writ.tenant("rmcp")
    tenant.user()
    tenant.resource(url)
    programs = environment("rust", HERE)
    with Program([programs / "rmcp-server", mcp_port, tenant.issuer], ready=url):
        said = converse([programs / "rmcp-client", url, f"http://localhost:{port(8771)}/callback"])
        assert said["result"] == "5", said
    say("rmcp's client calls a tool of rmcp's server")


if __name__ == "__main__":
    main()
