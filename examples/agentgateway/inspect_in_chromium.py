"""Clicks through MCP Inspector 0.16.1: connect, sign in, list the tools."""

import json
import os
import pathlib
import shutil
import sys
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support import PASSWORD, USERNAME  # noqa: E402

client_port, proxy_port, resource = sys.argv[1:]
names = ("chromium", "chromium-browser", "google-chrome")
chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)))
query = urlencode({"transport": "streamable-http", "serverUrl": resource})
# Inspector forgets a proxy address of the query when it comes back from the sign-in; a kept one it keeps.
settings = {"MCP_PROXY_FULL_ADDRESS": {"label": "", "description": "", "value": f"http://localhost:{proxy_port}"}}
keep_settings = f"localStorage.setItem('inspectorConfig_v1', {json.dumps(json.dumps(settings))})"

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
    page = browser.new_page()
    page.add_init_script(keep_settings)
    page.set_default_timeout(20_000)
    page.goto(f"http://localhost:{client_port}/?{query}")
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_label("Username").fill(USERNAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.locator("button[name=decision][value=allow]").click()
    page.get_by_role("button", name="List Tools").click()
    page.get_by_text("Adds two numbers.").wait_for()
    print("listed: add")
    browser.close()
