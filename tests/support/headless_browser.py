"""A headless Chromium that signs in at the tests' identity provider, driven through its DevTools pipe.

As a program it takes the address, and stands where a browser would: BROWSER=COMMAND.
The text of the last page goes into the file LAST_PAGE.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

SECONDS = 60
PROGRAM = "chromium"
COMMAND = f"{sys.executable} {__file__} %s"
_FLAGS = (
    "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--no-default-browser-check", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip
"""No address but this machine's can be reached."""

_ACT = """(() => {
    const form = document.forms[0];
    if (!form) return document.body.innerText;
    for (const [name, value] of [["login", "alice"], ["password", "any"]])
        if (form.elements[name]) form.elements[name].value = value;
    const button = form.querySelector("button[type=submit], button.login");
    button ? button.click() : form.submit();
    return null;
})()"""
"""Fills in and sends the page's form, or returns what a page without one says."""


class Chromium:
    """A browser with one page; messages are JSON with a zero byte behind (Chrome DevTools Protocol)."""

    def __init__(self, orders: IO[bytes], answers: IO[bytes]) -> None:
        self.orders = orders
        self.answers = answers
        self.session: str | None = None
        self._numbers = itertools.count(1)
        self._messages = self._receive()

    def send(self, method: str, **params: Any) -> int:
        """Send an order; return its number."""
        number = next(self._numbers)
        order = {"id": number, "method": method, "params": params} | (
            {"sessionId": self.session} if self.session else {}
        )
        self.orders.write(json.dumps(order).encode() + b"\0")
        self.orders.flush()
        return number

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send an order; return its result, passing events over."""
        number = self.send(method, **params)
        return next(message.get("result", {}) for message in self.listen() if message.get("id") == number)

    def listen(self) -> Iterator[dict[str, Any]]:
        """Give what the browser says from now on: what came with the answer that was waited for, too."""
        while True:
            yield next(self._messages)

    def _receive(self) -> Iterator[dict[str, Any]]:
        pending = b""
        while data := os.read(self.answers.fileno(), 65_536):
            *messages, pending = (pending + data).split(b"\0")
            yield from map(json.loads, messages)
        raise RuntimeError("the browser has gone")


def browse(address: str) -> str:
    """Sign in at `address`; return the text of the last page."""
    with run_chromium() as browser:
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.ask("Page.enable")
        browser.ask("Page.navigate", url=address)
        for message in browser.listen():
            if message.get("method") == "Page.loadEventFired":
                number = browser.send("Runtime.evaluate", expression=_ACT)
            elif "result" in message.get("result", {}) and message["id"] == number:
                text = message["result"]["result"].get("value")
                if text is not None:
                    return str(text)
    raise AssertionError


@contextmanager
def run_chromium() -> Iterator[Chromium]:
    """Run the browser until the block ends, at most for `SECONDS`."""
    their_orders, orders = os.pipe()
    answers, their_answers = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        script = f'exec timeout -k 5 {SECONDS} "$@" 3<&{their_orders} 4>&{their_answers}'
        process = subprocess.Popen(
            ["sh", "-c", script, "sh", PROGRAM, f"--user-data-dir={folder}", *_FLAGS],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(their_orders, their_answers), env={**os.environ, "HOME": folder},
        )  # fmt: skip
        os.close(their_orders)
        os.close(their_answers)
        try:
            with open(orders, "wb") as to, open(answers, "rb", buffering=0) as back:
                yield Chromium(to, back)
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    text = browse(sys.argv[1])
    with open(f"{os.environ['LAST_PAGE']}.new", "w") as file:
        file.write(text)
    os.rename(file.name, os.environ["LAST_PAGE"])
