"""Writ as its operator sees it: tenants, their resources, clients and people, through the admin API."""

import json
import os
import pathlib
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from .sign_in import PASSWORD, USERNAME

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Writ:
    """A running Writ: the one of `make run`, or the one that WRIT_URL, WRIT_ADMIN_URL and WRIT_ADMIN_KEY name."""

    def __init__(self, url: str | None = None, admin_url: str | None = None, admin_key: str | None = None):
        self.url = (url or os.environ.get("WRIT_URL", "http://localhost:9000")).rstrip("/")
        self.admin_url = (admin_url or os.environ.get("WRIT_ADMIN_URL", "http://127.0.0.1:9001")).rstrip("/")
        self.admin_key = admin_key or os.environ.get("WRIT_ADMIN_KEY") or kept_admin_key()

    def call(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        request = urllib.request.Request(
            f"{self.admin_url}/admin/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.admin_key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"{}")

    def tenant(self, slug: str, issuer: str | None = None, display_name: str | None = None, **settings) -> "Tenant":
        """The tenant of that issuer; made when there is none. Its settings are set either way."""
        wanted = issuer or f"{self.url}/t/{slug}"
        if not wanted.startswith(self.url):  # a slug is never used twice: another port is another tenant
            slug = f"{slug}-{urlsplit(wanted).port}"
        body = {"slug": slug, "display_name": display_name or slug.replace("-", " ").capitalize(), "issuer": wanted}
        status, answer = self.call("POST", "/tenants", body)
        if status == 409:
            answer = next((tenant for tenant in self.list("/tenants") if tenant["issuer"] == wanted), None)
            assert answer, f"the slug {slug} belongs to a tenant with another issuer than {wanted}"
        else:
            assert status == 201, answer
        tenant = Tenant(self, answer)
        if settings:
            tenant.change(settings)
        return tenant

    def list(self, path: str) -> list[dict]:
        things, cursor = [], ""
        while cursor is not None:
            status, page = self.call("GET", f"{path}?limit=100{cursor}")
            assert status == 200, page
            things += page["data"]
            following = page.get("next_cursor")
            cursor = f"&cursor={following}" if following else None
        return things


class Tenant:
    """One tenant. What an example makes twice is made once: the second time it is found."""

    def __init__(self, writ: Writ, body: dict):
        self.writ, self.slug, self.issuer = writ, body["slug"], body["issuer"]
        self.base = self.issuer.rstrip("/")

    def change(self, settings: dict) -> None:
        status, answer = self.writ.call("PATCH", f"/tenants/{self.slug}", settings)
        assert status == 200, answer

    def create(self, kind: str, body: dict, named: str | None = None) -> dict:
        """Makes a thing; where one with the same value of the member `named` exists, changes it."""
        path = f"/tenants/{self.slug}/{kind}"
        status, answer = self.writ.call("POST", path, body)
        if status == 409 and named:
            found = next(thing for thing in self.writ.list(path) if thing[named] == body[named])
            fixed = {named, "client_secret", "password", "token_endpoint_auth_method", "grant_types"}
            changes = {name: value for name, value in body.items() if name not in fixed}
            status, answer = self.writ.call("PATCH", f"{path}/{found.get('id') or found['client_id']}", changes)
            assert status == 200, answer
            return found | answer
        assert status == 201, answer
        return answer

    def user(self, username: str = USERNAME) -> dict:
        body = {"username": username, "password": PASSWORD, "name": username.title()}
        return self.create("users", body, named="username")

    def resource(self, identifier: str, name: str = "Notes", scopes: list[dict] | None = None, **more) -> dict:
        scopes = scopes or [
            {"name": "notes:read", "description": "Read your notes", "default": True},
            {"name": "notes:write", "description": "Write and delete your notes"},
        ]
        return self.create("resources", {"identifier": identifier, "name": name, "scopes": scopes} | more, "identifier")

    def resource_credential(self, resource: dict) -> dict:
        """A `client_id` and `client_secret` with which a resource server asks about tokens of its resource."""
        return self.create(f"resources/{resource['id']}/credentials", {})

    def client(self, client_id: str, **body) -> dict:
        return self.create("clients", {"client_id": client_id} | body, named="client_id")

    def public_client(self, redirect_uris: list[str], **more) -> dict:
        body = {"client_name": "Test client", "redirect_uris": redirect_uris, "token_endpoint_auth_method": "none"}
        return self.create("clients", body | more)


def kept_admin_key() -> str:
    file = ROOT / ".writ" / "admin-key"
    if not file.exists():
        raise SystemExit("No Writ is running here: `make run` in another terminal first (or set WRIT_URL, WRIT_ADMIN_URL, WRIT_ADMIN_KEY).")
    return file.read_text().strip()
