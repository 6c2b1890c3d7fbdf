"""The process as a shell sees it: exit status, stdout, stderr, signals; and what it never opens."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from unittest import mock

import pytest

from domain.formats import json_text
from tests.support.hostile_ca import answer, root, serve
from tests.support.https_authority import EMPTY_LIST
from tests.support.peer_programs import REPOSITORY, RunningCa
from tests.support.pseudo_terminal import ENTER, INTERRUPT, run_cli_on_terminal
from tests.support.running import execute, invoke

pytestmark = pytest.mark.usefixtures("undisturbed")

OFFLINE = ("token", "a.test", "--offline")


def run_shell(script: str, environment: dict[str, str], *passed: int) -> subprocess.CompletedProcess[str]:
    """Run a shell script in which $STEP_OTT is the program, without a terminal, with the descriptors `passed`."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}
    surroundings["STEP_OTT"] = f"{sys.executable} -m entrypoints.cli"
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, cwd=REPOSITORY, env=surroundings, timeout=60,
        start_new_session=True, stdin=subprocess.DEVNULL, check=False, pass_fds=passed,
    )  # fmt: skip


# -- Standard output --------------------------------------------------------------------------------


def test_stdout_is_the_token_and_a_newline(sandbox: dict[str, str]) -> None:
    """The chosen provisioner is named on stderr, and nothing but the token is on stdout."""
    result = execute(*OFFLINE, environment=sandbox)
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", result.out)
    assert re.fullmatch(r"✔ Provisioner: sandbox@example\.com \(JWK\) \[kid: [\w-]+\]\n", result.err)


@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        (">/dev/full", "standard output cannot be written: No space left on device: free some space and run it again"),
        (">&-", "standard output is closed"),
        (">&$PIPE", "standard output cannot be written: the reader has closed the pipe"),
    ],
    ids=["full", "closed", "broken pipe"],
)
def test_a_token_that_cannot_be_printed_is_an_error(redirection: str, said: str, sandbox: dict[str, str]) -> None:
    """A full, closed or broken stdout is exit status 1 and one plain line, not silence."""
    reader, writer = os.pipe()
    os.close(reader)
    done = run_shell(f"$STEP_OTT token a.test --offline {redirection}", sandbox | {"PIPE": str(writer)}, writer)
    os.close(writer)
    assert done.returncode == 1 and done.stdout == ""
    notice, error = done.stderr.splitlines()
    assert notice.startswith("✔ Provisioner") and error.startswith(f"step-ott: {said}")


def test_a_closed_stderr_leaves_stdout_to_the_token(sandbox: dict[str, str]) -> None:
    """Without stderr the notice goes nowhere, and least of all among the token."""
    done = run_shell("$STEP_OTT token a.test --offline 2>&-", sandbox)
    assert done.returncode == 0
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)


def test_an_output_file_that_is_there_is_refused(sandbox: dict[str, str], tmp_path: Path) -> None:
    """--output-file without --force does not overwrite, and says which flag would; with it, it does."""
    path = tmp_path / "token"
    path.write_text("old")
    refused = execute(*OFFLINE, "--output-file", str(path), environment=sandbox)
    assert (refused.status, refused.out, path.read_text()) == (1, "", "old")
    assert f"--output-file {path} exists: add --force" in refused.err
    forced = execute(*OFFLINE, "--output-file", str(path), "--force", environment=sandbox)
    assert (forced.status, forced.out) == (0, "")
    assert path.read_text().count(".") == 2 and path.stat().st_mode & 0o777 == 0o600


# -- Standard input ---------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--password-file", "--provisioner-password-file"])
def test_a_password_comes_from_standard_input(option: str, asking_sandbox: dict[str, str], sandbox_path: Path) -> None:
    """`-` is standard input for either password option."""
    password = (sandbox_path / "secrets" / "password").read_bytes()
    assert execute(*OFFLINE, option, "-", environment=asking_sandbox, stdin=password).token
    wrong = execute(*OFFLINE, option, "-", environment=asking_sandbox, stdin=b"wrong\n")
    assert (wrong.status, wrong.out) == (1, "")


def test_every_other_file_comes_from_standard_input(
    sandbox: dict[str, str], sandbox_path: Path, tmp_path: Path
) -> None:
    """`-` is standard input for data, a public key, a root and a private key alike."""
    assert execute(*OFFLINE, "--set-file", "-", environment=sandbox, stdin=b'{"a":1}').claims["user"] == {"a": 1}
    public = (sandbox_path / "certs" / "ssh_host_ca_key.pub").read_bytes()
    bound = execute(*OFFLINE, "--ssh", "--cnf-file", "-", environment=sandbox, stdin=public).claims
    assert len(bound["cnf"]["x5rt#S256"]) == 43
    fingerprint = sha256(root().der).hexdigest()
    assert execute(*OFFLINE, "--root", "-", environment=sandbox, stdin=root().pem).claims["sha"] == fingerprint
    (tmp_path / "key.pem").write_bytes(root().key_pem)
    declared = ("token", "a", "--offline", "--ca-url", "ca.test", "--issuer", "me")
    surroundings = {"STEPPATH": str(tmp_path)}
    (tmp_path / "root.crt").write_bytes(root().pem)
    rest = ("--root", str(tmp_path / "root.crt"))
    assert execute(*declared, *rest, "--key", "-", environment=surroundings, stdin=root().key_pem).claims["iss"] == "me"


