"""The admin API through a typed client: what a common generator makes of its document, without hand edits.

The document is the one that the server serves; @hey-api/openapi-ts reads it, the TypeScript compiler checks
`typed/main.ts` against what came out, and that program then makes a tenant with all it needs.
"""

import base64
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
from clients import HERE

from support import environment

TYPED = HERE / "typed"


@pytest.fixture(scope="module")
def program(writ, tmp_path_factory) -> pathlib.Path:
    """`main.ts` with the generated client, compiled: the types of both are checked."""
    packages = environment("node", TYPED)
    folder = tmp_path_factory.mktemp("typed")
    for name in ("main.ts", "tsconfig.json", "package.json"):
        shutil.copy(TYPED / name, folder)
    (folder / "node_modules").symlink_to(packages)
    run(packages, "openapi-ts", "-i", f"{writ.admin_url}/admin/v1/openapi.json", "-o", "generated", "--no-log-file", folder=folder)
    run(packages, "tsc", "--project", ".", folder=folder)
    return folder / "built" / "main.js"


def run(packages: pathlib.Path, tool: str, *arguments: str, folder: pathlib.Path) -> None:
    settings = os.environ | {"PATH": f"{packages / 'node' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run([packages / ".bin" / tool, *arguments], cwd=folder, env=settings, capture_output=True, text=True)
    assert ended.returncode == 0, f"{tool}: {ended.stdout}\n{ended.stderr}"


def test_a_generated_client_makes_a_tenant_with_resources_clients_and_a_policy(writ, program):
    slug = f"typed-{secrets.token_hex(4)}"
    argument = json.dumps({"adminUrl": writ.admin_url, "adminKey": writ.admin_key, "slug": slug})
    ended = subprocess.run([environment("node", TYPED) / "node" / "bin" / "node", program, argument], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    made = json.loads(ended.stdout)
    assert made["issuer"] == made["sameIssuer"] == f"{writ.url}/t/{slug}"
    assert made["defaultResource"] == made["resource"]
    assert made["listed"] == made["created"]
    assert made["name"] == "Notes" and made["policies"] == ["everything"]
    assert made["refusal"] == {"status": 409, "type": "urn:writ:problem:conflict"}

    token = ask(f"{made['issuer']}/token", made["service"], grant_type="client_credentials")["access_token"]
    claims = ask(f"{made['issuer']}/introspect", made["introspection"], token=token)
    assert claims["active"] and claims["aud"] == made["audience"]


def ask(url: str, who: dict, **form: str) -> dict:
    identity = ":".join(urllib.parse.quote(who[name], safe="") for name in ("client_id", "client_secret"))
    headers = {"Authorization": f"Basic {base64.b64encode(identity.encode()).decode()}"}
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
