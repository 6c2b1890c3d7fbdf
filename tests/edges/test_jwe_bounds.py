"""What an encrypted key may ask of this program: every parameter is bounded before a key is derived."""

import json
import re
from typing import Any

import pytest

from adapters.jose.envelope import CONTENT_CIPHERS, KEY_WRAPS, MAX_BYTES, MAX_ITERATIONS, parse_jwe
from adapters.jose.jwe import seal_jwk
from domain.errors import KeyFormatError
from domain.formats import base64url
from tests.support.opened_jwe import open_jwe

PARTS = seal_jwk("the content, long enough not to stand in an error by chance", b"pw", iterations=1).split(".")
HEADER: dict[str, Any] = json.loads(base64url.decode(PARTS[0]))
MEMBERS = dict(zip(("protected", "encrypted_key", "iv", "ciphertext", "tag"), PARTS, strict=True))


class DerivationReached(BaseException):
    """A key was about to be derived."""


@pytest.fixture(autouse=True)
def derive_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every attempt to derive a key end the test."""

    def refuse(*arguments: object) -> None:
        raise DerivationReached

    monkeypatch.setattr("adapters.jose.jwe.PBKDF2HMAC", refuse)


def with_header(**members: Any) -> str:
    """Return a compact JWE whose header has members replaced or, where None, left out."""
    header = {name: value for name, value in (HEADER | members).items() if value is not None}
    return ".".join([base64url.encode(json.dumps(header).encode()), *PARTS[1:]])


def with_parts(**parts: str) -> str:
    """Return a compact JWE with parts replaced by name."""
    return ".".join((MEMBERS | parts).values())


def with_members(**members: Any) -> str:
    """Return a flattened JSON JWE with members added or, where Ellipsis, left out."""
    return json.dumps({name: value for name, value in (MEMBERS | members).items() if value is not ...})


def refuse(text: str, reason: str) -> None:
    """Assert that `text` is refused for `reason` in a short line, before any derivation."""
    with pytest.raises(KeyFormatError, match=reason) as caught:
        open_jwe(text, b"pw")
    assert len(str(caught.value)) < 300
    assert not any(part in str(caught.value) for part in PARTS)


def test_a_container_within_bounds_gets_to_the_derivation() -> None:
    """The other tests here would notice a derivation."""
    for text in (with_header(), with_members(), with_header(p2c=MAX_ITERATIONS)):
        with pytest.raises(DerivationReached):
            open_jwe(text, b"pw")


def test_the_bound_of_iterations_is_a_million() -> None:
    """go-jose's own cap; step writes 600,000."""
    assert MAX_ITERATIONS == 1_000_000
    assert parse_jwe(with_header(p2c=1_000_000)).header["p2c"] == 1_000_000
    assert parse_jwe(with_header(p2c=1)).header["p2c"] == 1


@pytest.mark.parametrize(
    "count", [0, -1, 1_000_001, 2**31 - 1, 2**31, 2**63, 10**400, True, False, "4096", 4096.0, 1e3, [4096], None]
)
def test_p2c_is_an_integer_from_one_to_a_million(count: object) -> None:
    """Neither a boolean nor a fraction, however whole; 2**31 would crash the library."""
    refuse(with_header(p2c=count), "p2c is not a count from 1 to 1000000")


@pytest.mark.parametrize("size", [0, 1, 7, 1025])
def test_p2s_has_at_least_eight_bytes(size: int) -> None:
    """And at most 1,024."""
    refuse(with_header(p2s=base64url.encode(bytes(size))), "p2s is not 8 to 1024 bytes")


@pytest.mark.parametrize("salt", [None, 5, 100000000000e10, ["x"], {"a": 1}])
def test_p2s_is_text(salt: object) -> None:
    """A number is not a salt, though its digits are base64url."""
    refuse(with_header(p2s=salt), "p2s is not 8 to 1024 bytes")


@pytest.mark.parametrize("salt", ["AAAAAAAAAAA=", "AAAAAAAAAAB", "AAAA AAAAAAA", "++++++++++++"])
def test_p2s_is_canonical_base64url(salt: str) -> None:
    """Padding, stray bits, white space and the other alphabet are refused."""
    refuse(with_header(p2s=salt), "base64url")


@pytest.mark.parametrize("size", [8, 1024])
def test_the_shortest_and_longest_salt_are_taken(size: int) -> None:
    """The bounds are exact."""
    salt = base64url.encode(bytes(size))
    assert parse_jwe(with_header(p2s=salt)).header["p2s"] == salt


