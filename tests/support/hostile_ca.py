"""A TLS server on 127.0.0.1 that answers as a test tells it to, and certificates made on the fly."""

import contextlib
import ipaddress
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Protocol, TypeAlias

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

IDLE_SECONDS = 30
"""How long a connection may stand still before the server gives it up: a bound, never waited for."""


@attrs.frozen
class Credential:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = attrs.field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def issue(
    subject: str,
    issuer: Credential | None = None,
    names: Sequence[str] = (),
    is_authority: bool = False,
    days: int = 1,
    begin: int = -2,
    key: ec.EllipticCurvePrivateKey | None = None,
    *,
    path_length: int | None = None,
    more: Sequence[x509.ExtensionType] = (),
) -> Credential:
    """Return a certificate for `subject` and `names`, signed by `issuer` or itself, valid from `begin` to `days`.

    Its `key` is a new one where none is given; `more` are critical extensions.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own_name)
        .issuer_name(issuer.certificate.subject if issuer else own_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begin))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for extension in more:
        builder = builder.add_extension(extension, critical=True)
    if issuer:
        vouching = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(vouching, critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False)
    return Credential(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@cache
def root() -> Credential:
    """The root that the server's certificate is issued by unless a test says otherwise."""
    return issue("Test Root", is_authority=True)


@cache
def leaf() -> Credential:
    """The server's certificate unless a test says otherwise."""
    return issue("server", root(), names=("127.0.0.1", "ca.test"))


@attrs.frozen
class Request:
    """A request as the server got it.

    Attributes:
        connection: The number of the connection that it came on, from 1.
        stopped: Set when the server stops; an answer that stalls waits for it.
        body: What came behind the head.
    """

    target: str
    headers: dict[str, str]
    connection: int
    stopped: threading.Event = attrs.field(repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


Behaviour: TypeAlias = Callable[[Request], bytes | Iterable[bytes]]
"""A request to the bytes of its answer; no bytes close the connection."""


def answer(body: object, status: int = 200, **headers: str) -> bytes:
    """Return an HTTP answer: `body` as it is where it is bytes, else as JSON; underscores in names are dashes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Length": str(len(content))} | {k.replace("_", "-"): v for k, v in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Told\r\n{head}\r\n".encode("latin-1") + content


def stall(request: Request) -> Iterator[bytes]:
    """Answer nothing, and hold the connection open until the server stops."""
    request.stopped.wait(IDLE_SECONDS)
    yield b""


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def endless(head: bytes, piece: bytes) -> Behaviour:
    """Answer with `head`, and then with `piece` again and again, as fast as the client takes it."""

    def tell(request: Request) -> Iterator[bytes]:
        yield head
        while not request.stopped.is_set():
            yield piece

    return tell


def in_turn(*answers: bytes) -> Behaviour:
    """Give the answers one after the other, the last one from then on."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def take_connections(listener: socket.socket, stopped: threading.Event) -> Iterator[socket.socket]:
    """Give the connections that come until the listener is closed."""
    while not stopped.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        yield connection


@attrs.define
class HostileCa:
    """A running server.

    Attributes:
        port: Where it listens on 127.0.0.1.
        requests: What it got so far.
        handshakes: How many times a client came.
        connections: How many TLS connections came of it.
    """

    listener: socket.socket
    context: ssl.SSLContext
    behaviour: Behaviour
    port: int
    requests: list[Request] = attrs.field(factory=list)
    handshakes: int = 0
    connections: int = 0
    stopped: threading.Event = attrs.field(factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        """What the requests asked for."""
        return [request.target for request in self.requests]

    def accept(self) -> None:
        """Take connections until the listener is closed."""
        for connection in take_connections(self.listener, self.stopped):
            self.handshakes += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(IDLE_SECONDS)
        with plain, contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as stream:
            self.connections += 1
            number = self.connections
            while (request := self._read_request(stream, number)) is not None:
                self.requests.append(request)
                told = self.behaviour(request)
                closes = False
                for part in [told] if isinstance(told, bytes) else told:
                    stream.sendall(part)
                    closes = closes or not part or b"\r\nConnection: close\r\n" in part
                if closes:
                    return

    def _read_request(self, stream: ssl.SSLSocket, number: int) -> Request | None:
        head = b""
        while b"\r\n\r\n" not in head:
            received = stream.recv(65_536)
            if not received:
                return None
            head += received
        head, _, body = head.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            received = stream.recv(65_536)
            if not received:
                return None
            body += received
        return Request(first.split(" ")[1], headers, number, self.stopped, body)


def make_server_context(credential: Credential, chain: Sequence[Credential] = ()) -> ssl.SSLContext:
    """Return what a server speaks TLS by that shows a certificate, and others with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(credential.key_pem + credential.pem + b"".join(other.pem for other in chain))
        file.flush()
        context.load_cert_chain(file.name)
    return context


@contextmanager
def serve(
    behaviour: Behaviour, credential: Credential | None = None, chain: Sequence[Credential] = (), **settings: Any
) -> Iterator[HostileCa]:
    """Run a server until the block ends.

    Args:
        behaviour: What it answers.
        credential: Its certificate, `leaf()` unless given.
        chain: What it sends with the certificate.
        settings: Attributes of its TLS context, such as `maximum_version`.
    """
    context = make_server_context(credential or leaf(), chain)
    context.set_ciphers("ALL:@SECLEVEL=0")
    for name, value in settings.items():
        setattr(context, name, value)
    with listen() as listener:
        server = HostileCa(listener, context, behaviour, listener.getsockname()[1])
        with accepting(server, listener):
            yield server


class Server(Protocol):
    """Accepts connections, each to its end or its own."""

    stopped: threading.Event

    def accept(self) -> None: ...


@contextmanager
def accepting(server: Server, listener: socket.socket) -> Iterator[None]:
    """Have the server accept connections until the block ends."""
    thread = threading.Thread(target=server.accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(IDLE_SECONDS)


@contextmanager
def listen() -> Iterator[socket.socket]:
    """Listen on a free port of 127.0.0.1; what nobody accepts is a connection that stays silent."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@contextmanager
def refuse_connections() -> Iterator[int]:
    """Give a port of 127.0.0.1 that refuses connections, and that nobody else gets, until the block ends."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
