"""What every client test needs: a running Writ, its admin API, protected MCP servers, a browser."""

import http.server
import os
import pathlib
import secrets
import shutil
import ssl
import sys
import tempfile
import threading
from contextlib import ExitStack

import pytest
import trustme
from playwright.sync_api import sync_playwright

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
WORK = HERE / ".work"
# Where cargo built what the tests run.
BUILT = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"
sys.path.insert(0, str(ROOT / "examples"))
from support import Program, Tenant, Writ, environment, free_port  # noqa: E402


class RunningWrit(Writ):
    """A running `writ dev`, with tenants of names that nobody has."""

    def fresh_tenant(self, issuer: str | None = None, **settings) -> Tenant:
        return self.tenant(f"t{secrets.token_hex(4)}", issuer, **settings)

    def root_tenant(self) -> Tenant:
        """The tenant whose issuer is the public URL itself; there is one, so tests share it."""
        return self.tenant("root-tenant", self.url)


@pytest.fixture(scope="session")
def writ():
    binary = os.environ.get("WRIT_BINARY", str(BUILT / "writ"))
    # Outside the checkout, and open to read: as root, PostgreSQL runs as another user.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-clients-"))
    folder.chmod(0o755)
    port, admin_port, admin_key = free_port(), free_port(), "writ-client-tests-" + secrets.token_urlsafe(24)
    settings = os.environ | {
        "WRIT_LISTEN": f"127.0.0.1:{port}",
        "WRIT_ADMIN_LISTEN": f"127.0.0.1:{admin_port}",
        "WRIT_PUBLIC_URL": f"http://localhost:{port}",
        "WRIT_BOOTSTRAP_ADMIN_KEY": admin_key,
    }
    settings.pop("DATABASE_URL", None)
    try:
        with Program([binary, "dev"], ready=f"http://127.0.0.1:{admin_port}/readyz", cwd=folder, env=settings):
            yield RunningWrit(f"http://localhost:{port}", f"http://127.0.0.1:{admin_port}", admin_key)
    finally:
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


@pytest.fixture(scope="module")
def mcp_server():
    """Starts protected MCP servers: `mcp_server(tenant, verify="jwks" | "introspection")` returns the server's URL."""
    python = environment("python", ROOT / "examples" / "fastmcp" / "requirements.txt") / "bin" / "python"
    with ExitStack() as stack:

        def start(tenant: Tenant, verify: str) -> str:
            port = free_port()
            url = f"http://localhost:{port}/mcp"
            resource = tenant.resource(url)
            settings = {"ISSUER": tenant.issuer, "MCP_PORT": str(port)}
            if verify == "introspection":
                credential = tenant.resource_credential(resource)
                settings |= {"INTROSPECTION_ID": credential["client_id"], "INTROSPECTION_SECRET": credential["client_secret"]}
            server = [python, ROOT / "examples" / "fastmcp" / "server.py"]
            stack.enter_context(Program(server, ready=url, env=os.environ | settings))
            return url

        yield start
