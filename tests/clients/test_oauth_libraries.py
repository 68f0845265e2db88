"""Libraries for OAuth and OpenID Connect, unmodified, through each thing that they can ask of Writ.

To add a library: a program that reads one JSON argument and asks for pages as `typescript/conversation.mjs` does, and
its line here. To add a feature: a function of that name in each program, and its word here.
"""

import json
import subprocess

import pytest
from clients import HERE, TYPESCRIPT
from person import Person

from support import PASSWORD, USERNAME, environment

FEATURES = ["code", "refresh", "device", "par", "dpop", "userinfo", "logout"]
REDIRECT_URI, AFTER_LOGOUT = "https://app.example/callback", "https://app.example/signed-out"
GRANT_TYPES = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]


def node(program: str) -> list:
    return [environment("node", TYPESCRIPT) / "node" / "bin" / "node", TYPESCRIPT / program]


def python(program: str) -> list:
    return [environment("python", HERE / "matrix" / "authlib.txt") / "bin" / "python", HERE / program]


LIBRARIES = {
    "openid-client": lambda: node("openid-client.mjs"),
    "oauth4webapi": lambda: node("oauth4webapi.mjs"),
    "authlib": lambda: python("authlib_client.py"),
}


@pytest.fixture
def make_client(writ):
    """A tenant with a person and a client of either kind, and what the client knows about itself."""

    def make(method: str, resource: str | None = None, **settings) -> dict:
        tenant = writ.fresh_tenant(**settings)
        tenant.create("users", {"username": USERNAME, "password": PASSWORD, "name": "Alice", "email": "alice@example.com"})
        client = tenant.create(
            "clients",
            {
                "client_name": "A library's client",
                "redirect_uris": [REDIRECT_URI],
                "post_logout_redirect_uris": [AFTER_LOGOUT],
                "grant_types": GRANT_TYPES,
                "token_endpoint_auth_method": method,
            },
        )
        known = {name: client[name] for name in ("client_id", "client_secret") if name in client}
        known |= {"issuer": tenant.issuer, "redirect_uri": REDIRECT_URI, "post_logout_redirect_uri": AFTER_LOGOUT}
        if resource:
            tenant.resource(resource)
            return known | {"resource": resource, "scope": "openid notes:read"}
        return known | {"scope": "openid profile email"}

    return make


def drive(command: list, settings: dict) -> str:
    """Runs a program to its end; opens as one person, in one browser, what it asks to be opened."""
    person = Person()
    command = [str(part) for part in [*command, json.dumps(settings)]]
    program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for line in program.stdout:
            said = json.loads(line)
            if "result" in said:
                return said["result"]
            program.stdin.write(person.open(said["open"]) + "\n")
            program.stdin.flush()
        raise AssertionError(program.stderr.read())
    finally:
        program.kill()
        program.wait()


# Some with a secret and some without: what a client must prove differs.
METHODS = {"openid-client": "client_secret_basic", "oauth4webapi": "none", "authlib": "client_secret_basic"}


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_gets_what_it_asks_for(make_client, library, feature):
    is_about_the_person = feature in ("userinfo", "logout", "dpop")
    settings = make_client(METHODS[library], None if is_about_the_person else "https://mcp.example/notes")
    assert drive(LIBRARIES[library](), settings | {"feature": feature}) == "done"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_proves_its_key_with_our_nonce(make_client, library):
    """RFC 9449 §8: the first proof is refused, the next one has what we told."""
    settings = make_client("none", is_dpop_nonce_required=True)
    assert drive(LIBRARIES[library](), settings | {"feature": "dpop"}) == "done"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_pushes_its_request_where_that_is_required(make_client, library):
    """RFC 9126 §5."""
    settings = make_client("client_secret_basic", "https://mcp.example/notes", is_par_required=True)
    assert drive(LIBRARIES[library](), settings | {"feature": "par"}) == "done"
