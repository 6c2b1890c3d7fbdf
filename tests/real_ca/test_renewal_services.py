"""Who is told of a new certificate, and the daemon as a process, before a real step-ca; nothing sleeps."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.enrolled import Enrolled
from tests.support.peer_programs import REPOSITORY

PATIENCE = 60
_LOGGED = re.compile(r"INFO: \d{4}/\d\d/\d\d \d\d:\d\d:\d\d (.*)\n")


@contextmanager
def idle_process() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that ends by a signal alone, or where nobody has its pipe any more."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def daemon(enrolled: Enrolled, *words: str, command: str = "renew") -> Iterator[subprocess.Popen[str]]:
    """Run a daemon; it ends with the block."""
    argv = [sys.executable, "-m", "entrypoints.cli", "ca", command, *enrolled.files(), "--daemon", *words]
    environment = os.environ | enrolled.environment
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=REPOSITORY
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_log(process: subprocess.Popen[str]) -> str:
    """Return the next line of the daemon's log, without the time."""
    assert process.stdout is not None
    line = process.stdout.readline()
    logged = _LOGGED.fullmatch(line)
    assert logged, (line, process.stderr and process.poll() is not None and process.stderr.read())
    return logged[1]


PROBE = """
import sys
import entrypoints.use_cases.renewal_daemon as daemon
from domain.errors import StepOttError
def keep_renewed(renewable, *_):
    before = set(sys.modules)
    try:
        renewable.read_again()
        renewable.renew()
    except StepOttError as error:
        print(type(error).__name__)
    print(sorted(set(sys.modules) - before))
daemon.keep_renewed = keep_renewed
from entrypoints.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("words", [("renew",), ("renew", "--mtls=false"), ("rekey",)])
def test_a_daemon_has_loaded_all_before_it_waits(words: tuple[str, ...], enrolled: Enrolled) -> None:
    """An upgrade underneath, or too many open files, keep it from nothing then; nor from telling why it is refused."""
    argv = [sys.executable, "-c", PROBE, "ca", words[0], *enrolled.files(), "--daemon", *words[1:]]
    for expected in (["[]"], ["AuthorityError", "[]"]):
        got = subprocess.run(
            argv, capture_output=True, text=True, env=os.environ | enrolled.environment, cwd=REPOSITORY, check=False
        )
        assert got.stdout.splitlines() == expected, (got.stdout, got.stderr)
        enrolled.run("ca", "revoke", str(enrolled.certificate))


def test_a_daemon_reads_the_pair_anew(enrolled: Enrolled) -> None:
    """What `ca rekey` wrote meanwhile is renewed, and stays a pair."""
    with daemon(enrolled) as process:
        read_log(process)
        assert enrolled.run("ca", "rekey", *enrolled.files(), "--force").status == 0
        rekeyed = enrolled.leaf
        process.send_signal(signal.SIGHUP)
        assert read_log(process).startswith("web.example.com certificate renewed")
        assert enrolled.leaf.public_key() == rekeyed.public_key() and enrolled.serial != rekeyed.serial_number
        assert enrolled.fits()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_daemon_answers_signals_that_it_was_started_to_ignore(number: signal.Signals, enrolled: Enrolled) -> None:
    """A shell has SIGINT ignored for what a script starts with `&`, and nohup has SIGHUP ignored."""
    usual = signal.signal(number, signal.SIG_IGN)
    try:
        with daemon(enrolled) as process:
            signal.signal(number, usual)
            read_log(process)
            process.send_signal(number)
            if number == signal.SIGHUP:
                assert read_log(process).startswith("web.example.com certificate renewed")
                process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
    finally:
        signal.signal(number, usual)


@pytest.mark.parametrize("number", [(), ("--signal", "15")])
@pytest.mark.parametrize("by_file", [False, True])
def test_a_process_gets_a_signal(number: tuple[str, ...], by_file: bool, enrolled: Enrolled, tmp_path: Path) -> None:
    """SIGHUP unless another is wanted; a file may have the process's identifier."""
    file = tmp_path / "service.pid"
    with idle_process() as service:
        file.write_text(f"{service.pid}\n")
        named = ("--pid-file", str(file)) if by_file else ("--pid", str(service.pid))
        got = enrolled.run("ca", "renew", *enrolled.files(), "--force", *named, *number)
        assert got.status == 0, got.err
        assert -service.wait(PATIENCE) == (15 if number else signal.SIGHUP)


