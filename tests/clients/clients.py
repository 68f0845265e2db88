"""Real MCP clients as programs: what it takes to have each one, and the flow from 401 to a tool call with it.

To add a version: a requirements file under `matrix/`, or a dependency in `typescript/package.json`, and its line here.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request

from support import converse, environment, sign_in

HERE = pathlib.Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples"
TYPESCRIPT = HERE / "typescript"


def python_sdk(version: str):
    def call_tool(url: str, redirect_uri: str, client_metadata_url: str | None = None, follow=sign_in) -> dict:
        python = environment("python", HERE / "matrix" / f"mcp-{version}.txt") / "bin" / "python"
        settings = {"url": url, "redirect_uri": redirect_uri}
        if client_metadata_url:
            settings["client_metadata_url"] = client_metadata_url
        return converse([python, EXAMPLES / "support" / "mcp_client.py", json.dumps(settings)], follow)

    return call_tool


def typescript_sdk(package: str):
    def call_tool(
        url: str, redirect_uri: str, client_metadata_url: str | None = None, follow=sign_in, private_jwk: dict | None = None
    ) -> dict:
        node = environment("node", TYPESCRIPT) / "node" / "bin" / "node"
        more = [client_metadata_url] if client_metadata_url else []
        if private_jwk:
            more.append(json.dumps(private_jwk))
        return converse([node, TYPESCRIPT / "client.mjs", package, url, redirect_uri, *more], follow)

    return call_tool


def rmcp(url: str, redirect_uri: str, client_metadata_url: str | None = None, follow=sign_in) -> dict:
    program = environment("rust", EXAMPLES / "rmcp") / "rmcp-client"
    more = [client_metadata_url] if client_metadata_url else []
    return converse([program, url, redirect_uri, *more], follow)


def mcp_remote(url: str, redirect_uri: str, follow=sign_in) -> dict:
    """A bridge from stdio: we are the application that started it."""
    node_modules = environment("node", TYPESCRIPT)
    port = re.search(r":(\d+)/", redirect_uri).group(1)
    with tempfile.TemporaryDirectory() as kept:
        settings = os.environ | {"MCP_REMOTE_CONFIG_DIR": kept, "BROWSER": "true"}
        command = [node_modules / "node" / "bin" / "node", node_modules / ".bin" / "mcp-remote", url, port, "--transport", "http-only"]
        bridge = subprocess.Popen(
            command, env=settings, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        log = []
        threading.Thread(target=sign_in_when_asked, args=(bridge.stderr, log, follow), daemon=True).start()
        timer = threading.Timer(90, bridge.kill)
        timer.start()
        try:
            start = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
            ask(bridge, "initialize", start, log, number=1)
            bridge.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
            answer = ask(bridge, "tools/call", {"name": "add", "arguments": {"a": 2, "b": 3}}, log, number=2)
            return {"result": answer["content"][0]["text"]}
        finally:
            timer.cancel()
            bridge.kill()
            bridge.wait()


def ask(bridge: subprocess.Popen, method: str, params: dict, log: list[str], number: int) -> dict:
    bridge.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n")
    bridge.stdin.flush()
    for line in bridge.stdout:
        message = json.loads(line)
        if message.get("id") == number:
            assert "result" in message, message
            return message["result"]
    raise AssertionError(f"mcp-remote ended before it answered {method}:\n{''.join(log)}")


def sign_in_when_asked(lines, log: list[str], follow) -> None:
    asked = False
    for line in lines:
        log.append(line)
        found = re.search(r"https?://\S+/authorize\?\S+", line)
        if found and not asked:
            asked = True
            try:
                urllib.request.urlopen(follow(found.group()), timeout=30).read()
            except Exception as error:  # said where the test fails for want of an answer
                print(f"mcp-remote's sign-in failed: {error}", file=sys.stderr)


# What `make clients` runs.
CLIENTS = {
    "mcp 1.14": python_sdk("1.14"),
    "mcp 1.22": python_sdk("1.22"),
    "mcp 1.30": python_sdk("1.30"),
    "mcp 2.3": python_sdk("2"),
    "typescript 1.13.1": typescript_sdk("sdk-1.13.1"),
    "typescript 1.32.2": typescript_sdk("@modelcontextprotocol/sdk"),
    "typescript 2.4.0": typescript_sdk("@modelcontextprotocol/client"),
    "rmcp 3.9.0": rmcp,
    "mcp-remote 0.15.1": mcp_remote,
}

# Drops the path of an issuer when it looks for the metadata, so it finds those of a root issuer only.
KNOWS_ONLY_ROOT = {"typescript 1.13.1"}

# What `make soak` runs besides.
LONG_TAIL = {"mcp 2.0": python_sdk("2.0")}
