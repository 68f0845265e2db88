"""The official Python SDK's client, of any version from 1.14 to 2.x: signs in as the SDK wants it, calls one tool.

Run by a Python that has the SDK, with one JSON argument: `url`, `redirect_uri`, and if wanted `tool`, `arguments`,
`client` (credentials that it has already), `client_metadata_url`, `client_name`, `scope`. Prints `authorization_url`,
reads the address that the sign-in ended at, and prints what the tool said with the credentials it has then.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlsplit

from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata

try:  # since 2.0 the answer is a class of its own
    from mcp.shared.auth import AuthorizationCodeResult
except ImportError:
    AuthorizationCodeResult = None

settings = json.loads(sys.argv[1])


def say(**message) -> None:
    print(json.dumps(message), flush=True)


class Storage:
    """What a client keeps between runs."""

    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


async def follow(authorization_url: str) -> None:
    say(authorization_url=authorization_url)


async def returned():
    redirect = await asyncio.to_thread(sys.stdin.readline)
    query = {name: values[0] for name, values in parse_qs(urlsplit(redirect.strip()).query).items()}
    if AuthorizationCodeResult:
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))
    return query["code"], query.get("state")


def make_provider(storage: Storage) -> OAuthClientProvider:
    metadata = {"client_name": settings.get("client_name", "Python SDK"), "redirect_uris": [settings["redirect_uri"]]}
    if "scope" in settings:
        metadata["scope"] = settings["scope"]
    if "client" in settings:
        storage.client = OAuthClientInformationFull(**(metadata | settings["client"]))
    more = {}
    if "client_metadata_url" in settings:
        more["client_metadata_url"] = settings["client_metadata_url"]
    return OAuthClientProvider(
        server_url=settings["url"],
        client_metadata=OAuthClientMetadata(**metadata),
        storage=storage,
        redirect_handler=follow,
        callback_handler=returned,
        **more,
    )


async def open_transport(stack: AsyncExitStack, provider: OAuthClientProvider):
    if AuthorizationCodeResult:
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        http = await stack.enter_async_context(httpx2.AsyncClient(auth=provider, timeout=30, follow_redirects=True))
        return await stack.enter_async_context(streamable_http_client(settings["url"], http_client=http))
    from mcp.client.streamable_http import streamablehttp_client

    return await stack.enter_async_context(streamablehttp_client(settings["url"], auth=provider))


async def main() -> None:
    storage = Storage()
    async with AsyncExitStack() as stack:
        read, write, *_ = await open_transport(stack, make_provider(storage))
        session = await stack.enter_async_context(ClientSession(read, write))
        await session.initialize()
        result = await session.call_tool(settings.get("tool", "add"), settings.get("arguments", {"a": 2, "b": 3}))
        failed = getattr(result, "is_error", None) or getattr(result, "isError", None)
        say(
            result=result.content[0].text,
            failed=bool(failed),
            client_id=storage.client.client_id,
            tokens=storage.tokens.model_dump(mode="json", exclude_none=True),
        )


asyncio.run(main())
