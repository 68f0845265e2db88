"""Signs a person in by filling in the plain HTML forms, as a script may: no browser, no JavaScript."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2

from conftest import PASSWORD, USERNAME


class Form(HTMLParser):
    """The first form of a page: where it posts to, its hidden fields, its ticked boxes, its buttons."""

    def __init__(self, page: str):
        super().__init__()
        self.action, self.fields, self.buttons = None, [], set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = a.get("action", "")
        kept = a.get("type") == "hidden" or (a.get("type") == "checkbox" and "checked" in a)
        if tag == "input" and a.get("name") and kept:
            self.fields.append((a["name"], a.get("value", "")))
        if tag in ("button", "input") and a.get("name") == "decision":
            self.buttons.add(a.get("value"))


def authorize(url: str, username: str = USERNAME, password: str = PASSWORD, decision: str = "allow") -> str:
    """Follows an authorization URL through login and consent; returns the redirect that goes back to the client."""
    origin = httpx2.URL(url).netloc
    with httpx2.Client(timeout=20) as browser:
        answer = browser.get(url)
        for _ in range(8):
            if answer.status_code in (302, 303):
                target = urljoin(str(answer.url), answer.headers["location"])
                if httpx2.URL(target).netloc != origin:
                    return target
                answer = browser.get(target)
                continue
            assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
            form = Form(answer.text)
            assert form.action is not None, answer.text
            asked = {"decision": decision} if form.buttons else {"username": username, "password": password}
            fields = httpx2.QueryParams([*form.fields, *asked.items()])
            answer = browser.post(
                urljoin(str(answer.url), form.action),
                content=str(fields),
                headers={"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"},
            )
        raise AssertionError("the sign-in did not end")
