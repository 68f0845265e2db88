"""Authlib through one feature of an authorization server; one JSON argument says which, and what the client has.

Authlib knows neither PAR nor DPoP: what it lets its user add, we add here, and leave the rest to it.
"""

import base64
import hashlib
import json
import secrets
import sys
import time
from urllib.parse import parse_qs, urlencode, urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.integrations.requests_client.oauth2_session import OAuth2Auth
from authlib.oauth2.auth import encode_client_secret_basic, encode_none
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

SETTINGS = json.loads(sys.argv[1])
ISSUER, RESOURCE = SETTINGS["issuer"], SETTINGS.get("resource")
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def open_page(url: str) -> str:
    """The person opens it, does what the pages ask, and ends at the address that is returned."""
    print(json.dumps({"open": url}), flush=True)
    return sys.stdin.readline().strip()


class Keyed:
    """A key for DPoP (RFC 9449): a proof for each request, with the last nonce that we were told."""

    def __init__(self):
        self.key, self.nonce = ECKey.generate_key("P-256"), None

    def proof(self, method: str, url: str, access_token: str | None = None) -> str:
        claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url.partition("?")[0], "iat": int(time.time())}
        if self.nonce:
            claims["nonce"] = self.nonce
        if access_token:
            digest = hashlib.sha256(access_token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.as_dict(private=False)}
        return jwt.encode(header, claims, self.key, algorithms=["ES256"])

    def authenticate(self, client, method, url, headers, body):
        """Authlib's way to authenticate a client, with a proof beside it."""
        headers["DPoP"] = self.proof(method, url)
        ours = encode_client_secret_basic if client.client_secret else encode_none
        return ours(client, method, url, headers, body)

    def listen(self, answer, **_):
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)


class KeyedToken(OAuth2Auth):
    """An access token that is bound to a key, on its way to a resource."""

    def __call__(self, request):
        if self.token["token_type"].lower() != "dpop":
            return super().__call__(request)
        token = self.token["access_token"]
        request.headers["Authorization"] = f"DPoP {token}"
        request.headers["DPoP"] = self.client.keyed.proof(request.method, request.url, token)
        return request


class Session(OAuth2Session):
    token_auth_class = KeyedToken


def make_session(keyed: Keyed | None = None) -> Session:
    secret = SETTINGS.get("client_secret")
    session = Session(
        SETTINGS["client_id"],
        secret,
        scope=SETTINGS["scope"],
        redirect_uri=SETTINGS["redirect_uri"],
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
    )
    session.metadata |= session.get(f"{ISSUER}/.well-known/openid-configuration", withhold_token=True).json()
    assert session.metadata["issuer"] == ISSUER
    session.keyed = keyed
    if keyed:
        session.register_client_auth_method(("dpop", keyed.authenticate))
        session.token_endpoint_auth_method = "dpop"
        session.hooks["response"].append(keyed.listen)
    return session


def ask(do):
    """Once more if we were told a nonce for the next proof."""
    try:
        return do()
    except OAuthError as refusal:
        if refusal.error != "use_dpop_nonce":
            raise
        return do()


def sign_in(session: Session, is_pushed: bool = False) -> dict:
    """The claims of the ID token; the tokens stay with the session."""
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    more = {"resource": RESOURCE} if RESOURCE else {}
    endpoint = session.metadata["authorization_endpoint"]
    url, state = session.create_authorization_url(endpoint, code_verifier=verifier, nonce=nonce, **more)
    if is_pushed:
        url = f"{endpoint}?{urlencode(push(session, url))}"
    returned = open_page(url)
    redeem = lambda: session.fetch_token(authorization_response=returned, state=state, code_verifier=verifier)  # noqa: E731
    return read_id_token(session, ask(redeem), nonce)


def push(session: Session, url: str) -> dict:
    fields = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    auth = session.client_auth(session.token_endpoint_auth_method)
    post = lambda: session.post(  # noqa: E731
        session.metadata["pushed_authorization_request_endpoint"], data=fields, auth=auth, withhold_token=True
    )
    answer = post()
    if answer.status_code == 400 and answer.json()["error"] == "use_dpop_nonce":
        answer = post()
    assert answer.status_code == 201, answer.text
    return {"client_id": SETTINGS["client_id"], "request_uri": answer.json()["request_uri"]}