@pytest.mark.parametrize(
    "algorithm",
    ["none", "dir", "HS256", "A128KW", "A256GCMKW", "RSA-OAEP", "RSA1_5", "ECDH-ES", "ECDH-ES+A128KW", "", None, 5,
     ["dir"], "PBES2-HS256+A256KW", "pbes2-hs256+a128kw", "PBES2-HS256+A128KW "],
)  # fmt: skip
def test_only_pbes2_wraps_the_key(algorithm: object) -> None:
    """No other key management, `none` and `dir` among them."""
    refuse(with_header(alg=algorithm), "its alg is .*, not one of PBES2-HS256")


@pytest.mark.parametrize(
    "encryption", ["none", "A256CBC", "a256gcm", "XC20P", "", None, 5, ["A256GCM"], {"A256GCM": 1}]
)
def test_only_the_content_encryptions_of_rfc_7518_are_taken(encryption: object) -> None:
    """No other `enc`."""
    refuse(with_header(enc=encryption), "its enc is .*, not one of A128GCM")


@pytest.mark.parametrize("value", ["DEF", "", False, []])
@pytest.mark.parametrize("name", ["zip", "crit"])
def test_compression_and_critical_extensions_are_refused(name: str, value: object) -> None:
    """`zip` and `crit`, whatever they hold, protected or not."""
    refuse(with_header(**{name: value}), f"its header has '{name}'")
    for place in ("unprotected", "header"):
        refuse(with_members(**{place: {name: value}}), f"its header has '{name}'")


@pytest.mark.parametrize("value", ["x" * 1_000, {"secret": "x"}, ["secret"]])
def test_errors_quote_no_long_text_of_the_container(value: object) -> None:
    """What stands in `alg` is quoted only where it is short text."""
    with pytest.raises(KeyFormatError) as caught:
        parse_jwe(with_header(alg=value))
    assert "secret" not in str(caught.value) and "xxx" not in str(caught.value)


@pytest.mark.parametrize("encryption", CONTENT_CIPHERS)
@pytest.mark.parametrize(("part", "name"), [("encrypted_key", "encrypted_key"), ("iv", "iv"), ("tag", "tag")])
def test_lengths_are_exact(encryption: str, part: str, name: str) -> None:
    """Encrypted key: the content key and 8 bytes; nonce 12 or 16; tag as `enc` has it: not one byte off."""
    key_bytes, iv_bytes, tag_bytes = CONTENT_CIPHERS[encryption]
    sizes = {"encrypted_key": key_bytes + 8, "iv": iv_bytes, "tag": tag_bytes}
    fitting = {key: base64url.encode(bytes(size)) for key, size in sizes.items()}
    protected = with_header(enc=encryption).split(".")[0]
    assert parse_jwe(with_parts(protected=protected, **fitting)).header["enc"] == encryption
    for size in (0, sizes[part] - 1, sizes[part] + 1, sizes[part] + 8):
        other = fitting | {part: base64url.encode(bytes(size))}
        refuse(with_parts(protected=protected, **other), f"its {name} is not {sizes[part]} bytes long")


def test_the_lengths_are_those_of_rfc_7518() -> None:
    """Sections 5.2 and 5.3: key, nonce and tag bytes of each content encryption, and 4.8: those of the key wraps."""
    assert CONTENT_CIPHERS == {
        "A128GCM": (16, 12, 16),
        "A192GCM": (24, 12, 16),
        "A256GCM": (32, 12, 16),
        "A128CBC-HS256": (32, 16, 16),
        "A192CBC-HS384": (48, 16, 24),
        "A256CBC-HS512": (64, 16, 32),
    }
    assert KEY_WRAPS == {
        "PBES2-HS256+A128KW": ("SHA256", 16),
        "PBES2-HS384+A192KW": ("SHA384", 24),
        "PBES2-HS512+A256KW": ("SHA512", 32),
    }


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7, 1_000])
def test_a_compact_jwe_has_five_parts(count: int) -> None:
    """A JWS's three, a part more, a thousand: each is refused."""
    refuse(".".join((PARTS * 200)[:count]), "it does not have five parts")


