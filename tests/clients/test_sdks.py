"""The official SDKs, unmodified, from 401 to a tool call."""

import asyncio
import json
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp.client.auth import OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

from sign_in import authorize

TYPESCRIPT = pathlib.Path(__file__).parent / "typescript"
CALLBACK = "http://localhost:53682/callback"


class Storage:
    """What an MCP client keeps between runs."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


def call_tool_with_python(url: str) -> tuple[int, Storage]:
    """Signs in as the SDK wants it and calls `add`; returns what the tool said and what the client keeps.

    In a thread of its own, since the browser fixture keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, python_sdk(url)).result()


async def python_sdk(url: str) -> tuple[int, Storage]:
    answers: asyncio.Queue[AuthorizationCodeResult] = asyncio.Queue()

    async def follow(authorization_url: str) -> None:
        redirect = await asyncio.to_thread(authorize, authorization_url)
        query = {name: values[0] for name, values in parse_qs(urlsplit(redirect).query).items()}
        await answers.put(AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss")))

    storage = Storage()
    provider = OAuthClientProvider(
        server_url=url,
        client_metadata=OAuthClientMetadata(client_name="Python SDK", redirect_uris=[CALLBACK]),
        storage=storage,
        redirect_handler=follow,
        callback_handler=answers.get,
    )
    async with httpx2.AsyncClient(auth=provider, timeout=30) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            result = await client.call_tool("add", {"a": 2, "b": 3})
            return int(result.content[0].text), storage


def call_tool_with_typescript(url: str) -> int:
    """The same with the TypeScript SDK; its authorization URL is followed by this process."""
    driver = subprocess.Popen(
        ["node", "client.mjs", url, CALLBACK], cwd=TYPESCRIPT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        asked = json.loads(driver.stdout.readline())
        driver.stdin.write(authorize(asked["authorization_url"]) + "\n")
        driver.stdin.flush()
        return json.loads(driver.stdout.readline())["result"]
    finally:
        driver.kill()
        driver.wait()


@pytest.mark.parametrize("verify", ["jwks", "introspection"])
def test_the_python_sdk_goes_from_401_to_a_tool_call(writ, mcp_server, verify):
    tenant = writ.tenant()
    tenant.user()
    url = mcp_server(tenant, verify)
    result, _ = call_tool_with_python(url)
    assert result == 5


@pytest.mark.parametrize("verify", ["jwks", "introspection"])
def test_the_typescript_sdk_goes_from_401_to_a_tool_call(writ, mcp_server, verify):
    tenant = writ.tenant()
    tenant.user()
    url = mcp_server(tenant, verify)
    assert call_tool_with_typescript(url) == 5


@pytest.mark.parametrize("verify", ["jwks", "introspection"])
def test_a_token_for_another_resource_is_refused_there(writ, mcp_server, verify):
    tenant = writ.tenant()
    tenant.user()
    own, other = mcp_server(tenant, verify), mcp_server(tenant, verify)
    _, storage = call_tool_with_python(own)
    headers = {"Authorization": f"Bearer {storage.tokens.access_token}", "Accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    assert httpx2.post(own, json=body, headers=headers).status_code != 401
    assert httpx2.post(other, json=body, headers=headers).status_code == 401
