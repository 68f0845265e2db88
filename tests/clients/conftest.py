"""What every client test needs: a running Writ, its admin API, protected MCP servers, a browser."""

import http.server
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import httpx2
import pytest
import trustme
from playwright.sync_api import sync_playwright

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
WORK = HERE / ".work"
USERNAME, PASSWORD = "alice", "correct horse battery staple"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen, log: pathlib.Path, seconds: float = 60) -> None:
    """Waits until `url` answers at all; a process that ended first is reported with its log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"ended with {process.returncode} before {url} answered:\n{log.read_text()}")
        try:
            httpx2.get(url, timeout=1)
            return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer within {seconds} s:\n{log.read_text()}")


def stop(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Tenant:
    """One tenant as its administrator sees it."""

    def __init__(self, admin: httpx2.Client, body: dict):
        self.admin, self.slug, self.issuer = admin, body["slug"], body["issuer"]

    def create(self, kind: str, body: dict) -> dict:
        answer = self.admin.post(f"/admin/v1/tenants/{self.slug}/{kind}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def user(self, username: str = USERNAME) -> dict:
        return self.create("users", {"username": username, "password": PASSWORD, "name": username.title()})

    def resource(self, identifier: str, name: str = "Notes") -> dict:
        scopes = [
            {"name": "notes:read", "description": "Read your notes", "default": True},
            {"name": "notes:write", "description": "Write and delete your notes"},
        ]
        return self.create("resources", {"identifier": identifier, "name": name, "scopes": scopes})

    def public_client(self, redirect_uris: list[str], **more) -> dict:
        body = {"client_name": "Test client", "redirect_uris": redirect_uris, "token_endpoint_auth_method": "none"}
        return self.create("clients", body | more)


class Writ:
    """A running `writ dev`."""

    def __init__(self, public_url: str, admin: httpx2.Client):
        self.public_url, self.admin, self.root = public_url, admin, None

    def root_tenant(self) -> Tenant:
        """The tenant whose issuer is the public URL itself; there is one, so tests share it."""
        self.root = self.root or self.tenant(slug="root-tenant", issuer=self.public_url)
        return self.root

    def tenant(self, slug: str | None = None, issuer: str | None = None, **settings) -> Tenant:
        body = {"slug": slug or f"t{secrets.token_hex(4)}", "display_name": (slug or "Acme").title(), **settings}
        if issuer:
            body["issuer"] = issuer
        answer = self.admin.post("/admin/v1/tenants", json=body)
        assert answer.status_code == 201, answer.text
        return Tenant(self.admin, answer.json())


@pytest.fixture(scope="session")
def writ():
    binary = os.environ.get("WRIT_BINARY", str(ROOT / "target" / "debug" / "writ"))
    # Outside the checkout, and open to read: as root, PostgreSQL runs as another user.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-clients-"))
    folder.chmod(0o755)
    port, admin_port, admin_key = free_port(), free_port(), "writ-client-tests-" + secrets.token_urlsafe(24)
    log = folder / "log"
    environment = os.environ | {
        "WRIT_LISTEN": f"127.0.0.1:{port}",
        "WRIT_ADMIN_LISTEN": f"127.0.0.1:{admin_port}",
        "WRIT_PUBLIC_URL": f"http://localhost:{port}",
        "WRIT_BOOTSTRAP_ADMIN_KEY": admin_key,
    }
    environment.pop("DATABASE_URL", None)
    with log.open("w") as out:
        process = subprocess.Popen([binary, "dev"], cwd=folder, env=environment, stdout=out, stderr=out)
    try:
        wait_for(f"http://127.0.0.1:{admin_port}/readyz", process, log)
        headers = {"Authorization": f"Bearer {admin_key}"}
        with httpx2.Client(base_url=f"http://127.0.0.1:{admin_port}", headers=headers, timeout=20) as admin:
            yield Writ(f"http://localhost:{port}", admin)
    finally:
        stop(process)
        shutil.rmtree(folder, ignore_errors=True)


class SignedIn(http.server.BaseHTTPRequestHandler):
    """The application that a sign-in returns to: says one line to whatever is asked."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"signed in")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def application():
    """https://app.example, served here over real TLS; returns its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SignedIn)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("app.example").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture(scope="session")
def browser(application):
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update"]
    flags += [f"--host-resolver-rules=MAP app.example:443 127.0.0.1:{application}", "--ignore-certificate-errors"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def mcp_server(request):
    """Starts protected MCP servers: `mcp_server(tenant, verify="jwks" | "introspection")` returns the server's URL."""
    processes = []

    def start(tenant: Tenant, verify: str) -> str:
        port = free_port()
        url = f"http://localhost:{port}/mcp"
        resource = tenant.resource(url)
        settings = {"issuer": tenant.issuer, "port": port, "audience": resource["audience"], "verify": verify}
        if verify == "introspection":
            credential = tenant.create(f"resources/{resource['id']}/credentials", {})
            settings |= {"client_id": credential["client_id"], "client_secret": credential["client_secret"]}
        WORK.mkdir(exist_ok=True)
        log = WORK / f"mcp-server-{port}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, str(HERE / "mcp_server.py"), json.dumps(settings)], stdout=out, stderr=out
            )
        processes.append(process)
        wait_for(url, process, log)
        return url

    yield start
    for process in processes:
        stop(process)