@pytest.mark.parametrize("text", ["." * MAX_BYTES + ".", "a" * (MAX_BYTES + 1), "{" + " " * MAX_BYTES + "}"])
def test_length_is_capped_before_anything_is_split(text: str) -> None:
    """Over 64 KiB nothing is looked at."""
    refuse(text, f"over {MAX_BYTES} characters")


@pytest.mark.parametrize("name", ["encrypted_key", "iv", "ciphertext", "tag", "protected"])
@pytest.mark.parametrize("change", ["{}=", "{}==", " {}", "{}\n", "+{}", "é{}"])
def test_parts_are_strict_base64url(name: str, change: str) -> None:
    """Padding, white space and foreign characters inside a container are refused, compact or JSON."""
    part = change.format(MEMBERS[name])
    refuse(with_members(**{name: part}), "base64url")
    if (name, change) not in (("protected", " {}"), ("tag", "{}\n")):
        refuse(with_parts(**{name: part}), "base64url")


def test_stray_low_bits_are_refused() -> None:
    """A last character with bits that no byte has is not canonical."""
    last = MEMBERS["tag"][-1]
    other = {"A": "B", "Q": "R", "g": "h", "w": "x"}[last]
    refuse(with_parts(tag=MEMBERS["tag"][:-1] + other), "not canonical")


@pytest.mark.parametrize("value", [5, 1.5, None, True, ["x"], {"alg": "x"}])
@pytest.mark.parametrize("name", ["protected", "encrypted_key", "iv", "ciphertext", "tag"])
def test_members_of_a_json_jwe_are_text(name: str, value: object) -> None:
    """A number, null, list or object in place of a part is a plain error."""
    refuse(with_members(**{name: value}), "missing or is not text|its alg is null")


@pytest.mark.parametrize("name", ["encrypted_key", "iv", "ciphertext", "tag"])
def test_members_of_a_json_jwe_must_be_there(name: str) -> None:
    """A part that is left out is named as missing."""
    refuse(with_members(**{name: ...}), "missing or is not text")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"aad": "AAAA"}, "additional authenticated data"),
        ({"recipients": []}, "one recipient"),
        ({"recipients": [{}, {}]}, "one recipient"),
        ({"recipients": {}}, "one recipient"),
        ({"recipients": ["x"]}, "one recipient"),
        ({"recipients": [{"encrypted_key": PARTS[1]}]}, "mixes the flattened and the general form"),
        ({"header": {"alg": "PBES2-HS256+A128KW"}}, "'header' repeats"),
        ({"unprotected": {"p2c": 5}}, "'unprotected' repeats"),
        ({"unprotected": {"kid": "a"}, "header": {"kid": "b"}}, "'header' repeats"),
        ({"header": "x"}, "'header' repeats or is not an object"),
        ({"unprotected": None}, "'unprotected' repeats or is not an object"),
        ({"protected": base64url.encode(b"[]")}, "its header is not a JSON object"),
        ({"protected": base64url.encode(b'{"alg":1,"alg":1}')}, "member 'alg' appears twice"),
        ({"protected": base64url.encode(b"\xff{}")}, "not UTF-8"),
        ({"protected": base64url.encode(b"[" * 20_000)}, "64 levels"),
        ({"protected": base64url.encode(b'{"p2c":' + b"9" * 5_000 + b"}")}, "4300 digits"),
        ({"protected": base64url.encode(b'{"p2c":NaN}')}, "NaN is not"),
        ({"protected": ...}, "its alg is null"),
    ],
)
def test_json_jwes_that_are_not_one_envelope_are_refused(members: dict[str, Any], reason: str) -> None:
    """Several recipients, mixed forms, repeated or misshapen headers, each with its reason."""
    refuse(with_members(**members), reason)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{}",
        "[]",
        "null",
        '{"a":1,"a":2}',
        "{" * 60_000,
        '{"ciphertext":' + "9" * 5_000 + "}",
        "....",
        "\0",
    ],
)
def test_what_is_no_jwe_is_refused(text: str) -> None:
    """Other text, malformed and hostile JSON."""
    refuse(text, "cannot be opened")


def test_a_bare_jwk_is_no_jwe() -> None:
    """A CA must serve an encrypted key: a private JWK in the clear is refused, and none of it shown."""
    jwk = {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "d": "c2VjcmV0", "kid": "x"}
    with pytest.raises(KeyFormatError, match="missing or is not text") as caught:
        open_jwe(json.dumps(jwk), b"pw")
    assert not re.search("c2VjcmV0|AAAA", str(caught.value))
