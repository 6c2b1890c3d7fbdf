"""`doctor` on the way to a CA: every way to fail is told from the others, in time, and nothing is believed."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from email.utils import formatdate
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from adapters.ca.visit import HttpsCaVisitor
from adapters.http.bounded import Exchange, ExchangeError, FaultKind
from adapters.jose.key_objects import generate_jwk
from adapters.machine.clock import SystemClock
from domain.ca.url import CaUrl
from domain.doctor import diagnosis
from domain.doctor.ca_visit import Stop, judge_visit
from domain.formats.duration import NANOSECONDS
from domain.report.check_result import Outcome
from tests.support.connect_proxy import run_proxy
from tests.support.hostile_ca import (
    IDLE_SECONDS,
    Behaviour,
    HostileCa,
    Request,
    answer,
    issue,
    leaf,
    listen,
    root,
    serve,
    stall,
)
from tests.support.peer_programs import choose_port
from tests.support.running import invoke

PASSED, FAILED, WARNING, UNCHECKED = (outcome.value for outcome in Outcome)


def reply(health: bytes) -> Behaviour:
    """Return the behaviour of a CA with no provisioner, whose /health answers so."""
    listed = answer({"provisioners": [], "nextCursor": ""})
    return lambda request: health if request.target == "/health" else listed


def visit(
    ca: HostileCa | int, folder: Path, *words: str, host: str = "127.0.0.1", **environment: str
) -> dict[str, Any]:
    """Return what is found of each check where `ca`, or what listens on that port, is the CA."""
    (folder / "root.crt").write_bytes(root().pem)
    port = ca if isinstance(ca, int) else ca.port
    flags = ["--ca-url", f"https://{host}:{port}", "--root", str(folder / "root.crt"), *words]
    result = invoke("doctor", *flags, "--format", "json", environment={"STEPPATH": str(folder), **environment})
    assert result.err == ""
    return {check["rule"]: check for check in json.loads(result.out)["checks"]}


OK = {"status": "ok"}


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with listen() as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(("bound", "other"), [("request-timeout", "timeout"), ("timeout", "request-timeout")])
def test_a_ca_that_is_silent_is_not_reached(bound: str, other: str, silent_port: int, tmp_path: Path) -> None:
    """What takes the connection and never speaks is given up in time, and named by the time and its option."""
    checks = visit(silent_port, tmp_path, f"--{bound}", "200ms", f"--{other}", "1m")
    assert checks[diagnosis.REACHED]["remedy"].endswith(f"or raise --{bound}")
    assert checks[diagnosis.REACHED]["outcome"] == FAILED
    assert "it did not answer within 200ms" in checks[diagnosis.REACHED]["reason"]
    assert checks[diagnosis.TLS]["outcome"] == checks[diagnosis.CLOCK]["outcome"] == UNCHECKED


def test_a_ca_that_never_answers_is_not_reached_but_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the request is sent it is the answer that is missing, and the certificate has been seen."""
    asked = threading.Event()

    def stall_and_tell(request: Request) -> Iterable[bytes]:
        asked.set()
        return stall(request)

    class Impatient(Exchange):
        def run(self, work: Callable[[], Any]) -> Any:
            def try_work() -> None:
                with suppress(OSError, HTTPException, ExchangeError):  # the server stops
                    super(Impatient, self).run(work)

            threading.Thread(target=try_work, daemon=True).start()
            assert asked.wait(IDLE_SECONDS)
            raise ExchangeError(FaultKind.LATE)

    monkeypatch.setattr("adapters.ca.visit.Exchange", Impatient)
    with serve(stall_and_tell) as ca:
        probe = HttpsCaVisitor(
            CaUrl("127.0.0.1", ca.port), [root().der], clock=SystemClock(),
            request_timeout=IDLE_SECONDS * NANOSECONDS, timeout=2 * IDLE_SECONDS * NANOSECONDS,
        )  # fmt: skip
        seen = probe.visit()
    assert (seen.stop, seen.reason, seen.names) == (
        Stop.ANSWER,
        "it did not answer within 30s",
        ("127.0.0.1", "ca.test"),
    )
    way, tls, _ = judge_visit(seen)
    assert [way.outcome.value, tls.outcome.value] == [FAILED, PASSED]


