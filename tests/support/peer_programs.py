"""The real step-ca and step CLI: where they are, and what it takes to use them in a test."""

import importlib
import itertools
import os
import random
import shutil
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import attrs
import pytest

from adapters.ca.root_file import read_certificates
from adapters.ca.step_ca import serve
from domain.ca.url import parse_ca_url

REPOSITORY = Path(__file__).resolve().parents[2]
BUILT = REPOSITORY / ".cache" / "peers"
HOW_TO_GET = "install Go and run 'make peers', or name the program by {variable}"


def find_program(name: str) -> str | None:
    """Return the path of the peer `name` (step-ca or step): from the environment, built here, or on PATH."""
    variable = name.upper().replace("-", "_")
    named = os.environ.get(variable)
    if named:
        return named
    built = BUILT / name
    return str(built) if built.exists() else shutil.which(name)


def explain_absence(name: str) -> str:
    """Return why tests with the peer are left out, and how to have them."""
    return f"no {name} here: " + HOW_TO_GET.format(variable=name.upper().replace("-", "_"))


def require_program(name: str) -> str:
    """Return the peer's path, or leave the test out; with REQUIRE_PEERS=1 its absence is a failure."""
    program = find_program(name)
    if program is None:
        leave_out(explain_absence(name))
    return program


def require_module(name: str, reason: str) -> Any:
    """Return a module that only some tests use, or leave the test out as `require_program` does."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        leave_out(reason)


def leave_out(reason: str) -> NoReturn:
    """Skip the test; with REQUIRE_PEERS=1, where everything should be there, fail it."""
    if os.environ.get("REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _list_ports() -> Iterator[int]:
    """Give this process's share of the ports that no system gives out by itself, in an order of its own."""
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    ports = list(range(20_000 + int(worker.removeprefix("gw")), 32_768, int(workers)))
    random.Random().shuffle(ports)  # the common generator is Hypothesis's to seed
    return itertools.cycle(ports)


_PORTS = _list_ports()


def choose_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on, and that nothing but who asked for it will take."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


@attrs.frozen
class RunningCa:
    """A step-ca that serves a sandbox.

    Attributes:
        path: The sandbox, a step path.
        url: Its address.
    """

    path: Path
    url: str

    def tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.path / "certs" / "root_ca.crt"))


@contextmanager
def serve_ca(
    program: str, path: Path, url: str, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[RunningCa]:
    """Run step-ca on the sandbox `path`, with more in its environment, until the block ends.

    Raises:
        AuthorityError: it does not come up.
    """
    root = read_certificates((path / "certs" / "root_ca.crt").read_bytes())[0]
    with serve(program, str(path), parse_ca_url(url), root, environment):
        yield RunningCa(path, url)
