"""What a hostile CA, or a hostile ca.json, can cost: time and memory, measured in a process of its own."""

import itertools
import json
from pathlib import Path

import pytest

from adapters.ca.https import MAX_LIST_BYTES, MAX_PAGE_BYTES
from adapters.ca.provisioner_json import read_provisioners
from domain.ca.settings import MAX_PROVISIONERS
from domain.errors import NetworkError
from domain.formats.duration import NANOSECONDS
from domain.formats.json_text import MAX_VALUES
from domain.provisioners.other import OtherProvisioner
from tests.support.hostile_ca import CHUNKED, Behaviour, Request, answer, endless, root, serve
from tests.support.https_authority import connect
from tests.support.measured_run import Cost, measure_run
from tests.support.processor_time import ROUNDS, spend

TIMEOUT, PLENTY = 3, 90
"""Seconds that the program has for a CA that would keep it for ever, and for one whose list ends, on a busy machine."""

SECONDS = TIMEOUT + 15
"""The goal is TIMEOUT and one second on a machine with nothing else to do; this is far below what the faults took."""

MEBIBYTES = 200
MANY = 10_000


def ask(behaviour: Behaviour, folder: Path, timeout: int = PLENTY) -> Cost:
    """Measure asking a CA that behaves so for its provisioners."""
    (folder / "root.crt").write_bytes(root().pem)
    with serve(behaviour) as ca:
        words = ["token", "web", "--ca-url", ca.url, "--root", str(folder / "root.crt"), "--issuer", "nobody"]
        return measure_run(*words, "--timeout", f"{timeout}s", "--request-timeout", f"{timeout}s", folder=folder)


def read(config: bytes, folder: Path) -> Cost:
    """Measure reading a ca.json offline."""
    (folder / "root.crt").write_bytes(root().pem)
    (folder / "ca.json").write_bytes(config)
    words = ["token", "web", "--offline", "--ca-config", str(folder / "ca.json"), "--issuer", "nobody"]
    return measure_run(*words, "--root", str(folder / "root.crt"), folder=folder)


def check(cost: Cost, said: str) -> None:
    """Check that a run ended with an error in words, and took little of the processor's time and of memory."""
    assert cost.status in {1, 2} and cost.err.count("\n") == 1, cost.err
    assert said in cost.err, cost.err[:2_000]
    assert cost.processor_seconds < SECONDS
    assert cost.mebibytes < MEBIBYTES


def write_config(entries: str) -> bytes:
    """Return a ca.json with these provisioners."""
    return f'{{"dnsNames":["ca.test"],"authority":{{"provisioners":{entries}}}}}'.encode()


def page_of(entries: str, cursor: str = "") -> bytes:
    """Return an answer with these provisioners."""
    return answer(f'{{"provisioners":{entries},"nextCursor":"{cursor}"}}'.encode())


def list_of(entry: str, count: int = MANY) -> str:
    """Return a list of so many of the same."""
    return f"[{','.join([entry] * count)}]"


BAD_ENTRIES = [
    "{}", "5", '{"type":1,"name":2,"claims":{"enableSSHCA":3}}', '{"type":"JWK","name":"a","key":{}}',
    '{"type":"OIDC","name":"a"}', '{"type":"AWS","name":"a","imdsVersions":["v3"]}',
]  # fmt: skip


@pytest.mark.parametrize("entry", BAD_ENTRIES)
def test_a_malformed_provisioner_costs_no_more_than_a_sound_one(entry: str) -> None:
    """Nothing is built anew for each entry, and no error is explained at length."""
    sound = {
        "type": "JWK", "name": "a", "encryptedKey": "x", "claims": {"enableSSHCA": True},
        "key": {"kty": "EC", "crv": "P-256", "kid": "k", "x": "A" * 43, "y": "A" * 43},
    }  # fmt: skip
    bad = json.loads(entry)

    def take(value: object) -> float:
        return spend(lambda: read_provisioners([value] * 1_000))

    assert isinstance(read_provisioners([bad])[0], OtherProvisioner)
    assert any(take(bad) < 4 * take(sound) + 0.05 for _ in ROUNDS)


@pytest.mark.parametrize("entry", BAD_ENTRIES[::2])
@pytest.mark.parametrize("way", ["online", "ca.json"])
def test_ten_thousand_malformed_provisioners_are_cheap(entry: str, way: str, tmp_path: Path) -> None:
    """Each makes no tokens, and the one that was asked for is not there."""
    entries = list_of(entry)
    cost = ask(lambda _: page_of(entries), tmp_path) if way == "online" else read(write_config(entries), tmp_path)
    check(cost, "nobody")


@pytest.mark.parametrize("way", ["online", "ca.json"])
def test_more_provisioners_than_any_ca_has_are_refused(way: str, tmp_path: Path) -> None:
    """A list has its bound whatever stands in it."""
    entries = list_of("{}", MAX_PROVISIONERS + 1)
    cost = ask(lambda _: page_of(entries), tmp_path) if way == "online" else read(write_config(entries), tmp_path)
    check(cost, f"lists over {MAX_PROVISIONERS} provisioners")


def test_provisioners_are_counted_over_all_pages(tmp_path: Path) -> None:
    """A few thousand a page add up."""
    numbers, entries = itertools.count(), list_of("{}", 3_000)
    check(ask(lambda _: page_of(entries, f"c{next(numbers)}"), tmp_path), f"lists over {MAX_PROVISIONERS}")