def test_a_command_is_run_with_the_new_certificate(enrolled: Enrolled, tmp_path: Path) -> None:
    """It is run after the file is there, and no shell reads it."""
    copy, literal = tmp_path / "copy.crt", tmp_path / "$HOME;x"
    for target in (copy, literal):
        words = ("--force", "--exec", f"cp {enrolled.certificate} {target}")
        assert enrolled.run("ca", "renew", *enrolled.files(), *words).status == 0
        assert target.read_bytes() == enrolled.certificate.read_bytes()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--exec", "false"), "'false' ended with status 1"),
        (("--exec", "/nonexistent x"), "'/nonexistent' cannot be run: No such file or directory"),
        (("--pid", "2147483646"), "process 2147483646 does not get signal 1"),
        (("--pid", "1", "--signal", "99999"), "signal 99999"),
    ],
)
def test_a_service_that_cannot_be_told_is_an_error(words: tuple[str, ...], named: str, enrolled: Enrolled) -> None:
    """With the certificate in place already, which is said."""
    old = enrolled.serial
    got = enrolled.run("ca", "renew", *enrolled.files(), "--force", *words)
    assert got.status == 1 and named in got.err and "the certificate is new, but" in got.err, got.err
    assert enrolled.serial != old


@pytest.mark.parametrize("content", ["", "x", "-5", "0", "12 13"])
def test_a_pid_file_without_a_process_is_refused_before(content: str, enrolled: Enrolled, tmp_path: Path) -> None:
    """No certificate is asked for."""
    file, old = tmp_path / "service.pid", enrolled.serial
    file.write_text(content)
    got = enrolled.run("ca", "renew", *enrolled.files(), "--force", "--pid-file", str(file))
    assert got.status == 1 and str(file) in got.err and enrolled.serial == old


def test_a_daemon_renews_when_it_is_asked_to_and_ends_when_it_is_told_to(enrolled: Enrolled) -> None:
    """SIGHUP renews at once and runs the command; SIGTERM ends it with status 0, as step's."""
    old = enrolled.serial
    enrolled.certificate.chmod(0o644)
    with daemon(enrolled, "--exec", "echo told") as process:
        assert re.fullmatch(r"first renewal in 1[456]h\d+m\d+s", read_log(process))
        for _ in range(2):
            process.send_signal(signal.SIGHUP)
            assert re.fullmatch(r"web.example.com certificate renewed, next in 1[456]h\d+m\d+s", read_log(process))
            assert process.stdout is not None and process.stdout.readline() == "told\n"
            assert enrolled.serial != old and enrolled.fits() and enrolled.mode() == 0o644
            old = enrolled.serial
        process.send_signal(signal.SIGTERM)
        assert (process.wait(PATIENCE), process.stderr and process.stderr.read()) == (0, "")


def test_a_daemon_renews_at_once_what_is_due(enrolled: Enrolled) -> None:
    """And SIGINT ends it likewise."""
    with daemon(enrolled, "--expires-in", "24h") as process:
        assert read_log(process) == "first renewal in 0s"
        assert read_log(process).startswith("web.example.com certificate renewed")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_a_daemon_makes_a_new_key_each_time(enrolled: Enrolled) -> None:
    """`ca rekey --daemon` rekeys, where step's renews with the old key."""
    with daemon(enrolled, command="rekey") as process:
        read_log(process)
        keys = {enrolled.key.read_bytes()}
        for count in (2, 3):
            process.send_signal(signal.SIGHUP)
            assert read_log(process).startswith("web.example.com certificate rekeyed")
            keys.add(enrolled.key.read_bytes())
            assert len(keys) == count and enrolled.fits()


def test_a_daemon_tells_what_fails_and_goes_on(enrolled: Enrolled) -> None:
    """A revoked certificate stays as it is, and the next attempt is told."""
    assert enrolled.run("ca", "revoke", *("--cert", str(enrolled.certificate), "--key", str(enrolled.key))).status == 0
    before = enrolled.certificate.read_bytes()
    with daemon(enrolled) as process:
        read_log(process)
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("ERROR: ") and "the CA refuses the request with status 401" in line
        assert re.search(r"next attempt in 1m\ds$", line.strip())
        assert process.poll() is None and enrolled.certificate.read_bytes() == before
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
