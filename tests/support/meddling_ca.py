"""A server in front of a real step-ca that passes requests on, and meddles with those that sign."""

import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.support.hostile_ca import Credential, issue, make_server_context
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import read_issuer

SECONDS = 30


@attrs.frozen
class Told:
    """An answer; None for a connection that breaks."""

    status: int
    body: bytes


Meddling: TypeAlias = Callable[["Signing"], Told | None]


@attrs.frozen
class Signing:
    """A request to sign.

    Attributes:
        number: How many there were before.
        subject: Of its CSR.
        token: What it spends.
        again: How many there were before for the same subject.
        pass_on: Asks the CA behind.
    """

    number: int
    subject: str
    token: str
    again: int
    pass_on: Callable[[], Told]


@attrs.define(eq=False)
class MeddlingCa:
    """The server.

    Attributes:
        url: Its address.
        asked: The paths of the requests to read.
        signings: The requests to sign.
        most: How many of these were there at a time.
    """

    ca: RunningCa
    meddling: Meddling
    server: ThreadingHTTPServer
    url: str = ""
    asked: list[str] = attrs.field(factory=list)
    signings: list[Signing] = attrs.field(factory=list)
    most: int = 0
    _now: int = 0
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def pass_on(self, method: str, path: str, body: bytes | None) -> Told:
        """Return what the CA behind says."""
        context = ssl.create_default_context(cafile=str(self.ca.path / "certs" / "root_ca.crt"))
        asked = urllib.request.Request(f"{self.ca.url}{path}", body, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=SECONDS, context=context) as got:
                return Told(got.status, got.read())
        except urllib.error.HTTPError as error:
            return Told(error.code, error.read())

    def sign(self, path: str, body: bytes) -> Told | None:
        """Return what the meddler says to a request to sign."""
        members = json.loads(body)
        name = x509.load_pem_x509_csr(members["csr"].encode()).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        subject = str(name[0].value)
        with self._lock:
            again = sum(one.subject == subject for one in self.signings)
            signing = Signing(
                len(self.signings), subject, members["ott"], again, lambda: self.pass_on("POST", path, body)
            )
            self.signings.append(signing)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return self.meddling(signing)
        finally:
            with self._lock:
                self._now -= 1

    def stop(self) -> None:
        """Listen no longer."""
        self.server.socket.close()


@contextmanager
def serve_meddling(ca: RunningCa, meddling: Meddling) -> Iterator[MeddlingCa]:
    """Run such a server in front of a CA, with a certificate by the CA's root."""
    root = Credential(*read_issuer(ca.path, "root_ca"))
    certificate = issue("front", root, names=("127.0.0.1", "localhost"))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = SECONDS

        def do_GET(self) -> None:
            front.asked.append(self.path)
            self._tell(front.pass_on("GET", self.path, None))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._tell(front.sign(self.path, body))

        def _tell(self, told: Told | None) -> None:
            if told is None:
                self.close_connection = True
                return
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = make_server_context(certificate).wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    front = MeddlingCa(ca, meddling, server, f"https://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join(SECONDS)


def wait_for_rows(path: Path, count: int) -> None:
    """Wait until a file has so many lines."""
    deadline = time.monotonic() + 2 * SECONDS
    while path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
