"""`inspect`: what a token says, in words and as JSON, whatever it holds."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from domain import base64url, json_text
from domain.compact_jws import ReadToken, read_token
from domain.duration import NANOSECONDS
from domain.errors import InputError
from domain.inspection import REQUESTS, inspect_token, list_warnings
from domain.request_kind import Kind
from entrypoints.commands import INSPECT
from tests.provisioned_ca import ProvisionedCa
from tests.running import invoke

NOW = 1_800_000_000
HEADER = {"alg": "ES256", "kid": "k", "typ": "JWT"}
CLAIMS = {"aud": "https://ca.test/1.0/sign", "iss": "me", "jti": "j", "nbf": NOW, "exp": NOW + 300, "sub": "a.test"}


def encode(part: Any) -> str:
    return base64url.encode(json_text.serialize(part).encode())


def inspect(claims: dict[str, Any], now: int = NOW, **header: Any) -> dict[str, Any]:
    """Return what is said of a token with `claims` beside the usual ones."""
    token = read_token(f"{encode(HEADER | header)}.{encode(CLAIMS | claims)}.{encode({})}")
    return inspect_token(token, [], now * NANOSECONDS)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_request_has_words(kind: Kind) -> None:
    """Whatever `token` mints a token for, `inspect` can name."""
    said = inspect({"aud": f"https://ca.test:9000{kind.path}#x5c/name"})
    assert said["request"] in REQUESTS.values()
    assert (said["ca"], said["audience_fragment"]) == ("https://ca.test:9000", "x5c/name")


@pytest.mark.parametrize(
    ("now", "remaining"),
    [
        (NOW + 48, "expires in 4m12s"),
        (NOW + 300, "expired before 0s"),
        (NOW + 360, "expired before 1m0s"),
        (NOW - 60, "begins in 1m0s"),
    ],
)
def test_what_is_left_of_its_time_is_said(now: int, remaining: str) -> None:
    """The time left, gone or still to come counts from now."""
    assert inspect({}, now)["remaining"] == remaining


@pytest.mark.parametrize(
    ("claims", "header", "now", "warning"),
    [
        ({}, {}, NOW + 300, "it has expired"),
        ({}, {}, NOW - 1, "its time has not come yet"),
        ({"exp": NOW + 3601}, {}, NOW, "it lasts for more than an hour"),
        ({"jti": ""}, {}, NOW, "it has no jti, by which the CA would know it again"),
        ({}, {"kid": "/home/me/key.pem"}, NOW, "its kid is a path of the machine that it was made on"),
        ({}, {"alg": "none"}, NOW, "it has no signature algorithm"),
        ({"exp": None}, {}, NOW, "it never expires: it has no exp"),
    ],
)
def test_what_is_odd_is_warned_of(claims: dict[str, Any], header: dict[str, Any], now: int, warning: str) -> None:
    """Each oddity has its sentence, and a usual token none."""
    token = ReadToken(HEADER | header, CLAIMS | claims)
    assert list_warnings(token, now * NANOSECONDS) == [warning]
    assert list_warnings(ReadToken(HEADER, CLAIMS), NOW * NANOSECONDS) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "this has 1"),
        ("a.b", "this has 2"),
        ("a.b.c.d.e", "encrypted JWE"),
        (f"!.{encode(CLAIMS)}.c2ln", "header cannot be read: not canonical"),
        (f"{encode(HEADER)}.{base64url.encode(b'{')}.c2ln", "payload cannot be read"),
        (f"{encode(HEADER)}.{encode([])}.c2ln", "payload cannot be read: no JSON object"),
        (f"{encode(HEADER)}.{encode(CLAIMS)}.c2l=", "signature is not canonical"),
    ],
)
def test_garbage_is_told_which_part_is_wrong(text: str, said: str) -> None:
    """The error names the part of the token and the reason."""
    with pytest.raises(InputError, match=said):
        read_token(text)


def test_nothing_in_a_token_reaches_the_terminal_raw(tmp_path: Path) -> None:
    """Control characters, wherever they stand, are shown as escapes, and lines cannot be forged."""
    hostile = "\x1b[2J\u202e\nrequest: forged"
    claims = dict.fromkeys(("aud", "sub", "iss", "jti", "sha"), hostile) | {
        "sans": [hostile], "user": {hostile: [hostile]}, "step": {"ssh": {hostile: hostile}},
        "cnf": {"x5rt#S256": hostile},
    }  # fmt: skip
    path = tmp_path / "token"
    path.write_text(f"{encode(HEADER | {'kid': hostile})}.{encode(claims)}.{encode({})}")
    result = invoke("inspect", str(path))
    assert result.status == 0, result.err
    assert all(character.isprintable() for character in result.out.replace("\n", ""))
    assert [line for line in result.out.splitlines() if line.startswith("request: ")] == [
        "request: not said: the audience names no request of a step-ca"
    ]


@pytest.mark.parametrize(
    "words", [["a.test"], ["max", "--ssh", "--principal", "root"], ["7", "--revoke"]], ids=" ".join
)
def test_our_own_tokens_are_explained(words: list[str], sandbox: dict[str, str]) -> None:
    """A token as an argument, in JSON: what was asked for stands in it, and the word valid nowhere."""
    token = invoke("token", *words, "--offline", environment=sandbox).token
    said = json.loads(invoke("inspect", token, "--format", "json").out)
    assert (said["subject"], said["algorithm"], "warnings" in said) == (words[0], "ES256", False)
    text = invoke("inspect", "-", stdin=token.encode()).out
    assert "valid " not in text and "signature has not been checked" in text


def test_certificates_in_the_header_are_named(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The subject, end and fingerprint of each certificate of an X5C token are said."""
    held = provisioned_ca.hold(tmp_path)
    words = ["--x5c-cert", str(held.certificate), "--x5c-key", str(held.key), "--offline"]
    token = invoke("token", "a.test", *words, environment=provisioned_ca.environment).token
    (certificate,) = json.loads(invoke("inspect", token, "--format", "json").out)["certificates"]
    assert certificate["subject"] == "machine.test"


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "takes one token"), (["a", "b"], "takes one token"), (["-", "--format", "xml"], "choose text or json")],
    ids=str,
)
def test_wrong_words_are_usage_errors(words: list[str], said: str) -> None:
    """Too few, too many, or an unknown format: exit status 2 and one line."""
    result = invoke("inspect", *words)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err


def test_the_examples_of_the_help_run(sandbox: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example works as written, what stands behind `<` being standard input."""
    monkeypatch.chdir(tmp_path)
    minted = invoke("token", "a.test", "--offline", "--output-file", "token.txt", environment=sandbox)
    assert minted.status == 0, minted.err
    for _, line in INSPECT.examples:
        words, _, source = line.partition(" < ")
        result = invoke(*shlex.split(words), stdin=Path(source).read_bytes() if source else b"")
        assert result.status == 0 and "a.test" in result.out, result