def test_a_root_on_standard_input_is_trusted_online(running_ca: RunningCa) -> None:
    """The root is read once and serves both the connection and the fingerprint."""
    pem = (running_ca.path / "certs" / "root_ca.crt").read_bytes()
    result = execute("token", "a", "--root", "-", environment={"STEPPATH": str(running_ca.path)}, stdin=pem)
    assert result.claims["sha"] == execute("token", "a", environment={"STEPPATH": str(running_ca.path)}).claims["sha"]


def test_a_second_dash_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """Standard input is one; two options that want it are a usage error that names both."""
    result = execute("token", "a", "--key", "-", "--password-file", "-", environment={"STEPPATH": str(tmp_path)})
    assert (result.status, result.out) == (2, "")
    assert "--key and --password-file both read standard input" in result.err


@pytest.mark.parametrize("words", ["token a.test --offline --password-file -", "inspect -", "batch -"])
def test_a_closed_standard_input_is_an_error(asking_sandbox: dict[str, str], words: str) -> None:
    """`-` with nothing behind it is a plain line, not a crash, the same for every command."""
    done = run_shell(f"$STEP_OTT {words} <&-", asking_sandbox)
    assert (done.returncode, done.stdout) == (1, "")
    assert "standard input cannot be read: it is closed" in done.stderr


# -- Signals and terminals --------------------------------------------------------------------------


