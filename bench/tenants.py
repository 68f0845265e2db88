"""What tenants.sh asks: tenants.py <public url> <admin url> <admin key> create|fill|lists|discover [argument]

create    how long a tenant takes, one at a time with time between for the next pair of keys to be made ahead
fill      many tenants, as fast as it goes
lists     every page of the tenants, and the pages of the clients of some: first, in the middle, last, filtered
discover  the metadata of every tenant, once: all of them are in use"""

import http.client
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

PUBLIC, ADMIN, KEY, WHAT = sys.argv[1:5]
ARGUMENT = sys.argv[5] if len(sys.argv) > 5 else ""
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


class Peer:
    """One keep-alive connection."""

    def __init__(self, url: str):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def call(self, method: str, path: str, body: dict | None = None, expected: int = 200) -> tuple[dict, float]:
        """The answer, and how many milliseconds it took."""
        text = None if body is None else json.dumps(body)
        began = time.perf_counter()
        self.connection.request(method, path, text, HEADERS if path.startswith("/admin") else {})
        answer = self.connection.getresponse()
        content = answer.read()
        took = (time.perf_counter() - began) * 1000
        assert answer.status == expected, f"{method} {path}: {answer.status} {content[:500]}"
        return json.loads(content), took


def create() -> None:
    admin, took = Peer(ADMIN), []
    for number in range(20):
        time.sleep(1.5)
        body = {"slug": f"created-{number}-{int(time.time())}", "display_name": "Created"}
        took.append(admin.call("POST", "/admin/v1/tenants", body, 201)[1])
    say(f"tenant created {ARGUMENT}", took)


def fill() -> None:
    """ES256: an RSA pair takes 50 ms of a core, which is not what is measured here."""

    def some(numbers: range) -> None:
        admin = Peer(ADMIN)
        for number in numbers:
            body = {"slug": f"many-{number}", "display_name": f"Many {number}", "signing_algorithm": "ES256"}
            admin.call("POST", "/admin/v1/tenants", body, 201)

    began, count = time.perf_counter(), int(ARGUMENT)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(some, [range(start, count, 4) for start in range(4)]))
    print(f"tenants filled: {count / (time.perf_counter() - began):.0f} a second")


def lists() -> None:
    admin = Peer(ADMIN)
    for limit in (50, 200):
        took, count = walk(admin, f"/admin/v1/tenants?limit={limit}")
        say(f"tenants, {limit} a page, all {len(took)} pages", took)
    took = [spent for number in range(0, count, max(1, count // 200)) for spent in walk(admin, clients_of(number, "limit=50"))[0]]
    say(f"clients of a tenant, 50 a page, {len(took)} pages", took)
    took = [admin.call("GET", clients_of(number, "origin=static&limit=50"))[1] for number in range(0, count, max(1, count // 200))]
    say(f"clients of a tenant by origin, {len(took)} times", took)
    took = [admin.call("GET", f"/admin/v1/tenants/many-{number}")[1] for number in range(0, count, max(1, count // 200))]
    say(f"one tenant, {len(took)} times", took)
    took, _ = walk(admin, "/admin/v1/audit-events?limit=50", pages=200)
    say(f"audit of the platform, 50 a page, {len(took)} pages", took)


def clients_of(number: int, query: str) -> str:
    return f"/admin/v1/tenants/many-{number}/clients?{query}"


def walk(admin: Peer, path: str, pages: int | None = None) -> tuple[list[float], int]:
    """How long each page took, and how many tenants of ours were on them."""
    took, found, cursor = [], 0, ""
    while pages is None or len(took) < pages:
        page, spent = admin.call("GET", path + cursor)
        took.append(spent)
        found += sum(str(thing.get("slug", "")).startswith("many-") for thing in page["data"])
        if not page.get("next_cursor"):
            break
        cursor = f"&cursor={page['next_cursor']}"
    return took, found


def discover() -> None:
    public, took = Peer(PUBLIC), []
    for number in range(int(ARGUMENT)):
        took.append(public.call("GET", f"/.well-known/oauth-authorization-server/t/many-{number}")[1])
    say(f"metadata of {ARGUMENT} tenants, each for the first time", took)


def say(what: str, took: list[float]) -> None:
    took = sorted(took)
    p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
    print(f"{what}: median {statistics.median(took):.1f} ms, p99 {p99:.1f} ms, slowest {took[-1]:.1f} ms", flush=True)


{"create": create, "fill": fill, "lists": lists, "discover": discover}[WHAT]()
