"""A proxy on this machine that tunnels to one port, and remembers what it was asked."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import attrs

from tests.support.hostile_ca import IDLE_SECONDS, listen


@attrs.define
class ConnectProxy:
    """A proxy that tunnels to one port of this machine, whatever name is asked for.

    Attributes:
        refusal: What it answers instead, where it is to refuse.
        context: What it speaks TLS by, None where it does not.
        asked: The heads of the requests that it got.
    """

    listener: socket.socket
    target_port: int
    refusal: bytes = b""
    context: ssl.SSLContext | None = None
    asked: list[str] = attrs.field(factory=list)

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        client.settimeout(IDLE_SECONDS)
        with suppress(OSError):
            self._serve(client if self.context is None else self.context.wrap_socket(client, server_side=True))

    def _serve(self, client: socket.socket) -> None:
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self.asked.append(head.decode("latin-1"))
            if self.refusal:
                client.sendall(self.refusal)
                return
            with socket.create_connection(("127.0.0.1", self.target_port), IDLE_SECONDS) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                threading.Thread(target=pump, args=(server, client), daemon=True).start()
                pump(client, server)


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass on what comes from `source` until it ends."""
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)


@contextmanager
def run_proxy(target_port: int, refusal: bytes = b"", context: ssl.SSLContext | None = None) -> Iterator[ConnectProxy]:
    """Run a proxy until the block ends."""
    with listen() as listener:
        proxy = ConnectProxy(listener, target_port, refusal, context)
        thread = threading.Thread(target=proxy.accept, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(IDLE_SECONDS)
