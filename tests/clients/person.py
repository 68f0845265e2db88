"""A person who keeps one browser: signs in where asked, agrees to what is asked, and goes where the pages lead."""

from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from support import PASSWORD, USERNAME, Refused
from support.sign_in import Browser


class Form(HTMLParser):
    """The first form of a page that one may send: its fields as they stand, the names of all, its buttons."""

    def __init__(self, page: str):
        super().__init__()
        self.action, self.is_open, self.fields, self.names, self.buttons = None, False, [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "form" and self.action is None:
            self.action, self.is_open = a.get("action", ""), True
        if not self.is_open or not a.get("name"):
            return
        if tag == "button":
            self.buttons.append((a["name"], a.get("value", "")))
        elif tag == "input":
            self.names.add(a["name"])
            if a.get("type") not in ("checkbox", "radio") or "checked" in a:
                self.fields.append((a["name"], a.get("value", "")))

    def handle_endtag(self, tag):
        if tag == "form":
            self.is_open = False

    def filled_in(self) -> list[tuple[str, str]]:
        known = {"username": USERNAME, "password": PASSWORD}
        fields = [(name, known.get(name, value)) for name, value in self.fields]
        yes = [button for button in self.buttons if button[1] == "allow"] or self.buttons
        return fields + yes[:1]


class Person:
    def __init__(self):
        self.browser = Browser()

    def open(self, url: str) -> str:
        """The address that all ends at: where it leaves us, or a page that asks nothing more."""
        origin = urlsplit(url).netloc
        status, location, page = self.browser.ask("GET", url)
        for _ in range(12):
            if status in (302, 303):
                url = urljoin(url, location)
                if urlsplit(url).netloc != origin:
                    return url
                status, location, page = self.browser.ask("GET", url)
                continue
            if status != 200:
                raise Refused(status, page)
            form = Form(page)
            if form.action is None:
                return url
            url = urljoin(url, form.action)
            status, location, page = self.browser.ask("POST", url, urlencode(form.filled_in()))
        raise AssertionError(f"the pages did not end: {page}")
