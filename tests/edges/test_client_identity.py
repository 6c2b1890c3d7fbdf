"""The certificate that a TLS client shows: its key is on no disk, and nothing is left of it."""

import os
import resource
import ssl
import stat
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from unittest import mock

import pytest

from adapters.http import identity
from adapters.http.identity import Identity
from adapters.http.pool import make_tls_context
from domain.errors import InputError, OutputError
from tests.support.forked_child import run_in_child
from tests.support.hostile_ca import issue, leaf, root

WAYS: dict[str, AbstractContextManager[object]] = {
    "memory": nullcontext(),
    "a file": mock.patch.object(identity, "_OPEN_FILES", "/nonexistent"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_context_shows_it_and_nothing_is_left(way: str, tmp_path: Path) -> None:
    """On Linux it is in memory; elsewhere for a moment in a file that nobody else reads."""
    seen: list[tuple[str, int]] = []

    class Watched(ssl.SSLContext):
        def load_cert_chain(self, certfile: str, *_: object) -> None:  # type: ignore[override]
            seen.append((certfile, stat.S_IMODE(os.stat(certfile).st_mode)))
            super().load_cert_chain(certfile)

    opened = set(os.listdir("/proc/self/fd"))
    with WAYS[way], mock.patch.object(tempfile, "tempdir", str(tmp_path)):
        Identity(leaf().pem, leaf().key_pem).show_in(Watched(ssl.PROTOCOL_TLS_CLIENT))
    ((path, mode),) = seen
    assert (
        path.startswith("/proc/self/fd/")
        if way == "memory"
        else (path.startswith(str(tmp_path)), mode) == (True, 0o600)
    )
    assert list(tmp_path.iterdir()) == [] and set(os.listdir("/proc/self/fd")) == opened


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "wrong", [Identity(leaf().pem, issue("other").key_pem), Identity(b"", b""), Identity(leaf().pem, b"")]
)
def test_what_tls_cannot_use_is_an_error(wrong: Identity, way: str, tmp_path: Path) -> None:
    """Another certificate's key, or none; nothing is left of it either."""
    with WAYS[way], mock.patch.object(tempfile, "tempdir", str(tmp_path)), pytest.raises(InputError, match="for TLS"):
        make_tls_context([root().der], wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_limit_of_the_process_is_not_the_certificates_fault(way: str, tmp_path: Path) -> None:
    """As under `ulimit -f 1`, which holds for what is in memory too."""

    def show() -> bool:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        with pytest.raises(OutputError, match=r"cannot be written to memory.*: File too large: check the limits"):
            Identity(leaf().pem, leaf().key_pem).show_in(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        return list(tmp_path.iterdir()) == []

    leaf()
    with WAYS[way], mock.patch.object(tempfile, "tempdir", str(tmp_path)):
        assert run_in_child(show)


def test_a_key_has_no_representation() -> None:
    """It is in no log."""
    assert "PRIVATE" not in repr(Identity(leaf().pem, leaf().key_pem))
