"""The command `batch` in processes of its own: what comes out, what is refused, and how it ends."""

import contextlib
import fcntl
import json
import os
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from domain.formats import base64url
from entrypoints.command_line.commands import BATCH
from tests.support.hostile_ca import answer, root, serve
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.peer_programs import REPOSITORY, RunningCa
from tests.support.provisioned_ca import K8SSA, ProvisionedCa
from tests.support.pseudo_terminal import run_cli_on_terminal
from tests.support.running import PROCESS_SECONDS, Result, decode_part, execute, list_children, more_descriptors

COMMAND = [sys.executable, "-m", "entrypoints.cli", "batch"]


@pytest.fixture
def place(tmp_path: Path) -> OfflinePlace:
    """A place to mint in without a CA."""
    return prepare_place(tmp_path)


def environment_of(place: OfflinePlace) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "STEPPATH": str(place.path / "step")}


def mint(place: OfflinePlace, *words: str, lines: str | bytes = "") -> Result:
    """Run `batch` on these lines."""
    stdin = lines if isinstance(lines, bytes) else lines.encode()
    return execute("batch", *place.flags, *words, environment=environment_of(place), stdin=stdin)


def read_rows(out: str) -> list[dict[str, Any]]:
    assert not out or out.endswith("\n")
    return [json.loads(line) for line in out.splitlines()]


def list_lines(count: int) -> str:
    return "".join(f"host-{number}.test\n" for number in range(1, count + 1))


# -- What comes out ---------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", ["1", "2", "3"])
def test_every_line_gives_its_token_in_order(place: OfflinePlace, workers: str) -> None:
    """Rows tell line, subject, token, identifier and expiry; blank lines count and give nothing; all are different."""
    result = mint(place, "--workers", workers, lines="\ufeffa\r\n\n" + list_lines(500) + '{"subject":"é","sans":["b"]}')
    rows = read_rows(result.out)
    assert (result.status, result.err.splitlines()[1:]) == (0, ["502 minted"])
    assert [row["line"] for row in rows] == [1, *range(3, 504)]
    assert [row["subject"] for row in rows] == ["a", *list_lines(500).split(), "é"]
    claims = [decode_part(row["token"], 1) for row in rows]
    assert [one["sub"] for one in claims] == [row["subject"] for row in rows]
    assert [one["sans"] for one in claims] == [*([row["subject"]] for row in rows[:-1]), ["b"]]
    assert [one["jti"] for one in claims] == [row["jti"] for row in rows]
    assert len({row["jti"] for row in rows}) == 502
    nonces = {base64url.decode(row["token"].split(".")[2])[:32] for row in rows}
    assert len(nonces) == 502  # two ECDSA signatures with the same one give the key away


def test_formats(place: OfflinePlace) -> None:
    """Bare tokens a line each, or JSON with the members in their order."""
    tokens = mint(place, "--format", "tokens", lines="a\nb\n").out.splitlines()
    assert [decode_part(token, 1)["sub"] for token in tokens] == ["a", "b"]
    assert re.fullmatch(
        r'\{"line":1,"subject":"a","token":"[\w.-]+","jti":"[0-9a-f]{64}","expires_at":"[0-9T:-]+Z"\}\n',
        mint(place, lines="a\n").out,
    )


def test_the_flags_are_the_defaults(place: OfflinePlace) -> None:
    """What a line does not say, flags and environment do."""
    lines = '{"subject":"a"}\n{"subject":"b","principals":["x"],"cert_not_after":"2h"}\n'
    rows = read_rows(mint(place, "-", "--ssh", "--host", "--principal=p", "--cert-not-after=1h", lines=lines).out)
    ssh = [decode_part(row["token"], 1)["step"]["ssh"] for row in rows]
    assert [(one["certType"], one["principals"], one["validBefore"]) for one in ssh] == [
        ("host", ["p"], "1h0m0s"), ("host", ["x"], "2h0m0s"),
    ]  # fmt: skip


def test_bad_lines_are_told_and_the_rest_goes_on(place: OfflinePlace) -> None:
    """Each with its number and reason, escaped, in order; the exit status is 1 and the end counts both."""
    lines = (
        b'a\n{"subject":\n\xff\n\n{"subject":"b\x1b","san":1}\n{"subject":"c","not_after":"2h"}\nd\n' + b"e\n" * 2000
    )
    result = mint(place, lines=lines)
    _, *told, last = result.err.splitlines()
    assert result.status == 1
    assert [line.split(":")[0] for line in told] == ["line 2", "line 3", "line 5", "line 6"]
    assert last == "2,002 minted, 4 refused"
    assert result.err.replace("\n", "").isprintable()
    assert [row["line"] for row in read_rows(result.out)] == [1, 7, *range(8, 2008)]


