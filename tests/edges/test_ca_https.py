"""What a CA may do to the client over HTTPS: nothing but answer, briefly, in time."""

import gc
import gzip
import itertools
import json
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.ca.https import MAX_KEY_BYTES, MAX_PAGE_BYTES, MAX_PAGES
from adapters.ca.https_client import PAUSES
from domain.errors import AuthorityError, NetworkError, StepOttError
from domain.formats.duration import NANOSECONDS
from tests.support.hostile_ca import (
    CHUNKED,
    IDLE_SECONDS,
    Behaviour,
    Request,
    answer,
    endless,
    in_turn,
    listen,
    refuse_connections,
    serve,
    stall,
)
from tests.support.https_authority import EMPTY_LIST, connect

pytestmark = pytest.mark.usefixtures("undisturbed")
BRIEF = NANOSECONDS // 5


def refusal(behaviour: Behaviour, kid: str = "", **options: Any) -> str:
    """Return the error of asking a CA that behaves so for its provisioners, or for the key of `kid`."""
    with serve(behaviour) as ca:
        client = connect(ca, **options)
        with pytest.raises(StepOttError) as caught:
            client.encrypted_key(kid) if kid else client.provisioners()
    return str(caught.value)


# -- Redirects and encodings ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://evil.test/provisioners", "https://evil.test/", "/elsewhere"])
def test_a_redirect_is_refused_and_its_target_named(status: int, target: str) -> None:
    """No redirect is followed, to whatever address and scheme; the error says where it would have led."""
    with serve(lambda _: answer(b"", status, Location=target)) as ca:
        with pytest.raises(AuthorityError) as caught:
            connect(ca).provisioners()
        assert ca.targets == ["/provisioners?limit=100"]
    assert f"redirects /provisioners?limit=100 to {target}" in str(caught.value)


def test_a_redirect_without_a_target_is_refused() -> None:
    """A 3xx with no Location is an error like any other redirect."""
    assert "to nowhere, which is refused" in refusal(lambda _: answer(b"", 302))


def test_no_compression_is_asked_for() -> None:
    """Requests say Accept-Encoding: identity."""
    with serve(lambda _: EMPTY_LIST) as ca:
        connect(ca).provisioners()
        assert ca.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("size", [0, 20 << 20], ids=["small", "bomb"])
def test_a_compressed_answer_is_not_inflated(size: int) -> None:
    """A CA that compresses all the same gets nowhere: its answer is read as the bytes that it is."""
    text = json.dumps({"provisioners": [], "nextCursor": "", "padding": " " * size}).encode()
    told = answer(gzip.compress(text), Content_Encoding="gzip")
    assert "its answer to /provisioners?limit=100 cannot be used: not UTF-8" in refusal(lambda _: told)


# -- Bounds -----------------------------------------------------------------------------------------


def chunked(body: bytes) -> bytes:
    """Return an answer in chunks, which says nowhere how long it is."""
    size = 1 << 20
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def unframed(body: bytes) -> bytes:
    """Return an answer that ends where the connection does."""
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body


@pytest.mark.parametrize("frame", [answer, chunked, unframed])
@pytest.mark.parametrize(("kid", "limit"), [("", MAX_PAGE_BYTES), ("k", MAX_KEY_BYTES)], ids=["page", "key"])
def test_a_body_over_its_bound_is_refused_however_it_is_framed(frame: Any, kid: str, limit: int) -> None:
    """A page has at most 8 MiB and a key 64 KiB, with or without a Content-Length."""
    assert f"is over {limit} bytes" in refusal(lambda _: frame(b" " * (limit + 1)), kid)


@pytest.mark.parametrize("frame", [answer, chunked, unframed])
def test_a_body_at_its_bound_is_read_however_it_is_framed(frame: Any) -> None:
    """A key answer of exactly 64 KiB is within the bound."""
    body = json.dumps({"key": "a.b.c.d.e"}).encode().ljust(MAX_KEY_BYTES)
    with serve(lambda _: frame(body)) as ca:
        assert connect(ca).encrypted_key("k") == "a.b.c.d.e"


