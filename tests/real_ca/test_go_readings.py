"""What Go's own parsers make of URLs, base64, JSON and tokens, and what `verify` makes of them: the same."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.jose.key_objects import generate_jwk
from domain.errors import InputError
from domain.formats import go_base64, go_json
from domain.formats.duration import NANOSECONDS
from domain.formats.go_time import parse_go_moment
from domain.formats.go_url import parse_url, read_address
from domain.formats.json_text import Number
from domain.token.go_jws import read_go_jws
from tests.support.go_answers import GoAnswers, ask_go

KEY = json.dumps({name: text for name, text in generate_jwk().items() if name != "d"})
EXAMPLES = settings(max_examples=300)


@pytest.fixture(scope="module")
def go() -> Iterator[GoAnswers]:
    """Go's own parsers."""
    with ask_go() as answers:
        yield answers


def pieces(*texts: str) -> st.SearchStrategy[str]:
    """Return texts put together of some of these and of single characters."""
    piece = st.one_of(st.sampled_from(texts), st.sampled_from(texts), st.characters(exclude_categories=["Cs"]))
    return st.lists(piece, max_size=9).map("".join)


URLS = pieces(
    "https://", "HTTPS:", "spiffe://", "urn:", "//", "/", "/1.0/sign", "[", "]", "[::1]", "[localhost]",
    "[fe80::1%25en0]", "ca.test", "127.0.0.1", ":", ":9000", ":x", "@", "me:pw@", "#", "#x5c/a", "?", "??", "a=b", "%",
    "%2F", "%41", "%c3%bc", "%zz", "ü", " ", "*", ".", "..", "'", '"', "<", ";", "\x7f", "\t",
)  # fmt: skip


@EXAMPLES
@example(text="https://[localhost]/1.0/sign").via("a host in brackets that is not an address")
@example(text="https://[::ffff:1.2.3.4]:9000/").via("an IPv4 address in an IPv6 one")
@given(text=URLS)
def test_a_url_is_what_go_takes_it_for(text: str, go: GoAnswers) -> None:
    """Refused by both, or alike in its parts, in full, without its port and with another fragment."""
    said = go.ask_words("url", [text, "x5c/a b", "ü'"])
    try:
        url = parse_url(text)
    except ValueError:
        assert "error" in said
        return
    assert "error" not in said, said
    assert [str(url), url.without_port()] == [said["positional"][3], said.get("text", "")]
    if ".." not in text and "/." not in text and not text.startswith("."):
        assert [url.with_fragment("x5c/a b"), url.with_fragment("ü'")] == said["positional"][4:]


@EXAMPLES
@example(text="::ffff:10.0.0.7")
@given(text=pieces("1", "10", "::", ":", ".", "255.", "ffff", "010", "%a", "::ffff:"))
def test_an_address_is_what_go_takes_it_for(text: str, go: GoAnswers) -> None:
    """The same form, or none."""
    assert read_address(text) == go.ask("ip", text).get("text")


BASE64 = pieces("A", "Zg", "Zm9v", "=", "==", "\n", "\r\n", "-", "_", "+", "/", "Zh", " ", "é")


@EXAMPLES
@example(text="Zh==")
@given(text=BASE64)
def test_base64_is_what_go_takes_it_for(text: str, go: GoAnswers) -> None:
    """The same bytes, in either alphabet, or none."""
    for name, decode in (("standard", go_base64.decode_standard), ("url", go_base64.decode_url)):
        said = go.ask_words("base64", [name, text])
        try:
            found: str | None = decode(text).hex()
        except ValueError:
            found = None
        assert found == (None if "error" in said else said.get("text", ""))


JSON_PIECES = [
    b"{", b"}", b"[", b"]", b",", b":", b'"a"', b'"A"', b'""', b"null", b"true", b"false", b"1", b"-1", b"1.5", b"1e3",
    b"-0", b"01", b"1e400", b"NaN", b"Infinity", b" ", b"\n", b"\x0b", b'"\\u00e9"', b'"\\ud83d\\ude00"', b'"\\ud83d"',
    b'"\\ude00\\ud83d"', b'"\\\\ud83d"', b'"\\ud83dx"', b'"\xc3\xa9"', b'"\xc3"', b'"\xe2\x82"', b'"\xed\xa0\x80"',
    b'"\\x"', b'"\\\'"', b'"\x01"', b"\xef\xbb\xbf", b"\xa0", b'{"a":1,"a":2}', b'{"a":{"b":[1,{}]}}',
    b"123456789012345678901234567890",
]  # fmt: skip
VALUES = st.recursive(
    st.sampled_from([piece for piece in JSON_PIECES if piece[:1] in b'"-1ntf']),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: b"[" + b",".join(items) + b"]"),
        st.lists(st.tuples(st.sampled_from([b'"a"', b'"\\u0061"', b'"b"']), inner), max_size=3).map(
            lambda pairs: b"{" + b" , ".join(name + b":" + value for name, value in pairs) + b"}"
        ),
    ),
    max_leaves=6,
)


