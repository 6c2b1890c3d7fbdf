"""The certificate that a TLS client shows of itself, with its key."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from adapters.process.interruption import deciding
from domain.errors import InputError, OutputError, translating

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

_OPEN_FILES = "/proc/self/fd"


class Identity:
    """A chain of certificates, the leaf first, and the leaf's key.

    Attributes:
        chain: PEM.
        key: PEM, not encrypted; never shown.
    """

    def __init__(self, chain: bytes, key: bytes) -> None:
        self.chain = chain
        self.key = key

    def show_in(self, context: ssl.SSLContext) -> None:
        """Let a context show it to servers that ask.

        Raises:
            InputError: TLS has no use for the key, or it is not the leaf's.
            OutputError: they cannot be written to where TLS reads them.
        """
        with (
            translating(lambda _: InputError("the certificate and its key cannot be used for TLS", "check both")),
            _readable_by_path(self.chain + self.key) as path,
        ):
            context.load_cert_chain(path)


@contextmanager
def _readable_by_path(content: bytes) -> Iterator[str]:
    """Give a path by which this process alone reads `content`, which `ssl` takes from files only.

    On Linux it is in memory, and nothing is left however the process ends; elsewhere a file of mode 0600 for a moment.
    """
    if hasattr(os, "memfd_create") and os.path.exists(_OPEN_FILES):
        with _explained():
            descriptor = os.memfd_create("step-ott", os.MFD_CLOEXEC)
        try:
            _write(descriptor, content)
            yield f"{_OPEN_FILES}/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with deciding():
        with _explained():
            descriptor, path = tempfile.mkstemp(prefix=".step-ott-")
        try:
            _write(descriptor, content)
            yield path
        finally:
            os.close(descriptor)
            with suppress(OSError):
                os.unlink(path)


def _write(descriptor: int, content: bytes) -> None:
    with _explained():
        while content:
            content = content[os.write(descriptor, content) :]


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"the certificate and its key cannot be written to memory for TLS: {error.strerror}"
        fix = "check the limits of this process: files (ulimit -f), open files (ulimit -n) and memory"
        raise OutputError(what, fix) from error
