"""What the admin API hands out for a resource runs as it is: it takes a token for this resource, and no other's."""

import json
import os
import pathlib
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

import pytest
from clients import EXAMPLES, TYPESCRIPT

from support import Program, environment, free_port

# Each language has another way out of a string; the scope has what a scope may have.
NAME = """Notes"; import os; os._exit(3); process.exit(3) \\ '''${1+1} `x` #{x} """ + '"""'
SCOPE = "notes:read';x`${y}#"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


class Protected:
    """A resource with a hostile name, another resource, and a robot that gets tokens for either."""

    def __init__(self, writ):
        self.tenant, self.port = writ.fresh_tenant(), free_port()
        self.url = f"http://localhost:{self.port}/mcp"
        scopes = [{"name": SCOPE, "description": "Read your notes", "default": True}]
        self.resource = self.tenant.resource(self.url, name=NAME, scopes=scopes)
        self.other = self.tenant.resource("http://localhost:9/other", scopes=scopes)
        robot = {"grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"}
        self.robot = self.tenant.client("robot", **robot)

    def get(self, below: str) -> dict:
        status, body = self.tenant.writ.call("GET", f"/tenants/{self.tenant.slug}/resources/{self.resource['id']}/{below}")
        assert status == 200, body
        return body

    def snippet(self, name: str) -> dict:
        return next(one for one in self.get("snippets")["snippets"] if one["name"] == name)

    def token(self, resource: dict) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.robot["client_id"],
            "client_secret": self.robot["client_secret"],
            "resource": resource["identifier"],
        }
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"{self.tenant.base}/token", data=data) as answer:
            return json.load(answer)["access_token"]