@EXAMPLES
@example(text=b'{"a":1,"\\u0061":2}')
@given(text=st.one_of(VALUES, st.lists(st.sampled_from(JSON_PIECES), max_size=6).map(b"".join)))
def test_json_is_what_go_jose_takes_it_for(text: bytes, go: GoAnswers) -> None:
    """The same value, or none."""
    said = go.ask("claims", text.hex())
    try:
        value = go_json.parse(text)
    except ValueError:
        assert "error" in said, said
        return
    assert go_json.can_be_decoded(value) is ("error" not in said), (value, said)
    if "error" not in said:
        assert plain(value) == plain(json.loads(said["text"]))


def plain(value: Any) -> Any:
    """Return a value with floats for numbers, as Go has them."""
    if isinstance(value, Number):
        return float(value.digits)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


TIMES = pieces(
    "2126-12-31T", "0000-02-29T", "0001-01-01T", "2126-02-29T", "23:59:59", "3:59:59", "24:00:00", "23:59:60", ".5",
    ",5",    ".1234567891", "Z", "z", "+14:60", "-24:00", "+25:00", "+00:61", "T", " ", "1h", "-5m", "1.5", "\u0661",
)  # fmt: skip


@EXAMPLES
@example(text="2126-12-31T3:59:59,5+24:60")
@example(text="0000-02-29T23:59:59Z")
@given(text=TIMES)
def test_a_time_is_what_go_takes_it_for(text: str, go: GoAnswers) -> None:
    """The same nanosecond; what is not a time is a duration, or nothing."""
    said = go.ask("time", text)
    kind = "time" if "error" not in said else "duration"
    said = said if kind == "time" else go.ask("duration", text)
    try:
        moment = parse_go_moment(text)
    except ValueError:
        assert "error" in said, said
        return
    nanoseconds = int(said["number"]) * (NANOSECONDS if kind == "time" else 1) + said.get("fraction", 0)
    assert (moment.nanoseconds, moment.relative) == (nanoseconds, kind == "duration")


TOKENS = pieces(
    "eyJhIjoxfQ", "e30", "bnVsbA", "W10", ".", "..", "=", "A", "AA", " ", "{", "}", '"payload":', '"protected":',
    '"signature":', '"signatures":[', "]", '"header":', "null", ",", '"e30"', '{"alg":"ES256"}', "\u00a0",
)  # fmt: skip


@EXAMPLES
@given(text=TOKENS)
def test_whatever_is_shown_is_a_token_or_not(text: str) -> None:
    """No text is too strange to be read, or to be refused in words."""
    try:
        token = read_go_jws(text)
    except InputError:
        return
    assert token.signing_input.count(b".") >= 1


MEMBERS = st.fixed_dictionaries({}, optional={
    "payload": st.sampled_from(["eyJhIjoxfQ", "e30=", "bnVsbA", "", None, 1, "W10"]),
    "protected": st.sampled_from(["eyJhbGciOiJFUzI1NiJ9", "eyJraWQiOiIifQ", "e30", "bnVsbA", "", None, "eyJraWQiOjF9"]),
    "signature": st.sampled_from(["AA", "AB", "", None, 1]),
    "header": st.sampled_from([{}, {"kid": "a"}, {"kid": 1}, {"alg": "ES256"}, {"nonce": "a"}, None, [], "a"]),
    "signatures": st.sampled_from([None, [], [{}], [None], [{"protected": "eyJraWQiOiJiIn0", "signature": "AA"}],
                                   [{"header": {"kid": "a"}}], [{"header": {"nonce": "a"}}], [{}, {}], {}, [1]]),
    "Payload": st.just("e30"),
})  # fmt: skip


@EXAMPLES
@given(members=MEMBERS)
def test_a_jws_in_json_is_what_go_jose_takes_it_for(members: dict[str, Any], go: GoAnswers) -> None:
    """Refused by both, or alike in what the CA looks up in its headers."""
    said = go.ask_words("jws", [KEY, json.dumps(members)])
    try:
        token = read_go_jws(json.dumps(members))
    except InputError:
        # what follows is refused by go-jose when it is asked for its claims
        assert "error" in said or not said.get("truth")
        return
    if any(not isinstance(header.get(name, ""), str) for header in token.headers for name in ("kid", "alg")):
        assert "error" in said
        return
    assert said["positional"][:2] == [token.header.get("kid", ""), token.header.get("alg", "")]


def test_a_value_in_very_many_levels_is_not_read() -> None:
    """Its bound is said, and found at little cost."""
    with pytest.raises(go_json.NestedTooDeeplyError, match="64 levels"):
        go_json.parse(b"[" * 500_000)
    assert go_json.parse(b'["' + b"[" * 500_000 + b'"]') == ["[" * 500_000]
