"""A person in Chromium signs in: what is clicked, where it ends, what is kept apart."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from conftest import WORK
from support import PASSWORD, USERNAME

HTTPS = "https://app.example/callback"
PRIVATE = "cursor://anysphere.cursor-mcp/oauth/callback"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def authorization_url(tenant, client, redirect_uri, resource, **more) -> str:
    query = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": redirect_uri,
        "state": secrets.token_urlsafe(8),
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "resource": resource["identifier"],
    }
    return f"{tenant.issuer}/authorize?{urlencode(query | more)}"


def people_and_client(writ, redirect_uri: str, **settings):
    tenant = writ.fresh_tenant(**settings)
    tenant.user()
    return tenant, tenant.public_client([redirect_uri]), tenant.resource("https://mcp.example/notes")


def log_in(page) -> None:
    page.get_by_label("Username").fill(USERNAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("button[type=submit]").click()


def ended_at(page, do) -> str:
    """Does `do` and returns the address that our last redirect sent the browser to.

    Read from the protocol below the page: a redirect to a private scheme never becomes a response event."""
    locations = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def note(event) -> None:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        if event["statusCode"] == 303:
            locations.append(headers["location"])

    session.on("Network.responseReceivedExtraInfo", note)
    do()
    for _ in range(50):
        if locations and not locations[-1].startswith(origin(page)):
            break
        page.wait_for_timeout(100)
    return locations[-1]


def origin(page) -> str:
    """Where Writ itself answers, as the page's address says."""
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}/"


def allow(page) -> None:
    page.locator("button[name=decision][value=allow]").click(no_wait_after=True)


@pytest.fixture
def context(browser):
    """A browser profile of its own; it fails the test when a page breaks its own policy."""
    context = browser.new_context(viewport=DESKTOP)
    refused = []
    context.on("console", lambda m: refused.append(m.text) if "Content Security Policy" in m.text else None)
    yield context
    context.close()
    assert refused == []


@pytest.mark.parametrize("redirect_uri", [HTTPS, "http://127.0.0.1:{port}/callback", PRIVATE])
def test_the_sign_in_ends_at_each_kind_of_redirect(writ, context, redirect_uri):
    """Row L1: a form-action policy would stop the private scheme at the very end of the chain."""
    registered = redirect_uri.replace(":{port}", "")
    settings = {"private_use_redirect_uris": [PRIVATE]} if redirect_uri == PRIVATE else {}
    tenant, client, resource = people_and_client(writ, registered, **settings)
    page = context.new_page()
    page.goto(authorization_url(tenant, client, redirect_uri.format(port=51004), resource))
    log_in(page)
    location = ended_at(page, lambda: allow(page))
    assert location.startswith(redirect_uri.format(port=51004) + "?")
    query = parse_qs(urlsplit(location).query)
    assert query["iss"] == [tenant.issuer] and len(query["code"]) == 1


def test_consent_reaches_a_private_scheme_in_chromium(writ, context):
    """The browser itself asks for the private scheme: nothing on our pages held it back."""
    tenant, client, resource = people_and_client(writ, PRIVATE, private_use_redirect_uris=[PRIVATE])
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    asked = []
    session.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    session.on("Network.requestWillBeSent", lambda event: asked.append(event.get("documentURL", "")))
    page.goto(authorization_url(tenant, client, PRIVATE, resource))
    log_in(page)
    allow(page)
    page.wait_for_timeout(500)
    assert any(url.startswith("cursor://") for url in asked), asked


def test_two_tabs_sign_in_side_by_side(writ, context):
    tenant, client, resource = people_and_client(writ, HTTPS)
    first, second = context.new_page(), context.new_page()
    first.goto(authorization_url(tenant, client, HTTPS, resource, state="first"))
    second.goto(authorization_url(tenant, client, HTTPS, resource, state="second"))
    log_in(second)
    log_in(first)
    states = [parse_qs(urlsplit(ended_at(page, lambda p=page: allow(p))).query)["state"][0] for page in (first, second)]
    assert states == ["first", "second"]


