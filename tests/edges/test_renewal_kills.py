"""A renewal or a rekeying that is killed leaves the old certificate and key, or the new ones; never one of each."""

import fcntl
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.enrolled import Enrolled, enroll
from tests.support.hostile_ca import Request, root, serve
from tests.support.peer_programs import REPOSITORY, RunningCa
from tests.support.provisioned_ca import hold_leaf

COUNT = int(os.environ.get("RENEWAL_KILLS", "10"))
PATIENCE = 60


def start(*words: str, **environment: str) -> subprocess.Popen[bytes]:
    """Start a command."""
    argv = [sys.executable, "-m", "entrypoints.cli", "ca", *words]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(argv, stdout=quiet, stderr=quiet, env=os.environ | environment, cwd=REPOSITORY)


@pytest.mark.parametrize("command", ["renew", "rekey"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_who_is_killed_while_the_ca_thinks_leaves_all_as_it_was(
    number: signal.Signals, command: str, tmp_path: Path
) -> None:
    """The request is with the CA, the answer never comes: no file is new, none is changed."""
    (tmp_path / "root.crt").write_bytes(root().pem)
    held = hold_leaf(tmp_path, root().certificate, root().key, "web.test")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    asked = threading.Event()

    def think(request: Request) -> list[bytes]:
        asked.set()
        request.stopped.wait(PATIENCE)
        return [b""]

    with serve(think) as server:
        reach = ("--ca-url", server.url, "--root", str(tmp_path / "root.crt"), "--force")
        with start(command, str(held.certificate), str(held.key), *reach, STEPPATH=str(tmp_path / "none")) as process:
            assert asked.wait(PATIENCE)
            process.send_signal(number)
            assert process.wait(PATIENCE) != 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("command", ["renew", "rekey"])
def test_who_is_killed_at_any_moment_leaves_a_pair(command: str, running_ca: RunningCa, tmp_path: Path) -> None:
    """Certificate and key fit each other, each is whole, and nothing else is there."""
    held = enroll(running_ca.path, tmp_path / "held")
    chance = random.Random(1)  # no secret
    for _ in range(COUNT):
        with start(command, *held.files(), "--force", **held.environment) as process:
            try:
                process.wait(chance.uniform(0.2, 1.2))
            except subprocess.TimeoutExpired:
                process.kill()
        _settle(held)
        chain = x509.load_pem_x509_certificates(held.certificate.read_bytes())
        key = load_pem_private_key(held.key.read_bytes(), None)
        assert len(chain) == 2 and chain[0].public_key() == key.public_key()
        assert not held.left_behind()


PROBE = """
import os, sys
from adapters.output import files_together
run_apart = files_together._run_apart
number = int(sys.argv.pop(1))
def struck(work):
    os.kill(os.getpid(), number)
    return run_apart(work)
files_together._run_apart = struck
from entrypoints import cli
cli.run()
"""


@pytest.mark.parametrize("command", ["renew", "rekey"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("has_service", [False, True])
def test_who_is_killed_at_delivery_says_what_is_there(
    has_service: bool, number: signal.Signals, command: str, running_ca: RunningCa, tmp_path: Path
) -> None:
    """The status is that of a success where nothing is left to do; where a service was not told, that of a kill."""
    held = enroll(running_ca.path, tmp_path / "held")
    old, told = held.serial, tmp_path / "told"
    words = (command, *held.files(), "--force", *(("--exec", f"touch {told}") if has_service else ()))
    argv = [sys.executable, "-c", PROBE, str(int(number)), "ca", *words]
    got = subprocess.run(argv, env=os.environ | held.environment, cwd=REPOSITORY, capture_output=True, check=False)
    assert held.serial != old and held.fits() and not told.exists()
    assert (got.returncode == 0) is not has_service, got.stderr


def _settle(held: Enrolled) -> None:
    """Wait until nobody gives names in the folder any more."""
    folder = os.open(held.certificate.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    os.close(folder)