def post(url: str, token: str | None) -> tuple[int, str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=json.dumps(HELLO).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, "", answer.read(65536).decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers.get("WWW-Authenticate", ""), refusal.read().decode()


def is_protected(protected: Protected) -> None:
    status, challenge, _ = post(protected.url, None)
    assert status == 401 and "resource_metadata=" in challenge, challenge
    where = challenge.split('resource_metadata="')[1].split('"')[0]
    assert where == f"http://localhost:{protected.port}/.well-known/oauth-protected-resource/mcp"
    with urllib.request.urlopen(where) as answer:
        served, made = json.load(answer), protected.get("protected-resource-metadata")
    # A library may leave a member out that it cannot say; what it says is the same.
    assert {name: made[name] for name in served} == served
    assert {"resource", "authorization_servers", "scopes_supported", "resource_name"} <= served.keys()
    status, _, body = post(protected.url, protected.token(protected.resource))
    assert status == 200 and '"protocolVersion"' in body, (status, body)
    assert post(protected.url, protected.token(protected.other))[0] == 401
    assert post(protected.url, "garbage")[0] == 401


def lists_its_tools(protected: Protected) -> None:
    """The server that runs is asked for its tools, with a token of its own."""
    path = f"/tenants/{protected.tenant.slug}/resources/{protected.resource['id']}/tools"
    refused, body = protected.tenant.writ.call("POST", f"{path}/import", {})
    assert refused == 424 and "wants a credential" in body["detail"], body
    credential = {"credential": protected.token(protected.resource)}
    done, body = protected.tenant.writ.call("POST", f"{path}/import", credential)
    assert done == 200, body
    assert [(tool["name"], tool["scope"]) for tool in body["tools"]["tools"]] == [("add", "tools:destroy")]
    done, body = protected.tenant.writ.call("POST", f"{path}/check", credential)
    assert done == 200 and body["drift"] == {"added": [], "removed": [], "changed": []}, body


@contextmanager
def written(snippet: dict, folder: pathlib.Path):
    file = folder / snippet["file"]
    file.write_text(snippet["text"])
    yield file


def test_the_snippet_for_fastmcp_runs(writ, tmp_path):
    protected = Protected(writ)
    python = environment("python", EXAMPLES / "fastmcp" / "requirements.txt") / "bin" / "python"
    with written(protected.snippet("fastmcp"), tmp_path) as file, Program([python, file], ready=protected.url):
        is_protected(protected)
        lists_its_tools(protected)


def test_the_snippet_for_the_typescript_sdk_runs(writ, tmp_path):
    protected = Protected(writ)
    node = environment("node", TYPESCRIPT) / "node" / "bin" / "node"
    (tmp_path / "node_modules").symlink_to(environment("node", EXAMPLES / "typescript-sdk"))
    with written(protected.snippet("typescript-sdk"), tmp_path) as file, Program([node, file], ready=protected.url):
        is_protected(protected)
        lists_its_tools(protected)


RMCP_MAIN = """
mod protection;

#[tokio::main]
async fn main() {
    let answer = || async { "{\\"protocolVersion\\": \\"of a stub\\"}" };
    let router = axum::Router::new().route("/mcp", axum::routing::any(answer));
    let port: u16 = std::env::args().nth(1).unwrap().parse().unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    axum::serve(listener, protection::protect(router)).await.unwrap();
}
"""


def test_the_snippet_for_rmcp_runs(writ, tmp_path):
    protected = Protected(writ)
    # The versions of the example, and what is built of them already.
    built = environment("rust", EXAMPLES / "rmcp").parent
    (tmp_path / "src" / "bin").mkdir(parents=True)
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(EXAMPLES / "rmcp" / name, tmp_path)
    manifest = (tmp_path / "Cargo.toml").read_text()
    (tmp_path / "Cargo.toml").write_text(manifest.split("[[bin]]")[0] + '[[bin]]\nname = "snippet"\npath = "src/main.rs"\n[workspace]\n')
    (tmp_path / "src" / "main.rs").write_text(RMCP_MAIN)
    with written(protected.snippet("rmcp"), tmp_path / "src"):
        command = ["cargo", "build", "--quiet", "--locked", "--manifest-path", tmp_path / "Cargo.toml", "--target-dir", built]
        subprocess.run(command, check=True, env=os.environ | {"CARGO_PROFILE_DEV_DEBUG": "0"})
    with Program([built / "debug" / "snippet", str(protected.port)], ready=protected.url):
        is_protected(protected)


@pytest.mark.skipif(not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"), reason="no nginx here")
def test_the_snippet_for_nginx_is_a_configuration(writ, tmp_path):
    protected = Protected(writ)
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    with written(protected.snippet("nginx"), tmp_path) as file:
        main = tmp_path / "nginx.conf"
        kept = "".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main.write_text(
            f"pid {tmp_path}/pid; error_log stderr; daemon off; events {{}}\n"
            f"http {{ access_log off; {kept} server {{ listen 127.0.0.1:{protected.port}; include {file}; }} }}"
        )
        subprocess.run([nginx, "-t", "-c", main], check=True)
        where = f"http://localhost:{protected.port}/.well-known/oauth-protected-resource/mcp"
        with Program([nginx, "-c", main], ready=where):
            with urllib.request.urlopen(where) as answer:
                assert json.load(answer) == protected.get("protected-resource-metadata")
            status, challenge, _ = post(protected.url, None)
            assert (status, challenge) == (401, f'Bearer resource_metadata="{where}"')
            # Handed on to the server, of which there is none.
            assert post(protected.url, "anything")[0] == 502


def test_the_snippet_for_agentgateway_says_what_the_gateway_compares(writ):
    """Read as YAML by nobody here: each value is a JSON string, which YAML reads the same."""
    protected = Protected(writ)
    text, tenant = protected.snippet("agentgateway")["text"], protected.tenant
    for line in [f'issuer: "{tenant.issuer}"', f'audiences: ["{protected.url}"]', f"scopesSupported: {json.dumps([SCOPE])}"]:
        assert line in text, text
    assert text.startswith("# " + NAME)