def test_the_bounds_are_those_of_the_documents() -> None:
    """8 MiB a page, 64 KiB a key, 1,000 pages."""
    assert (MAX_PAGE_BYTES, MAX_KEY_BYTES, MAX_PAGES) == (8 * 1024 * 1024, 64 * 1024, 1_000)


def test_pages_without_end_are_refused() -> None:
    """A CA whose cursors never end is left after so many pages."""
    numbers = itertools.count()
    with serve(lambda _: answer({"provisioners": [], "nextCursor": f"c{next(numbers)}"})) as ca:
        with pytest.raises(AuthorityError, match="has over 20 pages"):
            connect(ca, max_pages=20).provisioners()
        assert len(ca.requests) == 20


def test_a_thousand_pages_are_the_default_bound() -> None:
    """Nothing but the bound of 1,000 is built in."""
    with serve(lambda _: EMPTY_LIST) as ca:
        assert connect(ca).max_pages == 1_000


@pytest.mark.parametrize("cycle", [["a"], ["a", "b"], ["a", "b", "c"]], ids=len)
def test_a_cursor_that_comes_again_is_refused(cycle: list[str]) -> None:
    """A list of pages that leads back to an earlier one is not a list."""
    cursors = itertools.cycle(cycle)
    with serve(lambda _: answer({"provisioners": [], "nextCursor": next(cursors)})) as ca:
        with pytest.raises(AuthorityError, match="a page comes twice"):
            connect(ca).provisioners()
        assert len(ca.requests) == len(cycle) + 1


@pytest.mark.parametrize(
    "page", [{}, [], {"provisioners": {}}, {"provisioners": "x"}, {"provisioners": 0}, {"provisioners": False}],
    ids=json.dumps,
)  # fmt: skip
def test_a_page_without_a_list_is_refused(page: object) -> None:
    """What is not a list of provisioners is not taken for an empty one."""
    assert "cannot be used" in refusal(lambda _: answer(page))


@pytest.mark.parametrize("cursor", [5, True, ["a"], {"a": "b"}], ids=json.dumps)
def test_a_cursor_that_is_no_text_is_refused(cursor: object) -> None:
    """A cursor of another JSON type is the CA's fault, not a crash."""
    assert "cannot be used" in refusal(lambda _: answer({"provisioners": [], "nextCursor": cursor}))


def test_a_null_list_is_an_empty_one() -> None:
    """Go writes an empty list as null."""
    with serve(lambda _: answer({"provisioners": None, "nextCursor": ""})) as ca:
        assert connect(ca).provisioners() == []


# -- Addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kid", "segment"),
    [
        ("4vn46fbZT68Uxfs9LBwHkTvrjEvxQqx-W8nnE-qDjts", "4vn46fbZT68Uxfs9LBwHkTvrjEvxQqx-W8nnE-qDjts"),
        ("a/b", "a%2Fb"),
        ("../../health", "..%2F..%2Fhealth"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("é ☃", "%C3%A9%20%E2%98%83"),
        ("a?b#c&d=e+f%2F", "a%3Fb%23c%26d%3De%2Bf%252F"),
        ("a\r\nX: y", "a%0D%0AX%3A%20y"),
    ],
)
def test_a_kid_is_one_encoded_segment_of_the_path(kid: str, segment: str) -> None:
    """Whatever a kid holds, the request goes to its own encrypted-key address."""
    with serve(lambda _: answer({"key": "jwe"})) as ca:
        assert connect(ca).encrypted_key(kid) == "jwe"
        assert ca.targets == [f"/provisioners/{segment}/encrypted-key"]