@pytest.mark.parametrize(
    "filler",
    ["x" * 1_000, "\\u202e" * 200, "☃" * 400, "\U0001f600" * 300],
    ids=["ASCII", "escapes", "three bytes", "four bytes"],
)
def test_pages_are_bounded_in_sum(filler: str, tmp_path: Path) -> None:
    """A thousand pages of 8 MiB are not read to their end."""
    numbers = itertools.count()
    bare = json.dumps([{"type": "JWK", "name": "a", "other": "@"}], ensure_ascii=False)
    size = MAX_PAGE_BYTES - 200
    entries = bare.replace("@", filler * (size // len(filler.encode())))
    cost = ask(lambda _: page_of(entries, f"c{next(numbers)}"), tmp_path)
    check(cost, f"its list of provisioners is over {MAX_LIST_BYTES} bytes")


@pytest.mark.parametrize("value", ["[]", '{"a":[]}'])
@pytest.mark.parametrize("way", ["online", "ca.json"])
def test_values_are_counted_before_they_are_made(value: str, way: str, tmp_path: Path) -> None:
    """Eight million bytes of brackets are not made into lists."""
    many = list_of(value, (MAX_PAGE_BYTES - 1_000) // (len(value) + 1))
    config = f'{{"dnsNames":["ca.test"],"authority":{{}},"provisioners":[],"other":{many}}}'.encode()
    cost = ask(lambda _: answer(config), tmp_path) if way == "online" else read(config, tmp_path)
    check(cost, f"more than {MAX_VALUES} values")


@pytest.mark.parametrize("piece", ["1.5", '{"a":{}}', '{"a":"☃"}'], ids=["number", "object", "member"])
def test_as_many_values_as_are_taken_fit_the_memory(piece: str, tmp_path: Path) -> None:
    """Just below the bound, page after page, until there are too many bytes or no more time."""
    numbers = itertools.count()
    marks = sum(map(piece.count, "[{,:")) + 1
    other = list_of(piece, (MAX_VALUES - 100) // marks)
    body = f'{{"provisioners":[],"other":{other},"nextCursor":"@"}}'

    def tell(_: Request) -> bytes:
        return answer(body.replace("@", f"c{next(numbers)}").encode())

    cost = ask(tell, tmp_path, TIMEOUT)
    assert "is over" in cost.err or f"within {TIMEOUT}s" in cost.err, cost.err
    assert (cost.processor_seconds < SECONDS, cost.mebibytes < MEBIBYTES) == (True, True), cost


def test_members_with_different_names_fit_the_memory(tmp_path: Path) -> None:
    """One object of as many members as are taken."""
    members = ",".join(f'"member-{number:06}":{number}.5' for number in range(MAX_VALUES // 2 - 100))
    check(read(write_config(f"[{{{members}}}]"), tmp_path), "nobody")


@pytest.mark.parametrize(
    ("member", "mark"),
    [("name", "\u202e"), *((member, "\U0001f600") for member in ("name", "type", "kid", "clientID", "encryptedKey"))],
    ids=["escaped name", "wide name", "type", "kid", "client", "key"],
)
def test_texts_of_megabytes_fit_the_memory(member: str, mark: str, tmp_path: Path) -> None:
    """What is long and strange is not shown at its length."""
    key = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "kid": "k"}
    entry = {"type": "JWK", "name": "a", "key": key}
    long = mark + "x" * ((MAX_PAGE_BYTES - 1_000) // 1) if mark != "\u202e" else mark * ((MAX_PAGE_BYTES - 1_000) // 3)
    (key if member == "kid" else entry)[member] = long  # type: ignore[index,assignment]
    body = json.dumps([entry], ensure_ascii=False)
    check(ask(lambda _: page_of(body), tmp_path), "nobody")


def test_ten_thousand_long_names_fit_the_memory(tmp_path: Path) -> None:
    """A list of all their labels is not made either."""
    numbers = itertools.count(1)
    entries = list_of(json.dumps({"type": "X5C", "name": "\U0001f600" + "x" * 700}, ensure_ascii=False), MANY // 2)

    def tell(_: Request) -> bytes:
        return page_of(entries, "" if next(numbers) == 2 else "next")

    check(ask(tell, tmp_path), "and 9,980 more")


@pytest.mark.parametrize("size", [32 << 20, (8 << 20) + 1])
def test_a_ca_json_of_megabytes_is_refused_by_its_size(size: int, tmp_path: Path) -> None:
    """It is not parsed, nor read to its end."""
    config = write_config(list_of('{"type":"ACME","name":"acme"}', 10))
    check(read(config.ljust(size), tmp_path), "is over 8388608 bytes")


def test_chunks_of_one_byte_do_not_outlast_the_time(tmp_path: Path) -> None:
    """Taking a body to pieces counts as time; by its bytes it would be over a little later."""
    cost = ask(endless(CHUNKED, b"1\r\nx\r\n" * 10_000), tmp_path, TIMEOUT)
    check(cost, f"did not answer within {TIMEOUT}s")
    assert cost.seconds < PLENTY


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"[" * 65_536, b"{}," * 20_000], ids=["text", "lists", "objects"])
def test_a_body_without_end_is_left(piece: bytes, tmp_path: Path) -> None:
    """As many bytes as a page may have are taken, and no more."""
    head = b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"provisioners":['
    check(ask(endless(head, piece), tmp_path), f"is over {MAX_PAGE_BYTES} bytes")


def test_reading_counts_as_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that come at once, and take long to read, are not read on beyond the time."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    numbers, moment = itertools.count(), itertools.count()
    with serve(lambda _: page_of("[]", f"c{next(numbers)}")) as ca:
        client = connect(ca, timeout=100 * NANOSECONDS)
        monkeypatch.setattr("adapters.http.bounded.monotonic", lambda: float(next(moment)))
        with pytest.raises(NetworkError, match=r"did not answer within 1m40s: .*--timeout"):
            client.provisioners()
        assert len(ca.requests) < 100