def test_an_answer_that_trickles_is_given_up(tmp_path: Path) -> None:
    """The time for a visit counts by the clock on the wall, whatever comes in meanwhile."""

    def trickle(request: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
        while not request.stopped.wait(0.01):
            yield b" "

    with serve(trickle) as ca:
        checks = visit(ca, tmp_path, "--request-timeout", "500ms")
    assert "it did not answer within 500ms" in checks[diagnosis.REACHED]["reason"]


@pytest.mark.parametrize("told", [b"SSH-2.0-OpenSSH_9.9\r\n", b""], ids=repr)
def test_an_answer_that_is_no_http_is_told(told: bytes, tmp_path: Path) -> None:
    """A line that breaks, or speaks something else, is not a CA."""
    with serve(lambda _: [told, b""]) as ca:
        checks = visit(ca, tmp_path)
    assert [checks[rule]["outcome"] for rule in (diagnosis.REACHED, diagnosis.TLS)] == [FAILED, PASSED]


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (issue("server", names=["127.0.0.1"]), "is not trusted by the root"),
        (issue("server", root(), names=["127.0.0.1"], days=-1), "its certificate has expired: it is valid until 2"),
        (issue("server", root(), names=["127.0.0.1"], begin=1, days=2), "is not valid yet: it is valid from 2"),
        (issue("server", root(), names=["ca.example.com", "10.0.0.7"]), "is for ca.example.com, 10.0.0.7, not for 127"),
        (issue("server", root()), "is for no name that it shows, not for 127.0.0.1"),
    ],
    ids=["another root", "expired", "early", "other names", "no names"],
)  # fmt: skip
def test_what_is_wrong_with_a_certificate_is_told_apart(certificate: Any, words: str, tmp_path: Path) -> None:
    """Another root, an end in the past and other names are three faults with three remedies; nothing is asked."""
    with serve(reply(answer(OK)), certificate) as ca:
        checks = visit(ca, tmp_path)
        assert ca.requests == []
    assert [checks[rule]["outcome"] for rule in (diagnosis.REACHED, diagnosis.TLS)] == [PASSED, FAILED]
    assert words in checks[diagnosis.TLS]["reason"] and checks[diagnosis.TLS]["remedy"]


def test_a_wrong_host_name_is_told_like_a_wrong_address(tmp_path: Path) -> None:
    """A name that the certificate has not is named beside those that it has."""
    with serve(reply(answer(OK))) as ca:
        checks = visit(ca, tmp_path, host="localhost")
    assert checks[diagnosis.TLS]["reason"] == "the CA's certificate is for 127.0.0.1, ca.test, not for localhost"


def test_a_server_without_tls_is_told(tmp_path: Path) -> None:
    """Something else on the port is not taken for a broken root."""

    def refuse(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.recv(65_536)

    with listen() as listener:
        thread = threading.Thread(target=refuse, args=(listener,), daemon=True)
        thread.start()
        checks = visit(listener.getsockname()[1], tmp_path)
        thread.join(IDLE_SECONDS)
    assert [checks[rule]["outcome"] for rule in (diagnosis.REACHED, diagnosis.TLS)] == [PASSED, FAILED]
    assert "cannot agree on TLS" in checks[diagnosis.TLS]["reason"]


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"Date": "in an hour"}, FAILED),
        ({"Date": "yesterday"}, UNCHECKED),
        ({"Date": "Fri, 31 Dec 9999 23:59:59 GMT"}, FAILED),
        ({"Date": "Sun, 32 Nov 2026 08:49:37 GMT"}, UNCHECKED),
        ({}, UNCHECKED),
    ],
    ids=str,
)
def test_any_date_is_survived(fields: dict[str, str], outcome: str, tmp_path: Path) -> None:
    """Far, absent and senseless dates: the first is a clock that is wrong, the others tell nothing."""
    if fields.get("Date") == "in an hour":
        fields = {"Date": formatdate(time.time() + 3600, usegmt=True)}
    with serve(reply(answer(OK, **fields))) as ca:
        assert visit(ca, tmp_path)[diagnosis.CLOCK]["outcome"] == outcome


@pytest.mark.parametrize(
    "health",
    [answer(OK, 500), answer({"status": "bad"}), answer(b"[" * 100_000), answer([]), answer(b"\xff")],
    ids=["500", "bad", "deep", "list", "no text"],
)
def test_a_ca_that_is_not_well_is_a_warning(health: bytes, tmp_path: Path) -> None:
    """What it answers to the rest decides."""
    with serve(reply(health)) as ca:
        checks = visit(ca, tmp_path)
    assert checks[diagnosis.REACHED]["outcome"] == WARNING
    assert checks[diagnosis.PROVISIONERS]["outcome"] == FAILED  # it has none