def test_two_tenants_in_one_browser_do_not_meet(writ, context):
    one, two = people_and_client(writ, HTTPS), people_and_client(writ, HTTPS)
    for tenant, client, resource in (one, two, one):
        page = context.new_page()
        page.goto(authorization_url(tenant, client, HTTPS, resource))
        if page.get_by_label("Password").count():
            log_in(page)
        location = ended_at(page, lambda p=page: allow(p)) if "app.example" not in page.url else page.url
        assert parse_qs(urlsplit(location).query)["iss"] == [tenant.issuer]
    names = [cookie["name"] for cookie in context.cookies()]
    assert all(any(tenant.slug in name for name in names) for tenant, *_ in (one, two)), names
    assert all(any(tenant.slug in name for tenant, *_ in (one, two)) for name in names), names


def test_a_person_can_say_no(writ, context):
    tenant, client, resource = people_and_client(writ, HTTPS)
    page = context.new_page()
    page.goto(authorization_url(tenant, client, HTTPS, resource, state="s"))
    log_in(page)
    location = ended_at(page, lambda: page.locator("button[name=decision][value=deny]").click(no_wait_after=True))
    assert parse_qs(urlsplit(location).query)["error"] == ["access_denied"]


def test_the_keyboard_alone_is_enough(writ, context):
    tenant, client, resource = people_and_client(writ, HTTPS)
    page = context.new_page()
    page.goto(authorization_url(tenant, client, HTTPS, resource))
    focus(page, "username")
    page.keyboard.type(USERNAME)
    focus(page, "password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("button[name=decision]")
    focus(page, "decision", value="allow")
    page.keyboard.press("Enter")
    page.wait_for_url(HTTPS + "*")


def focus(page, name: str, value: str | None = None) -> None:
    """Presses Tab until the control has the focus."""
    for _ in range(25):
        if page.evaluate("[document.activeElement.name, document.activeElement.value]")[0] == name:
            if value is None or page.evaluate("document.activeElement.value") == value:
                return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {name}")


def test_a_signed_out_page_is_not_shown_again(writ, context):
    """Row L7: nothing is kept in the browser's cache."""
    tenant, client, resource = people_and_client(writ, HTTPS)
    page = context.new_page()
    answer = page.goto(authorization_url(tenant, client, HTTPS, resource))
    assert answer.headers["cache-control"] == "no-store"


def test_our_pages_cannot_be_framed(writ, browser):
    """Row L1. Framed by its own origin even: what no ancestor may do, no stranger may."""
    tenant, client, resource = people_and_client(writ, HTTPS)
    url = authorization_url(tenant, client, HTTPS, resource)
    framing = f"{writ.url}/framing"
    context = browser.new_context()
    context.route(framing, lambda route: route.fulfill(content_type="text/html", body=f'<iframe src="{url}">'))
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto(framing)
    page.wait_for_timeout(500)
    assert any("frame-ancestors" in text for text in said), said
    assert all(frame.locator("input").count() == 0 for frame in page.frames[1:])
    context.close()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_work_without_javascript_and_do_not_scroll_sideways(writ, browser, size, scheme):
    tenant, client, resource = people_and_client(writ, HTTPS)
    context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=False)
    folder = WORK / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page = context.new_page()

    def keep(name: str) -> None:
        page.screenshot(path=folder / f"{name}-{size['width']}-{scheme}.png", full_page=True)
        # The page's own script is off, not the debugger's.
        widest = page.locator("body *").evaluate_all("all => Math.max(...all.map(e => e.getBoundingClientRect().right))")
        assert widest <= size["width"], f"{name} is wider than the screen"

    page.goto(authorization_url(tenant, client, HTTPS, resource))
    keep("login")
    page.get_by_label("Username").fill(USERNAME)
    page.get_by_label("Password").fill("wrong")
    page.locator("button[type=submit]").click()
    keep("login-refused")
    log_in(page)
    keep("consent")
    page.goto(f"{tenant.issuer}/authorize?client_id=unknown")
    keep("error")
    context.close()
