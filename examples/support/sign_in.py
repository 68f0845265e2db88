"""Signs a person in by filling in the plain HTML forms, as a script may: no browser, no JavaScript.

As a program, `python3 -m support.sign_in URL`, it is the browser that clients open: it signs in and then
calls the address that the person was sent back to.
"""

import http.client
import sys
import urllib.request
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

USERNAME, PASSWORD = "alice", "correct horse battery staple"


class Refused(Exception):
    """A page without a form: Writ would not go on. Holds the status and the page."""

    def __init__(self, status: int, page: str):
        super().__init__(f"{status}: {page}")
        self.status, self.page = status, page


class Form(HTMLParser):
    """The first form of a page: where it posts to, its hidden fields, its ticked boxes, its buttons. And all links."""

    def __init__(self, page: str):
        super().__init__()
        self.action, self.fields, self.buttons, self.links = None, [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = a.get("action", "")
        kept = a.get("type") == "hidden" or (a.get("type") == "checkbox" and "checked" in a)
        if tag == "input" and a.get("name") and kept:
            self.fields.append((a["name"], a.get("value", "")))
        if tag == "a":
            self.links.append(a.get("href", ""))
        if tag in ("button", "input") and a.get("name") == "decision":
            self.buttons.add(a.get("value"))


class Browser:
    """Keeps cookies, follows nothing by itself."""

    def __init__(self):
        self.cookies = {}

    def ask(self, method: str, url: str, body: str | None = None) -> tuple[int, str | None, str]:
        """Returns status, `Location` and body."""
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=30)
        headers = {"Accept": "text/html"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        page = answer.read().decode()
        connection.close()
        return answer.status, answer.headers.get("Location"), page


def sign_in(url: str, username: str = USERNAME, password: str = PASSWORD, decision: str = "allow") -> str:
    """Follows an authorization URL through login and consent; returns the redirect that goes back to the client."""
    browser, origin = Browser(), urlsplit(url).netloc
    # A client may be on our own origin: behind a proxy, or on a port of one name.
    redirect_uri = parse_qs(urlsplit(url).query).get("redirect_uri", [""])[0]
    status, location, page = browser.ask("GET", url)
    for _ in range(8):
        if status in (302, 303):
            url = urljoin(url, location)
            if urlsplit(url).netloc != origin or (redirect_uri and url.startswith(f"{redirect_uri}?")):
                return url
            status, location, page = browser.ask("GET", url)
            continue
        form = Form(page)
        if form.action is None:
            # A client that nobody vouches for is told of an error by the person, who clicks the way back.
            for link in form.links:
                if redirect_uri and link.startswith(f"{redirect_uri}?"):
                    return link
        if status != 200 or form.action is None:
            raise Refused(status, page)
        asked = {"decision": decision} if form.buttons else {"username": username, "password": password}
        url = urljoin(url, form.action)
        status, location, page = browser.ask("POST", url, urlencode([*form.fields, *asked.items()]))
    raise AssertionError("the sign-in did not end")


if __name__ == "__main__":
    urllib.request.urlopen(sign_in(sys.argv[1]), timeout=60).read()
