"""The authorization-server scenarios of the official conformance runner; the sign-in is driven by a browser."""

import json
import pathlib
import re
import subprocess

import pytest

from support import PASSWORD, USERNAME, environment, free_port

TYPESCRIPT = pathlib.Path(__file__).parent / "typescript"
NODE = TYPESCRIPT / "node_modules" / "node" / "bin" / "node"
RUNNER = TYPESCRIPT / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"


@pytest.mark.parametrize("form", ["path", "root"])
def test_both_scenarios_succeed(writ, browser, tmp_path, form):
    tenant = writ.root_tenant() if form == "root" else writ.fresh_tenant()
    tenant.user()
    resource = tenant.resource(f"https://mcp.example/{form}")
    port = free_port()
    client = tenant.public_client([f"http://127.0.0.1:{port}/callback"])
    environment("node", TYPESCRIPT)
    command = [NODE, RUNNER, "authorization", "--url", tenant.issuer, "--client-id", client["client_id"]]
    command += ["--resource", resource["identifier"], "--port", str(port), "--spec-version", "2026-07-28"]
    runner = subprocess.Popen([*command, "-o", tmp_path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    said = []
    for line in runner.stdout:
        said.append(line)
        if re.match(r"https?://\S+/authorize\?", line):
            sign_in_with(browser, line.strip(), port)
    assert runner.wait() == 0, "".join(said)

    checks = [check for file in tmp_path.rglob("checks.json") for check in json.loads(file.read_text())]
    statuses = {check["id"]: check["status"] for check in checks}
    expected = ("authorization-server-metadata", "authorization-server-metadata-cimd", "authorization-code-grant")
    assert statuses == dict.fromkeys(expected, "SUCCESS"), "".join(said)


def sign_in_with(browser, url: str, port: int) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    page.get_by_label("Username").fill(USERNAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.locator("button[name=decision][value=allow]").click()
    page.wait_for_url(f"http://127.0.0.1:{port}/callback*")
    context.close()
