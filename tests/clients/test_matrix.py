"""Real clients, unmodified and of many versions, from 401 to a tool call: discovery, registration, sign-in, token, call."""

import urllib.error
import urllib.request
from functools import partial
from secrets import token_hex

import pytest
from clients import CLIENTS, KNOWS_ONLY_ROOT, LONG_TAIL

from support import free_port, sign_in


def redirect_uri() -> str:
    return f"http://localhost:{free_port()}/callback"


@pytest.fixture(scope="module")
def goes_through(writ, mcp_server):
    """Whether a client calls the tool of a server, one for each form of issuer and way to verify; returns what it said."""
    started = {}

    def go(name: str, form: str, verify: str) -> dict:
        if (form, verify) not in started:
            tenant = {"path": writ.fresh_tenant, "root": writ.root_tenant, "slash": lambda: with_slash(writ)}[form]()
            started[form, verify] = tenant, mcp_server(tenant, verify)
        tenant, url = started[form, verify]
        # Each client has a person of its own: nobody signs in to one account as often as we would.
        person = f"person-{token_hex(4)}"
        tenant.user(person)
        said = (CLIENTS | LONG_TAIL)[name](url, redirect_uri(), follow=partial(sign_in, username=person))
        assert float(said["result"]) == 5, said
        return said

    return go


def with_slash(writ):
    return writ.tenant("slash", f"{writ.url}/realms/slash/")


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_goes_from_401_to_a_tool_call(goes_through, name):
    goes_through(name, "root" if name in KNOWS_ONLY_ROOT else "path", "jwks")


@pytest.mark.parametrize("name", ["mcp 2.3", "typescript 1.32.2"])
def test_a_client_calls_a_tool_of_a_server_that_introspects(goes_through, name):
    goes_through(name, "path", "introspection")


@pytest.mark.soak
@pytest.mark.parametrize("verify", ["jwks", "introspection"])
@pytest.mark.parametrize(
    ("name", "form"),
    [(name, form) for name in CLIENTS | LONG_TAIL for form in ("path", "root", "slash") if form == "root" or name not in KNOWS_ONLY_ROOT],
)
def test_every_client_with_every_form_of_issuer(goes_through, name, form, verify):
    goes_through(name, form, verify)


@pytest.mark.parametrize("verify", ["jwks", "introspection"])
def test_a_token_for_another_resource_is_refused_there(writ, mcp_server, verify):
    tenant = writ.fresh_tenant()
    tenant.user()
    own, other = mcp_server(tenant, verify), mcp_server(tenant, verify)
    token = CLIENTS["mcp 2.3"](own, redirect_uri())["tokens"]["access_token"]
    assert status_of_call(own, token) == 200
    assert status_of_call(other, token) == 401


def status_of_call(url: str, token: str) -> int:
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18", '
    body += b'"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}'
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code
