"""`ca certificate` while its process is killed: the old pair or the whole new one, and an exit status that says which.

`FILE_KILLS` says how many kills; what is done at each very step of writing is in `tests/edges/test_files_together.py`.
"""

import fcntl
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS
from tests.support.signing_ca import NAME, SigningCa, serve_signing_ca

COUNT = int(os.environ.get("FILE_KILLS", "12"))
NUMBERS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def run(ca: SigningCa, folder: Path, number: int, moment: float) -> int:
    """Run the command, kill its group by a signal at a moment, and return its status, negative for a signal."""
    words = ["ca", "certificate", NAME, str(folder / "web.crt"), str(folder / "web.key"), "--force"]
    place = [
        "--ca-url",
        ca.server.url,
        "--root",
        str(ca.folder / "root.crt"),
        "--key",
        str(ca.folder / "provisioner.jwk"),
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli", *words, *place], cwd=REPOSITORY, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "STEPPATH": "/nonexistent"},
    ) as process:  # fmt: skip
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, number)
        return process.wait(PROCESS_SECONDS)


def look(folder: Path) -> bytes | None:
    """Return the certificate, None where there is none; it belongs to the key, and nothing else is there."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # until who gives the names has given them
    os.close(descriptor)
    there = set(os.listdir(folder))
    if not there:
        return None
    assert there == {"web.crt", "web.key"}
    data = (folder / "web.crt").read_bytes()
    key = load_pem_private_key((folder / "web.key").read_bytes(), None)
    assert x509.load_pem_x509_certificates(data)[0].public_key() == key.public_key()
    return data


def test_a_kill_at_any_moment_leaves_a_pair_or_none(tmp_path: Path) -> None:
    """For every signal, over nothing and over an old pair, from the start of a run to its end."""
    moments, made = random.Random(14), 0
    (tmp_path / "ca").mkdir()
    with serve_signing_ca(tmp_path / "ca") as ca:
        for count in range(COUNT):
            folder = tmp_path / str(count % 2)  # every other run finds what one left
            folder.mkdir(exist_ok=True)
            if count == 0:
                start = monotonic()
                assert run(ca, folder, signal.SIGKILL, PROCESS_SECONDS) == 0
                length = monotonic() - start
            before, number = look(folder), NUMBERS[count % 4]
            status = run(ca, folder, number, moments.uniform(moments.choice((0.0, 0.7)), 1.2) * length)
            after = look(folder)
            made += after != before
            if number is not signal.SIGKILL:
                assert (after != before) is (status == 0), (count, status)
    print(f"{COUNT} kills: {made} pairs were new, {COUNT - made} as before")
