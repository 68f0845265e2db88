"""`nat mcp client tool list --auth` against `nat mcp serve`, with Writ between them: four kinds of client."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import Program, Tenant, Writ, environment, forward, port, run, say  # noqa: E402

TOOL = "echo_workflow"
SCOPE = f"{TOOL}_execute"
CLIENT_SECRET = "nat-example-secret-0123456789-abcdef"
SERVICE_SECRET = "nat-service-secret-0123456789-abcdef"


def prepare(writ: Writ, slug: str, issuer: str, mcp_port: int, redirect_uri: str) -> Tenant:
    """What an administrator does once."""
    # NAT's own refresh of a client with a secret is broken: it asks the person again when the token ends.
    tenant = writ.tenant(slug, issuer, access_token_lifetime=4 * 3600)
    tenant.user()
    # The client asks for the resource with a slash, the server wants the audience without: both are this one.
    resource = f"http://localhost:{mcp_port}"
    scopes = [{"name": SCOPE, "description": "Run the echo workflow", "default": True}]
    tenant.resource(resource, "Protected echo", scopes)
    tenant.client(
        "nat-mcp-client",
        client_secret=CLIENT_SECRET,
        client_name="NAT with a secret",
        redirect_uris=[redirect_uri],
        token_endpoint_auth_method="client_secret_post",
    )
    tenant.client("nat-public-client", client_name="NAT without", redirect_uris=[redirect_uri], token_endpoint_auth_method="none")
    tenant.client(
        "nat-service-account",
        client_secret=SERVICE_SECRET,
        client_name="NAT service account",
        grant_types=["client_credentials"],
        token_endpoint_auth_method="client_secret_basic",
        default_resource=resource,
    )
    return tenant


def list_tools(bin_folder: pathlib.Path, mcp_port: int, redirect_uri: str, *more: str) -> None:
    browser = f"{sys.executable} {HERE.parent / 'support' / 'sign_in.py'} %s &"
    command = [bin_folder / "nat", "mcp", "client", "tool", "list", "--url", f"http://localhost:{mcp_port}/mcp"]
    said = run([*command, "--auth", "--auth-redirect-uri", redirect_uri, *more], env=quiet({"BROWSER": browser}))
    assert TOOL in (line.strip() for line in said.splitlines()), said


def quiet(more: dict) -> dict:
    return os.environ | {"NAT_TELEMETRY_ENABLED": "false", "PYTHONWARNINGS": "ignore"} | more


def main() -> None:
    writ, mcp_port, redirect_port = Writ(), port(9902), port(8000)
    redirect_uri = f"http://localhost:{redirect_port}/auth/redirect"
    bin_folder = environment("python", HERE / "requirements.txt") / "bin"

    tenant = prepare(writ, "acme", f"{writ.url}/t/acme", mcp_port, redirect_uri)
    settings = quiet({"ISSUER": tenant.issuer, "MCP_PORT": str(mcp_port)})
    serve = [bin_folder / "nat", "mcp", "serve", "--config_file", HERE / "server.yml"]
    with Program(serve, ready=f"http://localhost:{mcp_port}/mcp", env=settings):
        list_tools(bin_folder, mcp_port, redirect_uri)
        say("NAT lists the tools with registration")
        secret = ["--client-id", "nat-mcp-client", "--client-secret", CLIENT_SECRET]
        list_tools(bin_folder, mcp_port, redirect_uri, *secret)
        say("NAT lists the tools with a client and its secret")
        list_tools(bin_folder, mcp_port, redirect_uri, "--client-id", "nat-public-client")
        say("NAT lists the tools with a public client")
        robot = [bin_folder / "nat", "run", "--config_file", HERE / "service-account.yml", "--input", "hello from the robot"]
        said = run(robot, env=settings | {"NAT_SERVICE_SECRET": SERVICE_SECRET})
        assert f"Calling tool {TOOL}" in said and "hello from the robot" in said, said
        say("NAT's service account calls the tool")

    # As in NAT's own Keycloak examples: another port, /realms/master, discovery under it.
    realm_port, mcp_port = port(8080), port(9903)
    realm = f"http://localhost:{realm_port}/realms/master"
    with forward(realm_port, int(writ.url.rsplit(":", 1)[1])):
        prepare(writ, "nat-master", realm, mcp_port, redirect_uri)
        settings = quiet({"ISSUER": realm, "MCP_PORT": str(mcp_port)})
        with Program(serve, ready=f"http://localhost:{mcp_port}/mcp", env=settings):
            list_tools(bin_folder, mcp_port, redirect_uri)
    say("NAT lists the tools of a realm at /realms/master")


if __name__ == "__main__":
    main()