@pytest.mark.parametrize(
    ("cursor", "encoded"),
    [("a/b", "a%2Fb"), ("a&limit=1#x", "a%26limit%3D1%23x"), ("é+ ", "%C3%A9%2B%20"), ("../x", "..%2Fx")],
)
def test_a_cursor_is_one_encoded_value_of_the_query(cursor: str, encoded: str) -> None:
    """Whatever a cursor holds, it changes nothing else in the request."""
    pages = in_turn(answer({"provisioners": [], "nextCursor": cursor}), EMPTY_LIST)
    with serve(pages) as ca:
        connect(ca).provisioners()
        assert ca.targets == ["/provisioners?limit=100", f"/provisioners?limit=100&cursor={encoded}"]


# -- Time -------------------------------------------------------------------------------------------


def trickle_body(request: Request) -> Iterator[bytes]:
    """Send a body a byte at a time, each well within any timeout of a socket."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    while not request.stopped.wait(0.02):
        yield b" "


def trickle_headers(request: Request) -> Iterator[bytes]:
    """Send headers without end, a byte at a time."""
    yield b"HTTP/1.1 200 OK\r\nX-Header: "
    while not request.stopped.wait(0.02):
        yield b"x"


def continue_forever(request: Request) -> Iterator[bytes]:
    """Send one interim response after the other."""
    while not request.stopped.wait(0.02):
        yield b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("behaviour", [stall, trickle_body, trickle_headers, continue_forever])
def test_an_answer_that_takes_too_long_is_given_up(behaviour: Behaviour) -> None:
    """The bound on a request is wall-clock time, however busy the connection looks; the error names its flag."""
    told = refusal(behaviour, request_timeout=BRIEF)
    assert "did not answer within 200ms" in told and "--request-timeout" in told


def test_a_listener_that_never_shakes_hands_is_given_up() -> None:
    """The bound counts from before the TLS handshake."""
    with listen() as listener:
        client = connect(listener.getsockname()[1], request_timeout=BRIEF)
        with pytest.raises(NetworkError, match="did not answer within 200ms"):
            client.provisioners()


def test_all_requests_together_have_a_deadline() -> None:
    """Pages that are each in time do not add up to more than the whole may take; the error names its flag."""
    numbers = itertools.count()

    def page_slowly(request: Request) -> bytes:
        request.stopped.wait(0.03)
        return answer({"provisioners": [], "nextCursor": f"c{next(numbers)}"})

    told = refusal(page_slowly, timeout=BRIEF)
    assert "did not answer within 200ms" in told and "--timeout" in told


def test_a_person_who_thinks_does_not_use_up_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the time that requests take counts, not that between them, when somebody chooses a provisioner."""
    moments = itertools.count(0.0, 25.0)
    monkeypatch.setattr("adapters.http.bounded.monotonic", lambda: next(moments))
    with serve(lambda _: answer({"provisioners": [], "key": "jwe"})) as ca:
        client = connect(ca, timeout=1_000 * NANOSECONDS, request_timeout=500 * NANOSECONDS)
        client.provisioners()
        for _ in range(100):
            next(moments)
        assert client.encrypted_key("k") == "jwe"


# -- Faults and retries -----------------------------------------------------------------------------

CUT_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"
NOT_HTTP = b"SSH-2.0-OpenSSH_9.6\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "fault",
    [b"", CUT_SHORT, *(answer({"message": "busy"}, status) for status in (429, 500, 502, 503, 504))],
    ids=["closed", "cut short", "429", "500", "502", "503", "504"],
)
def test_a_passing_fault_is_tried_again(fault: bytes) -> None:
    """A connection that breaks, 429 and 5xx do not fail a GET that works the next time."""
    with serve(in_turn(fault, fault, EMPTY_LIST)) as ca:
        assert connect(ca).provisioners() == []
        assert len(ca.requests) == 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (b"", "closed connection"),
        (CUT_SHORT, "IncompleteRead"),
        (NOT_HTTP, "SSH-2.0"),
        (answer(b"<html>", 503), "answers /provisioners?limit=100 with status 503"),
        (answer({"message": "busy"}, 500), "with status 500: busy"),
    ],
    ids=["closed", "cut short", "not HTTP", "503", "500"],
)
def test_a_lasting_fault_is_told_after_four_attempts(fault: bytes, said: str) -> None:
    """Attempts are bounded, and the error says what happened, a status of a body that is not JSON included."""
    with serve(lambda _: fault) as ca:
        with pytest.raises(StepOttError) as caught:
            connect(ca).provisioners()
        assert len(ca.requests) == 4
    assert said in str(caught.value)