@pytest.mark.usefixtures("no_terminal")
def test_several_provisioners_without_a_terminal_are_a_failure(tmp_path: Path) -> None:
    """Where token would ask which one and cannot, that is told as token tells it, and no key is tried."""
    keys = [{name: value for name, value in generate_jwk().items() if name != "d"} for _ in range(2)]
    listed = [{"type": "JWK", "name": f"p{number}", "key": key, "encryptedKey": "e"} for number, key in enumerate(keys)]

    def behave(request: Request) -> bytes:
        return answer(OK if request.target == "/health" else {"provisioners": listed, "nextCursor": ""})

    with serve(behave) as ca:
        checks = visit(ca, tmp_path)
        chosen = visit(ca, tmp_path, "--provisioner", "p1")
    assert [checks[rule]["outcome"] for rule in (diagnosis.PROVISIONER, diagnosis.KEY)] == [FAILED, UNCHECKED]
    assert "p0 (JWK)" in checks[diagnosis.PROVISIONER]["remedy"]
    assert chosen[diagnosis.PROVISIONER]["outcome"] == PASSED


def test_a_proxy_is_gone_through_and_named(tmp_path: Path) -> None:
    """The proxy of the environment tunnels to the CA; its password is not shown."""
    with serve(reply(answer(OK))) as ca, run_proxy(ca.port) as proxy:
        address = proxy.address
        checks = visit(ca, tmp_path, host="ca.test", HTTPS_PROXY=f"http://me:hush@{address}")
        assert all("proxy-authorization: basic bwu6ahvzaa==" in head.lower() for head in proxy.asked)
    assert checks[diagnosis.REACHED]["outcome"] == checks[diagnosis.TLS]["outcome"] == PASSED
    assert f"through the proxy {address}" in checks[diagnosis.REACHED]["reason"]
    assert "hush" not in str(checks)


def test_an_ipv6_address_is_asked_of_a_proxy_in_brackets(tmp_path: Path) -> None:
    """The proxy can tell the address from the port (RFC 9110, 9.3.6)."""
    with run_proxy(1, b"HTTP/1.1 403 No\r\n\r\n") as proxy:
        visit(9000, tmp_path, host="[2001:db8::1]", HTTPS_PROXY=proxy.address)
        assert all(head.startswith("CONNECT [2001:db8::1]:9000 ") for head in proxy.asked) and proxy.asked


def test_a_proxy_that_refuses_is_told(tmp_path: Path) -> None:
    """The proxy's own answer stands in the reason."""
    with run_proxy(1, b"HTTP/1.1 403 Not for you\r\n\r\n") as proxy:
        checks = visit(1, tmp_path, host="ca.test", HTTPS_PROXY=proxy.address)
    assert checks[diagnosis.REACHED]["outcome"] == FAILED
    assert "403 Not for you" in checks[diagnosis.REACHED]["reason"]


def test_an_https_proxy_is_not_checkable(tmp_path: Path) -> None:
    """What cannot be looked at is said to be so, and the provisioners are asked for all the same."""
    checks = visit(1, tmp_path, host="ca.test", HTTPS_PROXY=f"https://127.0.0.1:{choose_port()}")
    outcomes = [checks[rule]["outcome"] for rule in (diagnosis.REACHED, diagnosis.TLS, diagnosis.PROVISIONERS)]
    assert outcomes == [UNCHECKED, UNCHECKED, FAILED]


def test_a_proxy_that_is_none_is_told(tmp_path: Path) -> None:
    """A malformed address fails the check of the way, and no credentials are shown."""
    checks = visit(1, tmp_path, host="ca.test", HTTPS_PROXY="http://me:hush@host:port")
    assert "HTTPS_PROXY is not a proxy address" in checks[diagnosis.REACHED]["reason"]
    assert "hush" not in str(checks)


def test_nothing_of_a_ca_reaches_the_terminal_raw(tmp_path: Path) -> None:
    """Names and words from outside are escaped."""
    hostile = "\x1b[2J\u202e\nfailed: forged"
    public = {name: value for name, value in generate_jwk().items() if name != "d"}
    provisioner = {"type": "JWK", "name": hostile, "key": public}
    listed = answer({"provisioners": [provisioner, provisioner | {"type": hostile}], "nextCursor": ""})

    def behave(request: Request) -> bytes:
        return listed if request.target.startswith("/provisioners?") else answer(OK, 200)

    (tmp_path / "root.crt").write_bytes(root().pem)
    with serve(behave, leaf()) as ca:
        words = ["--ca-url", ca.url, "--root", str(tmp_path / "root.crt")]
        result = invoke("doctor", *words, environment={"STEPPATH": str(tmp_path)})
    assert "forged" in result.out
    assert all(character.isprintable() for character in result.out.replace("\n", ""))
    assert not any(line.startswith("failed: forged") for line in result.out.splitlines())