@pytest.fixture
def asking_sandbox(sandbox_path: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a step path with the sandbox's CA, whose configuration names no password file."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ca.json").symlink_to(sandbox_path / "config" / "ca.json")
    return {"STEPPATH": str(tmp_path)}


@pytest.mark.parametrize("by_key", [False, True], ids=["SIGINT", "Ctrl-C"])
def test_an_interrupted_password_prompt_leaves_nothing(
    by_key: bool, asking_sandbox: dict[str, str], tmp_path: Path
) -> None:
    """Exit status 130, echo as before, no token, no output file, no traceback."""
    path = tmp_path / "token"
    with run_cli_on_terminal(*OFFLINE, "--output-file", str(path), environment=asking_sandbox) as session:
        session.wait_for("Please enter the password")
        session.wait_for(": ")
        assert not session.is_echoing()
        session.type(INTERRUPT) if by_key else session.interrupt()
        result = session.finish()
        assert session.is_as_before() and session.is_echoing()
    assert (result.status, result.out) == (130, "")
    assert result.err.splitlines()[-1] == "step-ott: interrupted" and "Traceback" not in result.err
    assert sorted(os.listdir(tmp_path)) == ["config"]


def listing(*provisioners: dict[str, object]) -> bytes:
    """Return a CA's answer that lists the provisioners."""
    return answer({"provisioners": list(provisioners), "nextCursor": ""})


@pytest.fixture
def evil_pair(sandbox_path: Path) -> list[dict[str, object]]:
    """Two JWK provisioners whose names hold escape sequences and bidi controls."""
    config = (sandbox_path / "config" / "ca.json").read_text()
    (entry,) = json_text.parse(config)["authority"]["provisioners"]
    return [entry | {"name": "evil\x1b[2J\u202e"}, entry | {"name": "\x9b31mgood\r\nname"}]


@pytest.fixture
def root_path(tmp_path: Path) -> str:
    """The path of the root that the local server's certificate stands on."""
    path = tmp_path / "root.crt"
    path.write_bytes(root().pem)
    return str(path)


def test_a_provisioner_is_chosen_on_the_terminal(
    evil_pair: list[dict[str, object]], root_path: str, sandbox_path: Path
) -> None:
    """Names are escaped in the list and in the notice, and the token has the name as the CA knows it."""
    password = str(sandbox_path / "secrets" / "password")
    with serve(lambda _: listing(*evil_pair)) as ca:
        words = ("token", "a", "--ca-url", ca.url, "--root", root_path, "--password-file", password)
        with run_cli_on_terminal(*words) as session:
            session.wait_for("1. evil\\x1b[2J\\u202e (JWK)")
            session.wait_for("2. \\x9b31mgood\\x0d\\x0aname (JWK)")
            session.wait_for("Which provisioner should sign the token? Number or beginning of the name: ")
            session.type(b"2" + ENTER)
            result = session.finish()
            assert session.is_as_before()
        assert (ca.connections, ca.targets) == (1, ["/provisioners?limit=100"])
    assert result.claims["iss"] == "\x9b31mgood\r\nname"
    assert result.err.startswith("✔ Provisioner: \\x9b31mgood\\x0d\\x0aname (JWK) [kid: ")
    assert result.err.count("\n") == 1


def test_an_interrupted_choice_leaves_nothing(evil_pair: list[dict[str, object]], root_path: str) -> None:
    """Ctrl-C at the choice is exit status 130, and the terminal is as before."""
    with (
        serve(lambda _: listing(*evil_pair)) as ca,
        run_cli_on_terminal("token", "a", "--ca-url", ca.url, "--root", root_path) as session,
    ):
        session.wait_for("of the name: ")
        session.type(INTERRUPT)
        result = session.finish()
        assert session.is_as_before()
    assert (result.status, result.out, result.err) == (130, "", "step-ott: interrupted\n")


def test_without_a_terminal_the_choice_is_listed(evil_pair: list[dict[str, object]], root_path: str) -> None:
    """A script is told the flags and every name, type and kid, on one line, escaped."""
    with serve(lambda _: listing(*evil_pair)) as ca:
        result = execute("token", "a", "--ca-url", ca.url, "--root", root_path, stdin=b"1\n")
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert "--provisioner or --kid" in result.err
    assert "evil\\x1b[2J\\u202e (JWK) [kid: " in result.err and "\\x9b31mgood\\x0d\\x0aname (JWK) [kid: " in result.err


@pytest.mark.parametrize(
    "told",
    [
        answer({"message": "no\x1b[2J\n\u202ethanks"}, 403),
        answer(b"", 302, Location="http://evil.test/\x9b2J\u0085"),
        answer(b"\x1b[2J", 404),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Bad\x1b[2J header\r\nContent-Length: 2\r\n\r\n[]",
        b"\x1b[2J\x9b31m\r\n\r\n",
        listing({"type": "JWK\x1b[2J", "name": "\u202eevil\n"}),
        listing({"type": "JWK", "name": "\x1b[2J", "key": {"kty": "\x1b[2J\n"}}),
    ],
)
def test_what_a_ca_says_reaches_the_terminal_escaped(told: bytes, root_path: str) -> None:
    """Messages, redirects, broken headers and names are shown as escapes, on one line of stderr, and not by a log."""
    with serve(lambda _: told) as ca:
        result = execute("token", "a", "--ca-url", ca.url, "--root", root_path)
    assert result.status in (1, 2) and result.out == "" and result.err.startswith("step-ott: ")
    assert result.err.endswith("\n") and result.err[:-1].isprintable(), result.err


# -- Offline ----------------------------------------------------------------------------------------


def test_offline_opens_no_socket(sandbox: dict[str, str]) -> None:
    """An offline token comes about where any socket is an error."""
    with mock.patch.object(socket, "socket", side_effect=AssertionError("a socket was opened")):
        assert invoke(*OFFLINE, environment=sandbox).token


def test_offline_needs_neither_database_nor_ca_keys(sandbox_path: Path, tmp_path: Path) -> None:
    """What a sandbox holds beside certificates, configuration and the provisioner's password may be missing."""
    for name in ("certs", "config"):
        shutil.copytree(sandbox_path / name, tmp_path / name)
    for path in (tmp_path / "config").iterdir():
        path.write_text(path.read_text().replace(str(sandbox_path), str(tmp_path)))
    (tmp_path / "secrets").mkdir()
    shutil.copy(sandbox_path / "secrets" / "password", tmp_path / "secrets" / "password")
    assert invoke(*OFFLINE, environment={"STEPPATH": str(tmp_path)}).token


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here: install it to watch the system calls")
def test_offline_makes_no_network_call_and_reads_no_ca_key(
    sandbox: dict[str, str], sandbox_path: Path, tmp_path: Path
) -> None:
    """The system's own record of a run has no socket, no CA key and no database, but the provisioner's password."""
    log = tmp_path / "trace"
    surroundings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **sandbox}
    words = [sys.executable, "-m", "entrypoints.cli", *OFFLINE]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=%file,%network", "-o", str(log), *words],
        capture_output=True, cwd=REPOSITORY, env=surroundings, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode != 0 and b"ptrace" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    trace = log.read_text()
    assert f"{sandbox_path}/secrets/password" in trace
    opened = set(re.findall(rf'"{sandbox_path}/([^"]+)"', trace))
    assert {"config/ca.json", "certs/root_ca.crt", "secrets/password"} <= opened
    assert not [name for name in opened if name.endswith("_ca_key") or name.startswith("db")]
    assert not re.search(r"\b(socket|connect|sendto|bind)\(", trace)


# -- Failing without a trace ------------------------------------------------------------------------


def test_a_sigterm_leaves_no_output_file(asking_sandbox: dict[str, str], tmp_path: Path) -> None:
    """A process that is ended while it asks has written nothing."""
    with run_cli_on_terminal(*OFFLINE, "--output-file", str(tmp_path / "token"), environment=asking_sandbox) as session:
        session.wait_for("Please enter the password")
        session.process.send_signal(signal.SIGTERM)
        assert session.finish().status == -signal.SIGTERM
    assert sorted(os.listdir(tmp_path)) == ["config"]


def test_an_empty_list_is_an_error(root_path: str) -> None:
    """A CA without provisioners is a plain error."""
    with serve(lambda _: EMPTY_LIST) as ca:
        result = execute("token", "a", "--ca-url", ca.url, "--root", root_path)
    assert (result.status, result.out) == (2, "") and "the CA has no provisioner" in result.err
