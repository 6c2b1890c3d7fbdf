"""A real step-ca as a child process, for as long as somebody needs a CA to try things on."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from types import MappingProxyType

from adapters.ca.https_client import HEALTH, MAX_HEALTH_BYTES, HttpsClient
from domain.ca.url import CaUrl
from domain.errors import AuthorityError, NetworkError
from domain.formats.duration import NANOSECONDS

START_SECONDS, END_SECONDS = 60, 20
MAX_SHOWN_BYTES = 2000

_NOTHING: Mapping[str, str] = MappingProxyType({})


def find_step_ca(environment: Mapping[str, str]) -> str | None:
    """Return the path of step-ca: what STEP_CA says, else the one on PATH, None where there is neither."""
    return environment.get("STEP_CA") or shutil.which("step-ca", path=environment.get("PATH"))


def find_free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listened on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(
    program: str, folder: str, ca_url: CaUrl, root: bytes, environment: Mapping[str, str] = _NOTHING
) -> Iterator[None]:
    """Run step-ca on the step path `folder` until the block ends.

    Args:
        program: Its path.
        folder: The step path, absolute; its log goes to step-ca.log there.
        ca_url: Where it will listen.
        root: DER of its root certificate.
        environment: More than the HOME, STEPPATH and PATH that it is given.

    Raises:
        AuthorityError: it does not come up.
    """
    log = os.path.join(folder, "step-ca.log")
    surroundings = {"HOME": folder, "STEPPATH": folder, "PATH": os.environ.get("PATH", os.defpath), **environment}
    setpriv = shutil.which("setpriv")
    ends_with_us = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    with open(log, "wb") as output:
        process = subprocess.Popen(  # noqa: S603  # the program that the caller named
            [*ends_with_us, program, os.path.join(folder, "config", "ca.json")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=surroundings,
        )
    try:
        _wait_until_healthy(ca_url, root, process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(ca_url: CaUrl, root: bytes, process: "subprocess.Popen[bytes]", log: str) -> None:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline and process.poll() is None:
        if _listens(ca_url):
            client = HttpsClient(ca_url, [root], request_timeout=5 * NANOSECONDS, timeout=5 * NANOSECONDS)
            with suppress(NetworkError):
                client.get(HEALTH, MAX_HEALTH_BYTES)
                return
        sleep(0.02)
    with open(log, "rb") as file:
        said = file.read()[-MAX_SHOWN_BYTES:].decode("utf-8", "replace").strip()
    raise AuthorityError(f"step-ca did not come up: {said or 'it said nothing'}", f"read all of it in {log}")


def _listens(ca_url: CaUrl) -> bool:
    """Return whether something is there already, which takes less time than a request that is tried again."""
    with suppress(OSError), socket.create_connection((ca_url.host, ca_url.port or 443), 5):
        return True
    return False