def read_id_token(session: Session, tokens: dict, nonce: str) -> dict:
    keys = KeySet.import_key_set(session.get(session.metadata["jwks_uri"], withhold_token=True).json())
    algorithms = session.metadata["id_token_signing_alg_values_supported"]
    read = jwt.decode(tokens["id_token"], keys, algorithms=algorithms)
    options = {"iss": {"value": ISSUER}, "aud": {"value": SETTINGS["client_id"]}}
    params = {"nonce": nonce, "client_id": SETTINGS["client_id"], "access_token": tokens["access_token"]}
    claims = CodeIDToken(read.claims, read.header, options, params)
    claims.validate()
    return claims


def is_refused(do, error: str) -> None:
    try:
        do()
    except OAuthError as refusal:
        assert refusal.error == error, refusal
        return
    raise AssertionError(f"it was not refused with {error}")


def user_info(session: Session):
    answer = session.get(session.metadata["userinfo_endpoint"])
    if answer.status_code == 401 and "use_dpop_nonce" in answer.headers.get("WWW-Authenticate", ""):
        answer = session.get(session.metadata["userinfo_endpoint"])
    return answer


def code() -> None:
    session = make_session()
    sign_in(session)
    assert session.token["token_type"] == "Bearer"


def refresh() -> None:
    session = make_session()
    sign_in(session)
    before = dict(session.token)
    session.refresh_token()
    assert session.token["access_token"] != before["access_token"]
    session.revoke_token(session.metadata["revocation_endpoint"], session.token["refresh_token"], "refresh_token")
    is_refused(session.refresh_token, "invalid_grant")


def device() -> None:
    session = make_session()
    fields = {"scope": SETTINGS["scope"]} | ({"resource": RESOURCE} if RESOURCE else {})
    auth = session.client_auth(session.token_endpoint_auth_method)
    endpoint = session.metadata["device_authorization_endpoint"]
    started = session.post(endpoint, data=fields, auth=auth, withhold_token=True).json()
    poll = lambda: session.fetch_token(grant_type=DEVICE_CODE, device_code=started["device_code"])  # noqa: E731
    is_refused(poll, "authorization_pending")
    open_page(started["verification_uri_complete"])
    time.sleep(started.get("interval", 5))
    poll()
    assert session.token["token_type"] == "Bearer"
    session.refresh_token()


def par() -> None:
    session = make_session()
    sign_in(session, is_pushed=True)
    assert session.token["token_type"] == "Bearer"


def dpop() -> None:
    session = make_session(Keyed())
    subject = sign_in(session, is_pushed=True)["sub"]
    assert session.token["token_type"] == "DPoP"
    ask(session.refresh_token)
    assert session.token["token_type"] == "DPoP"
    assert user_info(session).json()["sub"] == subject
    bare = session.get(
        session.metadata["userinfo_endpoint"], withhold_token=True, headers={"Authorization": f"Bearer {session.token['access_token']}"}
    )
    assert bare.status_code == 401, bare.text


def userinfo() -> None:
    session = make_session()
    subject = sign_in(session)["sub"]
    person = user_info(session).json()
    assert (person["sub"], person["name"], person["email"]) == (subject, "Alice", "alice@example.com")


def logout() -> None:
    session = make_session()
    sign_in(session)
    leaving = SETTINGS["post_logout_redirect_uri"]
    query = {"id_token_hint": session.token["id_token"], "post_logout_redirect_uri": leaving, "state": "bye"}
    assert open_page(f"{session.metadata['end_session_endpoint']}?{urlencode(query)}") == f"{leaving}?state=bye"
    more = {"resource": RESOURCE} if RESOURCE else {}
    verifier = secrets.token_urlsafe(48)
    url, _ = session.create_authorization_url(
        session.metadata["authorization_endpoint"], code_verifier=verifier, prompt="none", **more
    )
    assert parse_qs(urlsplit(open_page(url)).query)["error"] == ["login_required"]


FEATURES = {"code": code, "refresh": refresh, "device": device, "par": par, "dpop": dpop, "userinfo": userinfo, "logout": logout}
FEATURES[SETTINGS["feature"]]()
print(json.dumps({"result": "done"}), flush=True)
