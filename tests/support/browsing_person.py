"""A person who signs in at the tests' identity provider by following its pages and filling in its forms.

As a program it takes the address, and stands where a browser would: BROWSER=COMMAND.
"""

import sys
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar

NAME = "alice"
COMMAND = f"{sys.executable} {__file__} %s"
MAX_PAGES = 12
PAGE_SECONDS = 30


class Page(HTMLParser):
    """What a person sees of a page: its title, its first form, and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        members = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = members.get("action", "")
        elif tag == "input" and members.get("name"):
            self.fields[members["name"]] = members.get("value", "")
        elif tag == "a" and "href" in members:
            self.links.append(members["href"])


def browse(address: str, agrees: bool = True, name: str = NAME) -> str:
    """Sign in at `address`, or turn back at the first page; return the last page."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    data: bytes | None = None
    for _ in range(MAX_PAGES):
        with opener.open(address, data, timeout=PAGE_SECONDS) as response:
            page, address = Page(response.read().decode()), response.url
        if page.action is None:
            return page.text
        abort = next((link for link in page.links if link.endswith("/abort")), None)
        if not agrees and abort:
            address, data = urllib.parse.urljoin(address, abort), None
            continue
        filled = {
            field: value or {"login": name, "password": "any"}.get(field, "") for field, value in page.fields.items()
        }
        address, data = urllib.parse.urljoin(address, page.action), urllib.parse.urlencode(filled).encode()
    raise RuntimeError(f"{MAX_PAGES} pages and no end: {page.text}")


if __name__ == "__main__":
    browse(sys.argv[1])