def test_attempts_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait is longer than the one before, so that a CA in trouble is not hammered."""
    waited: list[float] = []
    monkeypatch.setattr("adapters.ca.https_client.PAUSES", PAUSES)
    monkeypatch.setattr("adapters.ca.https_client.sleep", waited.append)
    refusal(lambda _: answer(b"", 503))
    assert len(waited) == 3 and 0 < waited[0] < waited[1] < waited[2]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410])
def test_a_refusal_is_not_tried_again(status: int) -> None:
    """A 4xx other than 429 is an answer; the error has its status and the CA's own words."""
    with serve(lambda _: answer({"status": status, "message": "not for you"}, status)) as ca:
        with pytest.raises(AuthorityError, match=f"status {status}: not for you"):
            connect(ca).provisioners()
        assert len(ca.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b"[]", b'{"message": 5}', b"\xff\xfe"])
def test_a_status_survives_a_body_that_makes_no_sense(body: bytes) -> None:
    """An error page of whatever shape leaves the status in the error."""
    assert "with status 404" in refusal(lambda _: answer(body, 404))


def test_an_address_where_nothing_listens_is_named() -> None:
    """A refused connection is told in the system's words, with the address."""
    with (
        refuse_connections() as port,
        pytest.raises(NetworkError, match=rf"https://127\.0\.0\.1:{port} cannot be reached: Connection refused"),
    ):
        connect(port).provisioners()


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":2}', b"NaN", b"[" * 100 + b"]" * 100, b'"text"', b"null"])
def test_an_answer_that_is_no_sound_json_object_is_refused(body: bytes) -> None:
    """The CA's JSON is read as strictly as any other."""
    assert "its answer to /provisioners?limit=100 cannot be used" in refusal(lambda _: answer(body))


@pytest.mark.parametrize("answered", [{}, {"key": None}, {"key": ""}, {"key": 5}, {"key": {"kty": "EC"}}])
def test_an_answer_without_a_key_is_refused(answered: object) -> None:
    """An encrypted key is text; anything else, an unencrypted JWK included, is none."""
    assert "no key for kid k" in refusal(lambda _: answer(answered), kid="k")


# -- Connections ------------------------------------------------------------------------------------


def test_many_pages_come_over_one_connection() -> None:
    """One TLS handshake serves all pages and the key."""
    pages = [answer({"provisioners": [{"type": "ACME", "name": f"p{n}"}], "nextCursor": f"c{n}"}) for n in range(5)]
    with serve(in_turn(*pages, EMPTY_LIST, answer({"key": "jwe"}))) as ca:
        client = connect(ca)
        assert [p.name for p in client.provisioners()] == ["p0", "p1", "p2", "p3", "p4"]
        assert client.encrypted_key("k") == "jwe"
        assert (ca.connections, len(ca.requests)) == (1, 7)


# -- Framing ----------------------------------------------------------------------------------------


def chunk_of(size: bytes) -> Behaviour:
    """Answer with a chunk that says to be of that size, and then on and on with other bytes."""
    return endless(CHUNKED + size + b"\r\n", b"x" * 65_536)


@pytest.mark.parametrize("size", [b"-1", b"-5", b"-" + b"f" * 16, b"+5", b"0x5", b"1_0", b"", b"g", b"\xb2", b"f" * 17])
def test_a_chunk_that_is_of_no_size_is_refused(size: bytes) -> None:
    """What http.client takes for a size is read no further; the GET is tried again, and the error is in words."""
    with serve(chunk_of(size)) as ca:
        with pytest.raises(NetworkError, match="gives no valid answer: a chunk of the answer does not begin with"):
            connect(ca).provisioners()
        assert len(ca.requests) == 1 + len(PAUSES)


