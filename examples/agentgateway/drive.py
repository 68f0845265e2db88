"""MCP Inspector 0.16.1, and the SDK that is in it, through a verifier built like agentgateway's."""

import json
import os
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import Program, Writ, converse, environment, port, run, say  # noqa: E402

SCOPE = "read:all"


def main() -> None:
    writ, gateway_port, upstream_port = Writ(), port(3000), port(3001)
    resource = f"http://localhost:{gateway_port}/stdio/mcp"
    # The SDK of 0.16.1 asks for the metadata at the root of the issuer's host, whatever its path: the
    # tenant is the one whose issuer is the public URL itself.
    tenant = writ.tenant("root-tenant", writ.url)
    tenant.user()
    tenant.resource(resource, "Gateway", [{"name": SCOPE, "description": "Read everything", "default": True}])

    node_modules = environment("node", HERE / "client")
    verifier = environment("rust", HERE / "verifier") / "gateway-verifier"
    upstream = Program(["node", HERE / "client" / "upstream.mjs", upstream_port], ready=f"http://localhost:{upstream_port}")
    gateway = Program(
        [verifier, gateway_port, writ.url, resource, SCOPE, f"http://127.0.0.1:{upstream_port}/mcp"],
        ready=f"http://localhost:{gateway_port}/ready",
    )
    with upstream, gateway:
        redirect = f"http://localhost:{port(6274)}/oauth/callback"
        said = converse(["node", HERE / "client" / "client.mjs", resource, redirect])
        assert said["result"] == "5", said
        say("the SDK 1.13.1 calls a tool through the gateway")
        refuse_other_audience(writ, tenant, resource)
        register_through_gateway(resource, redirect)
        say("the gateway hands a registration on, without Content-Type")
        if os.environ.get("EXAMPLE_WITHOUT_BROWSER") is None:
            inspect(node_modules, resource)
            say("Inspector 0.16.1 in Chromium signs in and lists the tool")


def refuse_other_audience(writ: Writ, tenant, resource: str) -> None:
    other = f"{resource}/other"
    tenant.resource(other, "Not the gateway", [{"name": SCOPE, "description": "Read everything", "default": True}])
    robot = tenant.create(
        "clients",
        {"client_name": "Robot", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"},
    )
    for asked, status in ((resource, 200), (other, 401)):
        form = {
            "grant_type": "client_credentials",
            "client_id": robot["client_id"],
            "client_secret": robot["client_secret"],
            "resource": asked,
        }
        token = json.loads(post(f"{writ.url}/token", form)[1])["access_token"]
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(resource, json.dumps(body).encode(), headers)
        try:
            got = urllib.request.urlopen(request, timeout=20).status
        except urllib.error.HTTPError as refusal:
            got = refusal.code
        assert got == status, f"a token for {asked} was answered with {got}"
    say("the gateway takes its own audience and refuses another")


def register_through_gateway(resource: str, redirect: str) -> None:
    body = json.dumps({"client_name": "Through the gateway", "redirect_uris": [redirect], "token_endpoint_auth_method": "none"})
    request = urllib.request.Request(f"{resource}/clients-registrations/openid-connect", body.encode())
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status in (200, 201) and json.loads(answer.read())["client_id"]


def post(url: str, form: dict) -> tuple[int, bytes]:
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=20) as answer:
        return answer.status, answer.read()


def inspect(node_modules: pathlib.Path, resource: str) -> None:
    """Inspector as its README says, and a person in Chromium who clicks: in a process that has Playwright."""
    client_port, proxy_port = port(6274), port(6277)
    settings = os.environ | {
        "CLIENT_PORT": str(client_port),
        "SERVER_PORT": str(proxy_port),
        "MCP_AUTO_OPEN_ENABLED": "false",
        "DANGEROUSLY_OMIT_AUTH": "true",
    }
    inspector = Program([node_modules / ".bin" / "mcp-inspector"], ready=f"http://localhost:{client_port}", env=settings)
    python = environment("python", HERE / "requirements.txt") / "bin" / "python"
    with inspector:
        said = run([python, HERE / "inspect_in_chromium.py", client_port, proxy_port, resource])
        assert "listed: add" in said, said


if __name__ == "__main__":
    main()