def test_a_list_in_another_format_gives_no_token(place: OfflinePlace) -> None:
    """Comments are passed over and counted; notes, aliases, columns and old line ends are refused by their numbers."""
    listed = b"# web servers\nhost1  # primary\nhost2,host2.example.com\n\thost3\t10.0.0.3\na\rb\r\n  # the end\n"
    result = mint(place, lines=listed)
    *_, first, second, third, fourth, last = result.err.splitlines()
    assert (result.status, result.out, last) == (1, "", "0 minted, 4 refused, 2 comments")
    assert "line 2: a bare subject cannot contain '#': put the comment on a line of its own, or write" in first
    assert first.endswith('{"subject": "host1  # primary"}')
    assert "line 3: a bare subject cannot contain a comma" in second and "line 4:" in third and "line 5:" in fourth
    result = mint(place, lines="# one\na\n")
    assert (result.status, [row["line"] for row in read_rows(result.out)]) == (0, [2])
    assert result.err.endswith("1 minted, 1 comment\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_list_in_utf_16_is_refused_whole(place: OfflinePlace, encoding: str) -> None:
    """Before any token, with the command that converts it."""
    result = mint(place, lines="a.example\nb.example\n".encode(encoding))
    assert (result.status, result.out) == (1, "")
    told = r"step-ott: standard input is (UTF-16(?:LE|BE)?), not UTF-8: convert it: iconv -f \1 -t UTF-8"
    assert re.fullmatch(told, result.err.splitlines()[-1])


def test_resuming_begins_with_the_line(place: OfflinePlace) -> None:
    """Numbers stay those of the file."""
    rows = read_rows(mint(place, "--resume-from", "298", lines=list_lines(300)).out)
    assert [(row["line"], row["subject"]) for row in rows] == [(n, f"host-{n}.test") for n in (298, 299, 300)]


@pytest.mark.parametrize("is_piped", [False, True], ids=["file", "standard input"])
def test_resuming_past_the_end_is_an_error(place: OfflinePlace, is_piped: bool) -> None:
    """A number that no batch of this list can have ended with is refused; where all is done there is nothing to do."""
    (place.path / "hosts").write_text(list_lines(300))
    words, lines = ([], list_lines(300)) if is_piped else ([str(place.path / "hosts")], "")
    done = mint(place, *words, "--resume-from=301", lines=lines)
    assert (done.status, done.out) == (0, "") and done.err.endswith("\n0 minted\n")
    result = mint(place, *words, "--resume-from=302", lines=lines)
    assert (result.status, result.out) == (2, "")
    assert re.search(
        r"--resume-from 302 is past the end: .* has 300 lines: go on after the last row's line\n$", result.err
    )
    assert is_piped or "Provisioner" not in result.err  # before any password is asked for


def test_a_file_for_each_token(place: OfflinePlace) -> None:
    """The folder holds the tokens, and what is printed says which is whose, without them."""
    folder = place.path / "tokens"
    result = mint(place, "--output-dir", str(folder), "--workers=2", lines="../../x\n.a\n" + list_lines(200) + ".a\n")
    rows = read_rows(result.out)
    assert result.status == 0 and sorted(row["file"] for row in rows) == sorted(os.listdir(folder))
    assert len(rows) == 203 and "eyJ" not in result.out
    for row in rows:
        path = folder / row["file"]
        assert decode_part(path.read_text(), 1)["sub"] == row["subject"] and path.stat().st_mode & 0o777 == 0o600
    again = mint(place, "--output-dir", str(folder), lines="a\n")
    assert (again.status, again.out) == (1, "") and "is not empty" in again.err
    rest = mint(place, "--output-dir", str(folder), "--resume-from=2", lines="a\nhost-1.test\n")
    assert read_rows(rest.out)[0]["file"] == "host-1.test-2.token"


def test_lines_that_come_slowly_are_answered_at_once(place: OfflinePlace) -> None:
    """A token does not wait for later lines, with which its validity would run out."""
    with start([*place.flags, "--workers=2"], place, stdin=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None and process.stdout is not None
        for line in (b"a\n", b"b\n", b"c\n" * 300, b"d\n"):
            process.stdin.write(line)
            process.stdin.flush()
            for _ in line.splitlines():
                assert select.select([process.stdout], [], [], PROCESS_SECONDS)[0]
                assert json.loads(process.stdout.readline())["subject"] == line.decode()[0]
        process.communicate(timeout=PROCESS_SECONDS)


# -- What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (["--output-dir=d", "--format=tokens"], 2, "--output-dir and --format tokens cannot be used together"),
        (["--workers=0"], 2, "--workers '0' cannot be used"), (["--resume-from=x"], 2, "--resume-from 'x' cannot"),
        (["--format=json"], 2, "--format 'json' is not known"), (["a", "b"], 2, "batch takes one file, and not 'b'"),
        (["-", "--set-file=-"], 2, "the list of subjects and --set-file both read standard input"),
        (["missing"], 1, "missing cannot be read: No such file or directory"), (["."], 1, "Is a directory"),
        ([""], 1, " cannot be read"), (["--output-file=x"], 2, "there is no option --output-file"),
        (["--renew"], 2, "there is no option --renew"), (["--not-after=2h"], 2, "longer than the maximum of 1h"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_at_once(
    place: OfflinePlace, words: list[str], status: int, reason: str
) -> None:
    """With a line on stderr, and nothing on stdout."""
    result = mint(place, *words, lines="a\n")
    assert (result.status, result.out) == (status, "") and reason in result.err and result.err.count("\n") == 1


def test_a_list_is_not_where_its_tokens_go(place: OfflinePlace) -> None:
    """Appending tokens to the list that they are minted from would never end."""
    (place.path / "hosts").write_text("a\n")
    words = f"{shlex.join([*COMMAND, *place.flags])} hosts --format tokens >> hosts"
    done = subprocess.run(
        ["/bin/sh", "-c", words], cwd=place.path, env=environment_of(place) | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True, timeout=PROCESS_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and b"is also where the tokens would be written" in done.stderr
    assert (place.path / "hosts").read_text() == "a\n"


def test_going_on_behind_part_of_a_row_is_refused(place: OfflinePlace) -> None:
    """After a power cut a file may end so; once that is dropped, as the error says, the rest is appended."""
    (place.path / "hosts").write_text("a\nb\nc\n")
    (place.path / "rows").write_text('{"line":1}\n{"line":2,"subj')
    line = shlex.join([*COMMAND, *place.flags, str(place.path / "hosts"), "--resume-from=2"]) + " >> rows"
    run = partial(
        subprocess.run, ["/bin/sh", "-c", line], cwd=place.path, check=False, stderr=subprocess.PIPE,
        env=environment_of(place) | {"PYTHONPATH": str(REPOSITORY)}, timeout=PROCESS_SECONDS,
    )  # fmt: skip
    done = run()
    assert done.returncode == 1 and b"standard output is a file that ends in the middle of a row" in done.stderr
    subprocess.run(["sed", "-i", "$d", "rows"], cwd=place.path, check=True)
    assert run().returncode == 0
    assert [row["line"] for row in read_rows((place.path / "rows").read_text())] == [1, 2, 3]


def test_a_provisioner_of_issued_tokens_is_refused(provisioned_ca: ProvisionedCa) -> None:
    """Its token would be the same for every line."""
    result = execute("batch", "--provisioner", K8SSA, environment=provisioned_ca.environment, stdin=b"a\n")
    assert result.status in (1, 2) and result.out == ""


# -- The key and the CA -----------------------------------------------------------------------------


def test_the_password_is_asked_for_once(sandbox_path: Path, tmp_path: Path) -> None:
    """One prompt, before any work, for all lines and workers; it is told nowhere."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ca.json").symlink_to(sandbox_path / "config" / "ca.json")
    (tmp_path / "hosts").write_text(list_lines(300))
    password = (sandbox_path / "secrets" / "password").read_text().strip()
    words = ("batch", str(tmp_path / "hosts"), "--offline", "--workers=2")
    with run_cli_on_terminal(*words, environment={"STEPPATH": str(tmp_path)}) as session:
        session.wait_for("Please enter the password")
        session.wait_for(": ")
        session.type(password.encode() + b"\n")
        result = session.finish()
    assert (result.status, len(read_rows(result.out))) == (0, 300), result.err
    assert session.shown.count("Please enter the password") == 1
    assert password not in result.err and password not in result.out


def test_the_ca_is_asked_once(sandbox_path: Path, tmp_path: Path) -> None:
    """One connection with one request, however many lines and workers."""
    (entry,) = json.loads((sandbox_path / "config" / "ca.json").read_text())["authority"]["provisioners"]
    (tmp_path / "root.crt").write_bytes(root().pem)
    listing = answer({"provisioners": [entry], "nextCursor": ""})
    with serve(lambda _: listing) as ca:
        words = ("--ca-url", ca.url, "--root", str(tmp_path / "root.crt"), "--workers=2")
        password = str(sandbox_path / "secrets" / "password")
        result = execute("batch", *words, "--password-file", password, stdin=list_lines(300).encode())
        assert (ca.connections, ca.targets) == (1, ["/provisioners?limit=100"])
    assert (result.status, len(read_rows(result.out))) == (0, 300)


def test_x5c_tokens_have_the_chain(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """A batch by a certificate's key: every token has its chain."""
    held = provisioned_ca.hold(tmp_path)
    result = execute("batch", *held.flags, environment=provisioned_ca.environment, stdin=b"a.test\nb.test\n")
    tokens = [row["token"] for row in read_rows(result.out)]
    assert result.status == 0 and len(tokens) == 2 and all("x5c" in decode_part(token, 0) for token in tokens)


@pytest.mark.parametrize("example", [words for _, words in BATCH.examples])
def test_the_examples_of_the_help_run(example: str, running_ca: RunningCa, tmp_path: Path) -> None:
    """As they are written, in a folder with a list of hosts."""
    (tmp_path / "hosts.txt").write_text(list_lines(3))
    line = f"{shlex.quote(sys.executable)} -m entrypoints.cli {example}"
    environment = {"PATH": os.environ["PATH"], "STEPPATH": str(running_ca.path), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, timeout=120, check=False
    )
    end = b" issued\n" if "--certificates" in example else b" minted\n"
    assert done.returncode == 0 and done.stderr.endswith(end), done.stderr


# -- How it ends ------------------------------------------------------------------------------------


@contextmanager
def start(words: Sequence[str], place: OfflinePlace, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run `batch` in a process group of its own until the block ends."""
    settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    with subprocess.Popen(
        [*COMMAND, *words], cwd=REPOSITORY, env=environment_of(place), start_new_session=True, **settings
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


GROUP = pytest.mark.parametrize("is_group", [False, True], ids=["process", "group"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@GROUP
def test_a_batch_that_is_cut_short_can_go_on(place: OfflinePlace, number: signal.Signals, is_group: bool) -> None:
    """Every row is whole, and resuming where stderr says, or behind the last row, gives exactly the rest."""
    hosts = place.path / "hosts"
    hosts.write_text(list_lines(4_000))
    words = [str(hosts), *place.flags, "--workers=2"]
    with start(words, place) as process:
        assert process.stdout is not None and process.stderr is not None
        first = b"".join(process.stdout.readline() for _ in range(300))
        (os.killpg if is_group else os.kill)(process.pid, number)
        out, err = process.stdout.read(), process.stderr.read()
        process.wait(PROCESS_SECONDS)
    rows = read_rows((first + out).decode())
    assert 300 <= len(rows) < 4_000
    begin = len(rows) + 1
    if number is not signal.SIGKILL:
        assert process.returncode == 130
        assert f"{len(rows):,} minted; continue with --resume-from {begin}\n" in err.decode(), err
        assert err.endswith(b"step-ott: interrupted\n") and b"Traceback" not in err
    rest = read_rows(mint(place, str(hosts), "--resume-from", str(begin)).out)
    assert [row["subject"] for row in rows + rest] == list_lines(4_000).split()
    assert len({row["jti"] for row in rows + rest}) == 4_000


LONG_LINES = 400


def write_long_lines(place: OfflinePlace) -> tuple[Path, list[str]]:
    """Return where rows of more than a megabyte go, which take long to write, and a batch's words for many of them.

    They take longer than a busy machine ever keeps a test from its turn, of which each is killed after a few.
    """
    (place.path / "big.json").write_text(json.dumps({"a": "x" * 1_000_000}))
    (place.path / "hosts").write_text(list_lines(LONG_LINES))
    words = [str(place.path / "hosts"), *place.flags, "--set-file", str(place.path / "big.json")]
    return place.path / "tokens", words


def await_content(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as something stands in the file."""
    deadline = monotonic() + PROCESS_SECONDS
    while not path.stat().st_size:
        assert process.poll() is None and monotonic() < deadline


@GROUP
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_kill_cuts_no_row_of_a_file(place: OfflinePlace, workers: str, is_group: bool) -> None:
    """SIGKILL ends a write between two pages of a file: none is in the hands of the one that is killed."""
    path, words = write_long_lines(place)
    for _ in range(5):
        with path.open("wb") as output, start([*words, "--workers", workers], place, stdout=output) as process:
            await_content(path, process)
            (os.killpg if is_group else os.kill)(process.pid, signal.SIGKILL)
            assert process.stderr is not None
            assert b"minted" not in process.stderr.read()  # which has an end when the last of its processes has
        lines = [row["line"] for row in read_rows(path.read_text())]
        assert lines == list(range(1, len(lines) + 1)) and 0 < len(lines) < LONG_LINES


def kill_workers(process: subprocess.Popen[bytes]) -> None:
    """Kill each of them; the first process itself ends the others as soon as it misses one."""
    for worker in list_children(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def wait_until_asleep(process: int) -> None:
    """Return when the process sleeps."""
    deadline = monotonic() + PROCESS_SECONDS
    with open(f"/proc/{process}/stat") as file:
        while (state := file.read().rpartition(")")[2].split()[0]) != "S":
            assert state in "RD" and monotonic() < deadline, state
            file.seek(0)


def test_a_worker_that_is_killed_waiting_for_room_ends_the_batch(place: OfflinePlace) -> None:
    """As the kernel does where memory is short: what its error tells is what the pipe holds."""
    (place.path / "hosts").write_text(list_lines(2_000))
    with start([str(place.path / "hosts"), *place.flags], place, pipesize=4096) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        assert select.select([process.stdout], [], [], PROCESS_SECONDS)[0]
        for worker in list_children(process.pid):
            wait_until_asleep(worker)  # one waits for room, and the others for their turns
        kill_workers(process)
        assert process.wait(PROCESS_SECONDS) == 1
        rows, err = read_rows((first + process.stdout.read()).decode()), process.stderr.read().decode()
    assert f"a worker has died; {len(rows):,} minted; continue with --resume-from {len(rows) + 1}: try again" in err


def test_a_worker_that_is_killed_writing_leaves_whole_rows(place: OfflinePlace) -> None:
    """The first process takes back what stands behind the last row in the file."""
    path, words = write_long_lines(place)
    for _ in range(5):
        with path.open("wb") as output, start(words, place, stdout=output) as process:
            await_content(path, process)
            kill_workers(process)
            assert process.wait(PROCESS_SECONDS) == 1
            assert process.stderr is not None
            err = process.stderr.read().decode()
        told = re.search(r"a worker has died; (\d+) minted; continue with --resume-from", err)
        assert told and int(told[1]) <= len(read_rows(path.read_text())) < LONG_LINES, err


def test_an_interrupt_does_not_wait_for_workers_that_are_stopped(place: OfflinePlace) -> None:
    """Whoever stopped them, one signal ends the batch, and what it tells is what the pipe holds."""
    (place.path / "hosts").write_text(list_lines(2_000))
    with start([str(place.path / "hosts"), *place.flags, "--workers=2"], place) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        for worker in list_children(process.pid):
            os.kill(worker, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        assert process.wait(PROCESS_SECONDS) == 130
        rows, err = read_rows((first + process.stdout.read()).decode()), process.stderr.read().decode()
    assert f"{len(rows):,} minted; continue with --resume-from {len(rows) + 1}" in err


def test_a_thousand_inherited_descriptors_are_no_matter(place: OfflinePlace) -> None:
    """A batch works with descriptors over 1023, however they came to be open."""
    inherit = "[os.set_inheritable(os.dup(2), True) for _ in range(1_100)]"
    script = f"import os, sys; {inherit}; os.execv(sys.argv[1], sys.argv[1:])"
    with more_descriptors(1_200):
        done = subprocess.run(
            [sys.executable, "-c", script, *COMMAND, *place.flags, "--workers=2"], cwd=REPOSITORY, check=False,
            env=environment_of(place), input=list_lines(300).encode(), capture_output=True, timeout=PROCESS_SECONDS,
        )  # fmt: skip
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 300), done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_does_not_wait_for_a_reader(place: OfflinePlace, workers: str) -> None:
    """Blocked on a pipe that nobody empties, one signal is enough, and what it tells is what the pipe holds."""
    hosts = place.path / "hosts"
    hosts.write_text(list_lines(2_000))
    with start([str(hosts), *place.flags, "--workers", workers], place, pipesize=4096) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        assert select.select([process.stdout], [], [], PROCESS_SECONDS)[0]  # it is full again, and stays so
        process.send_signal(signal.SIGINT)
        assert process.wait(PROCESS_SECONDS) == 130
        rows, err = read_rows((first + process.stdout.read()).decode()), process.stderr.read().decode()
    assert f"{len(rows):,} minted; continue with --resume-from {len(rows) + 1}" in err


def test_an_interrupt_in_a_long_row_that_nobody_reads_says_that_it_is_cut(place: OfflinePlace) -> None:
    """The pipe has taken part of the row: that is told, with the line to go on with, and nobody waits for ever."""
    _, words = write_long_lines(place)
    with start(words, place, pipesize=4096) as process:
        assert process.stdout is not None and process.stderr is not None
        assert json.loads(process.stdout.readline())["line"] == 1
        assert select.select([process.stdout], [], [], PROCESS_SECONDS)[0]  # the second has begun
        process.send_signal(signal.SIGINT)
        assert process.wait(PROCESS_SECONDS) == 130
        cut, err = process.stdout.read(), process.stderr.read().decode()
    assert cut.startswith(b'{"line":2,') and b"\n" not in cut
    assert "1 minted; the row of line 2 was printed in part: drop it; continue with --resume-from 2\n" in err


def test_a_closed_pipe_stops_it_with_a_count(place: OfflinePlace) -> None:
    """`head` takes five rows and goes: exit status 1, and one line says how many were written."""
    hosts = place.path / "hosts"
    hosts.write_text(list_lines(3_000))
    with start([str(hosts), *place.flags], place) as process:
        assert process.stdout is not None and process.stderr is not None
        assert [json.loads(process.stdout.readline())["line"] for _ in range(5)] == [1, 2, 3, 4, 5]
        process.stdout.close()
        err = process.stderr.read().decode()
        assert process.wait(PROCESS_SECONDS) == 1
    told = re.search(
        r"cannot be written: the reader has closed the pipe; ([\d,]+) minted; continue with --resume-from (\d+)\n", err
    )
    assert told and int(told[1].replace(",", "")) + 1 == int(told[2]) >= 6 and err.count("\n") == 2


def test_a_full_device_stops_it_with_a_count(place: OfflinePlace) -> None:
    """Exit status 1 on a full disk, and where to go on."""
    hosts = place.path / "hosts"
    hosts.write_text(list_lines(3_000))
    with open("/dev/full", "wb") as full, start([str(hosts), *place.flags], place, stdout=full) as process:
        err = process.communicate(timeout=PROCESS_SECONDS)[1].decode()
    assert process.returncode == 1
    assert "standard output cannot be written: No space left on device; 0 minted; continue with --resume-from 1" in err


# -- Progress ---------------------------------------------------------------------------------------


def test_progress_is_shown_on_a_terminal(place: OfflinePlace) -> None:
    """A bar with what is done, how fast and how long yet; refused lines are told beside it, escaped."""
    (place.path / "hosts").write_text(list_lines(300) + '{"subject":"a","\x9b31m":1}\n')
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    words = [str(place.path / "hosts"), *place.flags]
    with start(words, place, stdout=subprocess.DEVNULL, stderr=slave) as process:
        os.close(slave)
        shown = b""
        try:
            while part := os.read(master, 65_536):
                shown += part
        except OSError:  # the other side of the terminal is closed: the program has ended
            os.close(master)
        assert process.wait(PROCESS_SECONDS) == 1
    text = shown.decode()
    assert re.search(r"301/301 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+k? lines/s\]", text), text
    assert "line 301: unknown member" in text and "\x9b" not in text
    assert text.endswith("300 minted, 1 refused\r\n")


def test_no_progress_is_shown_elsewhere(place: OfflinePlace) -> None:
    """In a log there are the provisioner, what was refused, and the count."""
    assert [line.split()[-1] for line in mint(place, lines=list_lines(9)).err.splitlines()][1:] == ["minted"]
