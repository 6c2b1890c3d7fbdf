"""A metadata service on 127.0.0.1 that answers as a test tells it to, over plain HTTP."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

import attrs

from tests.support.hostile_ca import IDLE_SECONDS, accepting, answer, listen, take_connections

VARIABLES = {
    "GCP": "GCE_METADATA_HOST",
    "AWS": "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "Azure": "AZURE_POD_IDENTITY_AUTHORITY_HOST",
}
"""What tells step-ott where the service is, by the type of provisioner."""


@attrs.frozen
class Asked:
    """A request as the service got it.

    Attributes:
        target: As in the first line: a path with its query, or before a proxy a whole URL.
        stopped: Set when the service stops; an answer that stalls waits for it.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    stopped: threading.Event = attrs.field(repr=False)

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's values, decoded."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


Behaviour: TypeAlias = Callable[[Asked], bytes | Iterable[bytes]]
"""A request to the bytes of its answer."""


@attrs.define
class MetadataHost:
    """A running service.

    Attributes:
        port: Where it listens on 127.0.0.1.
        requests: What it got so far.
    """

    listener: socket.socket
    behaviour: Behaviour
    port: int
    requests: list[Asked] = attrs.field(factory=list)
    stopped: threading.Event = attrs.field(factory=threading.Event)

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Its address, as the variables want it and errors name it."""
        return f"http://{self.address}"

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Method and path of what it got."""
        return [(request.method, request.path) for request in self.requests]

    def environment(self) -> dict[str, str]:
        """Return the environment in which it is every cloud's."""
        return dict.fromkeys(VARIABLES.values(), self.url)

    def accept(self) -> None:
        """Take connections until the listener is closed."""
        for connection in take_connections(self.listener, self.stopped):
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        stream.settimeout(IDLE_SECONDS)
        with stream, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                received = stream.recv(65_536)
                if not received:
                    return
                head += received
            first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            method, target, _ = first.split(" ")
            request = Asked(method, target, headers, self.stopped)
            self.requests.append(request)
            told = self.behaviour(request)
            for part in [told] if isinstance(told, bytes) else told:
                stream.sendall(part)


@contextmanager
def serve_metadata(behaviour: Behaviour) -> Iterator[MetadataHost]:
    """Run a service until the block ends; after each answer it closes the connection."""
    with listen() as listener:
        host = MetadataHost(listener, behaviour, listener.getsockname()[1])
        with accepting(host, listener):
            yield host


def tell(body: bytes, status: int = 200, **headers: str) -> bytes:
    """Return an HTTP answer after which the connection ends."""
    return answer(body, status, Connection="close", **headers)