def test_a_chunk_that_is_of_no_size_passes() -> None:
    """It is a fault like a broken line: the next answer may be a good one."""
    malformed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n-1\r\n{}"
    with serve(in_turn(malformed, EMPTY_LIST)) as ca:
        assert connect(ca).provisioners() == []


@pytest.mark.parametrize("size", [b"f" * 15, b"7fffffff"])
def test_a_chunk_of_endless_size_ends_at_the_bound(size: bytes) -> None:
    """A size beyond all bounds is not a reason to make room for it."""
    assert f"is over {MAX_PAGE_BYTES} bytes" in refusal(chunk_of(size))


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000), "is over 65536 bytes before its body"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 60_000 + b"\r\n"), "is over 65536 bytes before its body"),
        (endless(CHUNKED, b"1\r\nx\r\n" * 10_000), "is over 65536 bytes"),
        (endless(CHUNKED + b"0\r\n", b"X: y\r\n" * 10_000), "is over 65536 bytes"),
        (endless(CHUNKED, b"1;" + b"x" * 60_000 + b"\r\n"), "gives no valid answer"),
    ],
    ids=["interim answers", "headers", "small chunks", "trailers", "chunk extensions"],
)
def test_what_is_beside_a_body_is_bounded_as_well(behaviour: Behaviour, said: str) -> None:
    """Headers, interim answers, and what frames chunks, are counted as they come."""
    assert said in refusal(behaviour, kid="k")


def test_an_answer_that_contradicts_itself_leaves_no_connection_open() -> None:
    """The library refuses two lengths when the answer is made already, and would keep what it reads from."""
    told = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\na"
    gc.collect()
    with serve(lambda _: told) as ca, warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        with pytest.raises(NetworkError):
            connect(ca).provisioners()
        gc.collect()
    assert [str(one.message) for one in noted] == []


@pytest.mark.parametrize("cut", [b"", b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_an_answer_that_ends_with_its_headers_is_an_error_in_words(cut: bytes) -> None:
    """The certificate is looked at as long as the connection stands: nothing depends on the rest of the answer."""

    def cut_off(_: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + cut + b"\r\n"

    told = refusal(cut_off)
    assert "gives no valid answer" in told or "cannot be used" in told


@pytest.mark.parametrize("late", [stall, trickle_body], ids=["silent", "trickling"])
def test_a_ca_that_falls_silent_after_passing_faults_did_not_answer_in_time(late: Behaviour) -> None:
    """Three times 503, and then nothing: the time was too short, the address is right."""
    told = itertools.chain([answer(b"", 503)] * len(PAUSES), itertools.repeat(None))

    def behave(request: Request) -> bytes | Any:
        busy = next(told)
        return late(request) if busy is None else busy

    assert "did not answer within 1s" in refusal(behave, request_timeout=NANOSECONDS)


@pytest.mark.parametrize("behaviour", [trickle_body, trickle_headers, continue_forever, chunk_of(b"f" * 15)])
def test_what_was_given_up_reads_no_further(behaviour: Behaviour) -> None:
    """In a program that goes on, neither a thread nor a connection stays behind."""
    ended = threading.Event()

    def watch(request: Request) -> Iterator[bytes]:
        try:
            told = behaviour(request)
            yield from [told] if isinstance(told, bytes) else told
        finally:
            ended.set()  # the client has hung up

    with serve(watch) as ca:
        with pytest.raises(StepOttError):
            connect(ca, request_timeout=NANOSECONDS).provisioners()
        assert ended.wait(IDLE_SECONDS / 2) or not ca.requests
        for thread in [thread for thread in threading.enumerate() if thread.name.endswith("(go)")]:
            thread.join(IDLE_SECONDS / 2)
            assert not thread.is_alive()
