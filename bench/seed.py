"""Fills a running Writ for the load scripts, through its own APIs: seed.py <public url> <admin url> <admin key> [tenants] [clients per tenant] [rounds]

Writes .work/{tenants,clients,introspections,families}, and clients and families anew for each other algorithm
(`clients-ES256`); the scripts in load/ say what a line of each holds. Prints how long it takes to create a tenant."""

import base64
import hashlib
import html
import http.client
import json
import pathlib
import re
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, quote, urlencode, urlsplit

PUBLIC, ADMIN, KEY = sys.argv[1:4]
TENANTS, CLIENTS, ROUNDS = (int(n) for n in (sys.argv[4:7] or ["1000", "10", "3"]))
MEASURED, FAMILIES = 10, 64 * ROUNDS
OTHER_ALGORITHMS = ["ES256", "EdDSA"]
WORK = pathlib.Path(__file__).parent / ".work"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = "http://127.0.0.1:1/callback"


class Peer:
    """One keep-alive connection to a host, with a cookie jar."""

    def __init__(self, url: str):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self.host, self.cookies = urlsplit(url).netloc, {}

    def call(self, method: str, target: str, body: str | None = None, **headers) -> tuple[int, dict, str]:
        parts = urlsplit(target)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, rest = value.partition("=")
                self.cookies[cookie] = rest.split(";")[0]
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()

    def form(self, target: str, fields: list[tuple[str, str]]) -> tuple[int, dict, str]:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        return self.call("POST", target, urlencode(fields), **headers)

    def post(self, target: str, body: dict) -> dict:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
        status, _, text = self.call("POST", target, json.dumps(body), **headers)
        assert status == 201, f"{target}: {status} {text}"
        return json.loads(text)


def tenant(number: int, algorithm: str = "RS256") -> tuple[str, list[str]]:
    """Makes one tenant with a resource and its clients; returns its issuer's path and the lines for `clients`."""
    admin, slug = Peer(ADMIN), slug_of(number, algorithm)
    body = {"slug": slug, "display_name": slug, "signing_algorithm": algorithm}
    issuer = admin.post("/admin/v1/tenants", body)["issuer"]
    path, base = urlsplit(issuer).path, f"/admin/v1/tenants/{slug}"
    scopes = [{"name": "read", "description": "Read", "default": True}]
    admin.post(f"{base}/resources", {"identifier": "https://mcp.example/bench", "name": "Bench", "scopes": scopes})
    lines = []
    for _ in range(CLIENTS):
        body = {"client_name": "Bench", "grant_types": ["client_credentials"], "redirect_uris": []}
        made = admin.post(f"{base}/clients", body | {"token_endpoint_auth_method": "client_secret_post"})
        lines.append(f"{path}/token {made['client_id']} {made['client_secret']}")
    return path, lines


def slug_of(number: int, algorithm: str) -> str:
    return f"bench-{number}" if algorithm == "RS256" else f"bench-{algorithm.lower()}-{number}"


def creations(count: int) -> str:
    """How long a tenant takes, one at a time with time between for the next pair of keys to be made ahead."""
    admin, took = Peer(ADMIN), []
    for number in range(count):
        time.sleep(1.5)
        began = time.perf_counter()
        admin.post("/admin/v1/tenants", {"slug": f"created-{number}", "display_name": "Created"})
        took.append((time.perf_counter() - began) * 1000)
    return f"tenant created: median {statistics.median(took):.1f} ms, slowest of {count} {max(took):.1f} ms"


def introspections(lines: list[str]) -> list[str]:
    """A live token and the credential that may ask about it, for each client of the measured tenants."""
    admin, public, credentials, found = Peer(ADMIN), Peer(PUBLIC), {}, []
    for line in lines:
        path, client_id, secret = line.split()
        base, slug = path.removesuffix("/token"), path.split("/")[-2]
        if slug not in credentials:
            headers = {"Authorization": f"Bearer {KEY}"}
            resource = json.loads(admin.call("GET", f"/admin/v1/tenants/{slug}/resources", **headers)[2])["data"][0]
            credentials[slug] = admin.post(f"/admin/v1/tenants/{slug}/resources/{resource['id']}/credentials", {})
        fields = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret)]
        token = json.loads(public.form(path, fields)[2])["access_token"]
        credential = credentials[slug]
        found.append(f"{base}/introspect {credential['client_id']} {credential['client_secret']} {token}")
    return found


def families(algorithm: str = "RS256") -> list[str]:
    """Signs one person in and lets one client ask again and again: a refresh token per grant."""
    admin, public, slug = Peer(ADMIN), Peer(PUBLIC), slug_of(0, algorithm)
    base = f"/admin/v1/tenants/{slug}"
    admin.post(f"{base}/users", {"username": "bench", "password": "bench bench bench"})
    body = {"client_name": "Bench", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}
    client_id = admin.post(f"{base}/clients", body)["client_id"]
    issuer = f"{PUBLIC}/t/{slug}"
    query = {"response_type": "code", "client_id": client_id, "redirect_uri": REDIRECT}
    query |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    tokens = [f"{urlsplit(issuer).path}/token {client_id}"]
    for _ in range(FAMILIES):
        status, headers, page = public.call("GET", f"{issuer}/authorize?{urlencode(query, quote_via=quote)}")
        while not headers.get("location", "").startswith(REDIRECT):
            if status == 303:
                status, headers, page = public.call("GET", headers["location"])
                continue
            action = html.unescape(re.search(r'<form[^>]*action="([^"]+)"', page)[1])
            fields = [(name, html.unescape(value)) for name, value in hidden_fields(page)]
            asked = [("decision", "allow")] if 'name="decision"' in page else [("username", "bench"), ("password", "bench bench bench")]
            status, headers, page = public.form(action, fields + asked)
        code = parse_qs(urlsplit(headers["location"]).query)["code"][0]
        fields = [("grant_type", "authorization_code"), ("client_id", client_id), ("code", code), ("code_verifier", VERIFIER), ("redirect_uri", REDIRECT)]
        tokens.append(json.loads(public.form(f"{issuer}/token", fields)[2])["refresh_token"])
    return tokens


def hidden_fields(page: str):
    """Name and value of each hidden field and each ticked box."""
    for tag in re.findall(r"<input[^>]*>", page):
        if 'type="hidden"' in tag or ('type="checkbox"' in tag and " checked" in tag):
            yield re.search(r'name="([^"]*)"', tag)[1], re.search(r'value="([^"]*)"', tag)[1]


def main() -> None:
    WORK.mkdir(exist_ok=True)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(tenant, range(TENANTS)))
    measured = [line for _, lines in made[:MEASURED] for line in lines]
    write("tenants", [path for path, _ in made[:100]])
    write("clients", measured)
    write("introspections", introspections(measured))
    write("families", families())
    for algorithm in OTHER_ALGORITHMS:
        others = [tenant(number, algorithm) for number in range(MEASURED)]
        write(f"clients-{algorithm}", [line for _, lines in others for line in lines])
        write(f"families-{algorithm}", families(algorithm))
    print(creations(20))


def write(name: str, lines: list[str]) -> None:
    (WORK / name).write_text("".join(f"{line}\n" for line in lines))


main()
