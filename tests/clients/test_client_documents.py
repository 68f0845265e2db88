"""SDKs that are known by a metadata document at a URL of their own, and by nothing else: they register nowhere.

The document is served over TLS by the program that runs Writ here: no configuration of `writ` leads to it.
"""

import json
import secrets
from base64 import urlsafe_b64encode
from functools import partial

import pytest
from clients import CLIENTS
from conftest import BUILT, RunningWrit
from cryptography.hazmat.primitives.asymmetric import ec

from support import Program, free_port, sign_in

DOCUMENT_URL = "https://client.example/oauth/client.json"
DOCUMENT = {
    "client_id": DOCUMENT_URL,
    "client_name": "A client with a document",
    "client_uri": "https://client.example",
    # No port: the client listens where it can.
    "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}

# One that proves itself by a key that lies beside its document.
SIGNED_URL = "https://signed.example/oauth/client.json"
JWKS_URL = "https://signed.example/oauth/jwks.json"
SIGNED_DOCUMENT = DOCUMENT | {
    "client_id": SIGNED_URL,
    "client_name": "A client with a document and a key",
    "client_uri": "https://signed.example",
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "jwks_uri": JWKS_URL,
}


def make_key() -> tuple[dict, dict]:
    """A private JWK and its public half."""
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    text = lambda number: urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()  # noqa: E731
    x, y = text(numbers.public_numbers.x), text(numbers.public_numbers.y)
    public = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "x": x, "y": y}
    return public | {"d": text(numbers.private_value)}, public


PRIVATE_JWK, PUBLIC_JWK = make_key()


@pytest.fixture(scope="module")
def writ_with_documents():
    port, admin_port, admin_key = free_port(), free_port(), "writ-document-tests-" + secrets.token_urlsafe(24)
    documents = {DOCUMENT_URL: DOCUMENT, SIGNED_URL: SIGNED_DOCUMENT, JWKS_URL: {"keys": [PUBLIC_JWK]}}
    settings = {"port": port, "admin_port": admin_port, "admin_key": admin_key, "documents": documents}
    program = [BUILT / "examples" / "writ_with_documents", json.dumps(settings)]
    with Program(program, ready=f"http://127.0.0.1:{admin_port}/readyz"):
        yield RunningWrit(f"http://localhost:{port}", f"http://127.0.0.1:{admin_port}", admin_key)


@pytest.fixture(scope="module")
def protected(writ_with_documents, mcp_server):
    tenant = writ_with_documents.fresh_tenant()
    return tenant, mcp_server(tenant, "jwks")


def go_through(protected, name: str, document_url: str, **more) -> None:
    tenant, url = protected
    person = f"person-{secrets.token_hex(4)}"
    tenant.user(person)
    follow = partial(sign_in, username=person)
    said = CLIENTS[name](url, f"http://localhost:{free_port()}/callback", document_url, follow, **more)
    assert float(said["result"]) == 5 and said["client_id"] == document_url, said


@pytest.mark.parametrize("name", ["mcp 1.30", "mcp 2.3", "typescript 1.32.2", "typescript 2.4.0", "rmcp 3.9.0"])
def test_an_sdk_is_known_by_its_document(protected, name):
    go_through(protected, name, DOCUMENT_URL)


@pytest.mark.parametrize("name", ["typescript 1.32.2", "typescript 2.4.0"])
def test_an_sdk_proves_itself_by_the_key_of_its_document(protected, name):
    go_through(protected, name, SIGNED_URL, private_jwk=PRIVATE_JWK)


def test_a_client_with_another_key_gets_no_token(protected):
    stranger, _ = make_key()
    with pytest.raises(AssertionError, match="ended without a result"):
        go_through(protected, "typescript 1.32.2", SIGNED_URL, private_jwk=stranger)
