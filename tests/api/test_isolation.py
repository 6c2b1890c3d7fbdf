"""Threads, forks, environment and output: what a library keeps to itself."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import step_ott
from tests.support.connect_proxy import run_proxy
from tests.support.flag_words import names_flags
from tests.support.hostile_ca import HostileCa, answer, root, serve
from tests.support.https_authority import EMPTY_LIST
from tests.support.peer_programs import REPOSITORY, RunningCa

pytestmark = pytest.mark.usefixtures("undisturbed")


@pytest.fixture
def ca() -> Iterator[HostileCa]:
    """A CA without provisioners, which counts connections."""
    with serve(lambda request: EMPTY_LIST if "provisioners" in request.target else answer({"status": "ok"})) as ca:
        yield ca


def test_threads_share_no_connection(ca: HostileCa) -> None:
    """Each call has a connection of its own, closed at its end."""
    own = step_ott.CA(ca.url, root().pem)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: own.health(), range(40))) == ["ok"] * 40
    assert len({request.connection for request in ca.requests}) == 40


def test_a_fork_shares_no_connection(ca: HostileCa) -> None:
    """A child forked between and within a parent's calls has connections of its own, and both get their answers."""
    own = step_ott.CA(ca.url, root().pem)
    assert own.provisioners() == []
    with own.asking() as authority:
        assert authority.health() == "ok"
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if (own.health(), own.provisioners()) == ("ok", []) else 1
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert status == 0
        assert authority.health() == "ok"
    within = [request.connection for request in ca.requests]
    assert within == [1, 2, 3, 4, 2]


def test_no_connection_outlives_its_call(ca: HostileCa) -> None:
    """When a call has returned, or failed, the server sees its connection end, and no descriptor is left."""
    own = step_ott.CA(ca.url, root().pem)
    own.health()
    before = _count_descriptors(most=0)
    own.health()
    ca.behaviour = lambda _: answer([])
    with pytest.raises(step_ott.AuthorityError):
        own.health()
    assert _count_descriptors(most=before) <= before


def _count_descriptors(most: int) -> int:
    """Return how many descriptors are open, as soon as there are at most so many, or none ends any more."""
    for _ in range(20):
        found = len(os.listdir("/proc/self/fd"))
        if found <= most:
            break
        time.sleep(0.05)  # for the server's thread, which sees the end of a connection a little later
    return found


def test_a_proxy_of_the_environment_counts_where_it_is_given_alone(
    ca: HostileCa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY of the process says nothing; that in `environ=` does, for the download by fingerprint too."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with run_proxy(ca.listener.getsockname()[1]) as proxy:
        environ = {"HTTPS_PROXY": f"http://{proxy.address}"}
        through = step_ott.CA(f"https://ca.test:{ca.port}", root().pem, environ=environ)
        assert through.health() == "ok"
        assert len(proxy.asked) == 1
        with pytest.raises(step_ott.NetworkError, match=r"cannot be reached: ") as caught:
            step_ott.CA(f"https://ca.invalid:{ca.port}", root().pem).health()
        assert "proxy" not in str(caught.value)
        ca.behaviour = lambda _: answer({"ca": root().pem.decode()})
        from hashlib import sha256

        found = step_ott.CA.from_fingerprint(through.url, sha256(root().der).hexdigest(), environ=environ)
        assert found.environ == environ
        assert len(proxy.asked) == 2


READ_NOTHING = """
import os, sys, json
class Watched(dict):
    def __getitem__(self, name): raise AssertionError(f"{name} was read")
    def get(self, name, default=None): raise AssertionError(f"{name} was read")
    def __contains__(self, name): raise AssertionError(f"{name} was looked for")
import attrs, cattrs, cryptography, urllib3, ssl, concurrent.futures  # what libraries read at import is theirs
import step_ott
path, url = sys.argv[1:]
os.environ = Watched()
with open(path + "/secrets/password", "rb") as file:
    password = file.read().strip()
for ca in (step_ott.CA(url, path + "/certs/root_ca.crt"), step_ott.OfflineCA(path + "/config/ca.json"),
           step_ott.CA.from_step_path(path)):
    ca.roots(), ca.provisioners(), ca.fingerprint
    token = ca.issuer(password=password).token("web.example.com", sans=["10.0.0.7"])
    step_ott.inspect(token)
    assert step_ott.verify(token, ca, step_ott.Endpoint.SIGN).accepted
step_ott.CA.from_fingerprint(url, ca.fingerprint).health()
"""


def test_nothing_is_read_of_the_environment_and_nothing_printed(running_ca: RunningCa) -> None:
    """A whole program against the real CA: not one variable is looked at, and both streams stay empty."""
    words = [sys.executable, "-W", "always", "-c", READ_NOTHING, str(running_ca.path), running_ca.url]
    done = subprocess.run(words, capture_output=True, cwd=REPOSITORY, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_cautions_go_to_the_log(
    running_ca: RunningCa, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A CA whose address is none of its names gives tokens that it refuses: the log says so, in Python's words."""
    other = step_ott.OfflineCA(running_ca.path / "config" / "ca.json", url="https://elsewhere.test")
    password = (running_ca.path / "secrets" / "password").read_bytes().strip()
    with caplog.at_level("WARNING", logger="step_ott"):
        token = other.issuer(password=password).token("web.example.com")
    (record,) = caplog.records
    assert record.name == "step_ott"
    assert "elsewhere.test" in record.getMessage() and "url=" in record.getMessage()
    assert not names_flags(record.getMessage())
    assert token not in caplog.text
    verification = step_ott.verify(token, other, step_ott.Endpoint.SIGN)
    assert not verification.accepted
    assert not names_flags(str(verification.members()))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("version", ["a handler", "none"])
def test_the_log_is_silent_unless_asked(version: str, tmp_path: Path) -> None:
    """Without a handler of the program's nothing reaches stderr, not even logging's last resort."""
    setup = "import logging; logging.basicConfig()\n" if version == "a handler" else ""
    code = f"{setup}import step_ott.ports as p; p.LogNotices().warn('use --ca-url')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=REPOSITORY, timeout=60, check=True)
    assert done.stdout == b""
    assert done.stderr == (b"WARNING:step_ott:use url=\n" if setup else b"")
