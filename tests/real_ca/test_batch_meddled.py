"""`batch --certificates` where the CA is busy, breaks off, answers wrongly, or the batch is ended in the middle."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.meddling_ca import Meddling, MeddlingCa, Signing, Told, serve_meddling, wait_for_rows
from tests.support.peer_programs import REPOSITORY, RunningCa
from tests.support.running import Result, execute

NAMES = [f"host-{number}.test" for number in range(8)]


def run(ca: MeddlingCa, folder: Path, *words: str) -> Result:
    """Get certificates for all names."""
    return execute(
        "batch", "-", "--certificates", str(folder), "--ca-url", ca.url, *words,
        environment={"STEPPATH": str(ca.ca.path)}, stdin="\n".join(NAMES).encode(),
    )  # fmt: skip


def read_rows(text: str) -> list[dict[str, Any]]:
    """Return the rows, all whole."""
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def check_pairs(folder: Path) -> set[str]:
    """Return the names of the certificates in a folder: each is whole, and has its key beside it."""
    names = {path.stem for path in folder.iterdir()}
    assert {path.name for path in folder.iterdir()} == {f"{name}.{end}" for name in names for end in ("crt", "key")}
    for name in names:
        leaf, *issuers = x509.load_pem_x509_certificates((folder / f"{name}.crt").read_bytes())
        key = load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
        assert issuers and leaf.public_key() == key.public_key()
    return names


def refuse_at_first(status: int) -> Meddling:
    """Answer the first attempt of every other subject with a status, the CA not asked."""

    def meddle(signing: Signing) -> Told | None:
        if signing.again == 0 and signing.subject[5] in "02468":
            return Told(status, b'{"message": "busy"}')
        return signing.pass_on()

    return meddle


def spend_at_first(told: Told | None) -> Meddling:
    """Have the CA take the first token of each, and answer something else."""

    def meddle(signing: Signing) -> Told | None:
        passed = signing.pass_on()
        return told if signing.again == 0 else passed

    return meddle


@pytest.mark.parametrize(
    ("meddling", "attempts"),
    [(refuse_at_first(429), 12), (refuse_at_first(503), 12), (spend_at_first(Told(502, b"")), 16),
     (spend_at_first(None), 16), (spend_at_first(Told(500, b"{}")), 16)],
    ids=["429", "503", "502-after", "broken-after", "500-after"],
)  # fmt: skip
def test_a_busy_ca_is_asked_again_by_new_tokens(
    running_ca: RunningCa, tmp_path: Path, meddling: Meddling, attempts: int
) -> None:
    """Each line gets its certificate, in order; no token is shown twice, and stderr tells of each further attempt."""
    with serve_meddling(running_ca, meddling) as front:
        got = run(front, tmp_path / "certs")
    assert got.status == 0, got.err
    assert [row["subject"] for row in read_rows(got.out)] == NAMES
    assert check_pairs(tmp_path / "certs") == set(NAMES)
    assert len(front.signings) == len({one.token for one in front.signings}) == attempts
    told = re.findall(r"^line \d: warning: .*; trying again with a new token$", got.err, re.MULTILINE)
    assert len(told) == attempts - len(NAMES)
    assert front.most <= 4


def test_one_that_stays_busy_fails_its_line_alone(running_ca: RunningCa, tmp_path: Path) -> None:
    """After pauses that --timeout bounds; the others go on meanwhile."""

    def meddle(signing: Signing) -> Told | None:
        return Told(429, b"{}") if signing.subject == NAMES[2] else signing.pass_on()

    with serve_meddling(running_ca, meddle) as front:
        got = run(front, tmp_path / "certs", "--timeout=10s", "--requests=2")
    assert got.status == 1
    assert "line 3: the CA fails with status 429" in got.err
    assert got.err.endswith("7 issued, 1 refused\n")
    assert check_pairs(tmp_path / "certs") == {*NAMES} - {NAMES[2]}
    assert sum(one.subject == NAMES[2] for one in front.signings) == 5  # after 0.5, 1, 2 and 4 seconds
    assert front.most <= 2


def test_a_wrong_certificate_fails_its_line_alone(running_ca: RunningCa, tmp_path: Path) -> None:
    """One for another key is kept nowhere."""
    first: list[Told] = []

    def meddle(signing: Signing) -> Told | None:
        told = signing.pass_on()
        if not first:
            first.append(told)
        return first[0] if signing.subject == NAMES[5] else told

    with serve_meddling(running_ca, meddle) as front:
        got = run(front, tmp_path / "certs")
    assert got.status == 1
    assert "line 6: the certificate that the CA answers with is for another key" in got.err
    assert [row["subject"] for row in read_rows(got.out)] == [name for name in NAMES if name != NAMES[5]]
    assert check_pairs(tmp_path / "certs") == {*NAMES} - {NAMES[5]}


def test_rows_come_in_the_order_of_the_lines(running_ca: RunningCa, tmp_path: Path) -> None:
    """Also where the first answers last; what the CA publishes is asked for once and not for each line."""

    def meddle(signing: Signing) -> Told | None:
        if signing.subject == NAMES[0]:
            time.sleep(2)
        return signing.pass_on()

    with serve_meddling(running_ca, meddle) as front:
        got = run(front, tmp_path / "certs")
    assert got.status == 0, got.err
    assert [row["subject"] for row in read_rows(got.out)] == NAMES
    assert len(front.asked) < len(NAMES)


def test_a_ca_that_is_gone_ends_the_batch(running_ca: RunningCa, tmp_path: Path) -> None:
    """With where to go on, and what was got is kept; going on gives each line once."""
    gone: list[MeddlingCa] = []

    def meddle(signing: Signing) -> Told | None:
        if signing.number == 3:
            gone[0].stop()
            return None
        return signing.pass_on()

    folder = tmp_path / "certs"
    with serve_meddling(running_ca, meddle) as front:
        gone.append(front)
        got = run(front, folder, "--timeout=3s", "--requests=1")
    assert got.status == 1
    rows = read_rows(got.out)
    assert [row["subject"] for row in rows] == NAMES[:3]
    assert "cannot be reached" in got.err
    assert "3 issued; continue with --resume-from 4" in got.err
    with serve_meddling(running_ca, pass_on) as front:
        rest = run(front, folder, "--resume-from=4")
    assert [row["subject"] for row in rows + read_rows(rest.out)] == NAMES
    assert check_pairs(folder) == set(NAMES)


def pass_on(signing: Signing) -> Told | None:
    """Meddle with nothing."""
    time.sleep(0.02)
    return signing.pass_on()


class Batch:
    """A batch in a process of its own whose rows go to a file."""

    def __init__(self, front: MeddlingCa, tmp_path: Path, rows: str, *words: str) -> None:
        self.folder, self.rows = tmp_path / "certs", tmp_path / rows
        (tmp_path / "hosts").write_text("\n".join(NAMES * 3))
        line = ["-m", "step_ott", "batch", str(tmp_path / "hosts"), "--certificates", str(self.folder)]
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "STEPPATH": str(front.ca.path)}
        with self.rows.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *line, "--ca-url", front.url, *words],
                env=environment, cwd=REPOSITORY, stdout=output, stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip

    def end(self) -> tuple[int, str]:
        """Return the status and what was said."""
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_is_on_its_way_finish(running_ca: RunningCa, tmp_path: Path, number: int) -> None:
    """Nothing new is begun, each certificate that the CA has signed is kept, and going on gives each line once."""

    def meddle(signing: Signing) -> Told | None:
        time.sleep(0.5)
        return signing.pass_on()

    with serve_meddling(running_ca, meddle) as front:
        batch = Batch(front, tmp_path, "rows")
        wait_for_rows(batch.rows, 4)
        batch.process.send_signal(number)
        status, said = batch.end()
        assert status == 130, said
        rows = read_rows(batch.rows.read_text())
        assert [row["line"] for row in rows] == list(range(1, len(front.signings) + 1))
        assert 4 <= len(rows) <= 12
        assert f"{len(rows)} issued; continue with --resume-from {len(rows) + 1}" in said.splitlines(), said
        rest = Batch(front, tmp_path, "rest", f"--resume-from={len(rows) + 1}")
        assert rest.end()[0] == 0
    rows += read_rows(rest.rows.read_text())
    assert [row["line"] for row in rows] == list(range(1, 25))
    assert len(check_pairs(batch.folder)) == 24


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_batch_leaves_whole_pairs(running_ca: RunningCa, tmp_path: Path, seed: int) -> None:
    """Every row has its pair, at most one pair has no row, and going on after the last row gives the other lines."""
    chance = random.Random(seed)
    with serve_meddling(running_ca, pass_on) as front:
        batch = Batch(front, tmp_path, "rows")
        wait_for_rows(batch.rows, chance.randrange(1, 20))
        time.sleep(chance.random() / 50)
        batch.process.kill()
        batch.end()
        time.sleep(0.5)  # who gives a pair its names outlives the process
        rows = read_rows(batch.rows.read_text())
        pairs = check_pairs(batch.folder)
        named = {row["certificate"].removesuffix(".crt") for row in rows}
        assert named <= pairs
        assert len(pairs - named) <= 1
        rest = Batch(front, tmp_path, "rest", f"--resume-from={len(rows) + 1}")
        assert rest.end()[0] == 0
    assert [row["line"] for row in rows + read_rows(rest.rows.read_text())] == list(range(1, 25))
    check_pairs(batch.folder)


def test_a_second_signal_waits_for_nothing(running_ca: RunningCa, tmp_path: Path) -> None:
    """What is on its way is given up, and stderr says where to go on all the same."""

    def meddle(signing: Signing) -> Told | None:
        if signing.number >= 4:
            time.sleep(20)
        return signing.pass_on()

    with serve_meddling(running_ca, meddle) as front:
        batch = Batch(front, tmp_path, "rows")
        wait_for_rows(batch.rows, 4)
        begin = time.monotonic()
        for _ in range(2):
            batch.process.send_signal(signal.SIGINT)
            time.sleep(1)
        status, said = batch.end()
        assert time.monotonic() - begin < 12
    assert status == 130
    assert "4 issued; continue with --resume-from 5" in said.splitlines()
    assert check_pairs(batch.folder) == set(NAMES[:4])


def test_a_folder_that_is_full_ends_the_batch(running_ca: RunningCa, tmp_path: Path) -> None:
    """A pair that cannot be written has no row, and nothing of it is left; stderr says where to go on."""
    folder = tmp_path / "certs"

    def meddle(signing: Signing) -> Told | None:
        if signing.number == 3:
            folder.rename(tmp_path / "moved")
        return signing.pass_on()

    with serve_meddling(running_ca, meddle) as front:
        got = run(front, folder, "--requests=1")
    assert got.status == 1
    rows = read_rows(got.out)
    assert check_pairs(tmp_path / "moved") == {row["subject"] for row in rows}
    assert f"{len(rows)} issued; continue with --resume-from {len(rows) + 1}" in got.err
