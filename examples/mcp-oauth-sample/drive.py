"""The wire contract of mcp-oauth-sample: one static client, everything on one origin, no registration."""

import json
import pathlib
import sys
import urllib.error
import urllib.request
from urllib.parse import urlencode

HERE = pathlib.Path(__file__).resolve().parent
SUPPORT = HERE.parent / "support"
sys.path.insert(0, str(HERE.parent))
from support import Program, Writ, converse, environment, forward_by_path, port, say  # noqa: E402

CLIENT_ID, SECRET = "static-mcp-client-001", "a-secret-that-the-operator-chose-0001"
SCOPE = "user"


def main() -> None:
    writ, origin_port, mcp_port = Writ(), port(9003), port(9004)
    origin = f"http://localhost:{origin_port}"
    resource = f"{origin}/mcp"
    redirect_uris = [f"{origin}/callback", f"http://localhost:{port(3031)}/callback"]
    # Nobody registers. The tokens' lifetime is a setting of the tenant, of a resource or of a client.
    tenant = writ.tenant("mcp-oauth-sample", origin, registration_policy="off")
    tenant.user()
    kept = tenant.resource(resource, "Time and echo", [{"name": SCOPE, "description": "Use the tools", "default": True}])
    credential = tenant.resource_credential(kept)
    tenant.client(
        CLIENT_ID,
        client_secret=SECRET,
        client_name="The static client",
        redirect_uris=redirect_uris,
        token_endpoint_auth_method="client_secret_post",
        default_resource=resource,
        access_token_lifetime=3600,
    )

    python = environment("python", HERE / "requirements.txt") / "bin" / "python"
    settings = {
        "issuer": origin,
        "introspection_url": f"{origin}/introspect",
        "port": mcp_port,
        "path": "/mcp",
        "audience": resource,
        "scope": SCOPE,
        "client_id": credential["client_id"],
        "client_secret": credential["client_secret"],
    }
    writ_port = int(writ.url.rsplit(":", 1)[1])
    server = Program([python, SUPPORT / "introspecting_server.py", json.dumps(settings)], ready=f"http://localhost:{mcp_port}/mcp")
    with server, forward_by_path(origin_port, lambda path: mcp_port if path.startswith("/mcp") else writ_port):
        nobody_registers(origin)
        say("POST /register is answered with 403, and the metadata name no registration endpoint")
        for redirect_uri in redirect_uris:
            client = {"client_id": CLIENT_ID, "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post"}
            asked = {"url": resource, "redirect_uri": redirect_uri, "client": client, "scope": SCOPE}
            said = converse([python, SUPPORT / "mcp_client.py", json.dumps(asked)])
            assert float(said["result"]) == 5 and not said["failed"], said
            assert said["client_id"] == CLIENT_ID and said["tokens"]["expires_in"] == 3600, said
        say("the static client calls a tool, from either of its redirect URIs")
        anybody_asks(tenant, origin, said["tokens"]["access_token"])
        the_secret_changes(tenant, origin)


def nobody_registers(origin: str) -> None:
    document = json.loads(ask(f"{origin}/.well-known/oauth-authorization-server")[1])
    assert "registration_endpoint" not in document, document
    assert document["issuer"] == origin, document
    status, _ = ask(f"{origin}/register", json.dumps({"redirect_uris": ["http://localhost/callback"]}), "application/json")
    assert status == 403, status


def anybody_asks(tenant, origin: str, token: str) -> None:
    """The sample's /introspect asks nobody who they are: with the tenant's switch on, for development."""
    assert ask(f"{origin}/introspect", urlencode({"token": token}))[0] == 401
    tenant.change({"compatibility": {"unauthenticated_introspection": True}})
    about = json.loads(ask(f"{origin}/introspect", urlencode({"token": token}))[1])
    assert about["active"] and about["client_id"] == CLIENT_ID and about["scope"] == SCOPE, about
    assert json.loads(ask(f"{origin}/introspect", "token=unknown")[1]) == {"active": False}
    tenant.change({"compatibility": {"unauthenticated_introspection": False}})
    say("with the switch on, /introspect answers whoever asks; off, nobody without a credential")


def the_secret_changes(tenant, origin: str) -> None:
    """Two secrets work until the older one is taken back."""
    secrets = f"/tenants/{tenant.slug}/clients/{CLIENT_ID}/secrets"
    status, second = tenant.writ.call("POST", secrets, {})
    assert status == 201, second

    # A code that never was: a secret that holds gets past the client's authentication.
    def holds(secret: str) -> bool:
        form = {"grant_type": "authorization_code", "code": "none", "code_verifier": "v" * 43}
        form |= {"client_id": CLIENT_ID, "client_secret": secret, "redirect_uri": f"{origin}/callback"}
        status, body = ask(f"{origin}/token", urlencode(form))
        return json.loads(body)["error"] == "invalid_grant"

    assert holds(SECRET) and holds(second["client_secret"]) and not holds("another")
    # Here the older one stays, so that this can be run again.
    status, answer = tenant.writ.call("DELETE", f"{secrets}/{second['id']}")
    assert status == 204 and holds(SECRET) and not holds(second["client_secret"]), answer
    say("two secrets hold while one replaces the other")


def ask(url: str, body: str | None = None, media_type: str = "application/x-www-form-urlencoded") -> tuple[int, str]:
    headers = {} if body is None else {"Content-Type": media_type}
    request = urllib.request.Request(url, None if body is None else body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


if __name__ == "__main__":
    main()
