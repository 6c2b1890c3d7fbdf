"""The claims of every kind of request, and the rules that hold for all of them."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ca.url import CaUrl
from domain.errors import UsageError
from domain.formats import base64url, json_text
from domain.formats.duration import MINUTE, NANOSECONDS
from domain.formats.moment import Moment, parse_moment
from domain.keys.jwk import read_public_jwk
from domain.token.claims import Issuer, TokenRequest, compose_token
from domain.token.kind import Kind

# RFC 7517, appendix A.1
PUBLIC = read_public_jwk(
    {
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
)
ISSUER = Issuer(name="you@example.com", kid="the-kid", ca_url=CaUrl("ca.example.com", 9000), root_fingerprint="ab" * 32)
NOW, SECOND = 1_795_428_000_999_999_999, 1_795_428_000
JTI = "0123456789abcdef" * 4

PATHS = {
    Kind.SIGN: "/1.0/sign", Kind.REVOKE: "/1.0/revoke", Kind.RENEW: "/1.0/renew", Kind.REKEY: "/1.0/rekey",
    Kind.SSH_USER: "/1.0/ssh/sign", Kind.SSH_HOST: "/1.0/ssh/sign", Kind.SSH_REVOKE: "/1.0/ssh/revoke",
    Kind.SSH_RENEW: "/1.0/ssh/renew", Kind.SSH_REKEY: "/1.0/ssh/rekey",
}  # fmt: skip


def compose(request: TokenRequest, issuer: Issuer = ISSUER, now: int = NOW) -> dict[str, Any]:
    return dict(compose_token(request, issuer, PUBLIC, now=now, jti=JTI).claims)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_the_common_claims(kind: Kind) -> None:
    """Audience by the kind's path, whole seconds, issuer, identifier, root's fingerprint and subject."""
    claims = compose(TokenRequest(kind=kind, subject="foo"))
    special = {name: claims.pop(name) for name in ("sans", "step") if name in claims}
    assert claims == {
        "aud": "https://ca.example.com:9000" + PATHS[kind], "exp": SECOND + 300, "iat": SECOND,
        "iss": "you@example.com", "jti": JTI, "nbf": SECOND, "sha": "ab" * 32, "sub": "foo",
    }  # fmt: skip
    assert set(special) == ({"sans"} if kind is Kind.SIGN else {"step"} if kind.path == "/1.0/ssh/sign" else set())


def test_the_subject_is_the_only_name_unless_names_are_given() -> None:
    """`sans` is the subject alone by default; given names stand as written, and the subject is not among them."""
    assert compose(TokenRequest(kind=Kind.SIGN, subject="foo"))["sans"] == ["foo"]
    request = TokenRequest(kind=Kind.SIGN, subject="foobar", sans=("1.1.1.1", "hello.example.com", "1.1.1.1"))
    assert compose(request)["sans"] == ["1.1.1.1", "hello.example.com", "1.1.1.1"]


@pytest.mark.parametrize(("kind", "word"), [(Kind.SSH_USER, "user"), (Kind.SSH_HOST, "host")])
def test_an_ssh_token_says_what_the_certificate_may_be(kind: Kind, word: str) -> None:
    """Type, key identifier, principals, and validity in the form that step-ca parses."""
    request = TokenRequest(
        kind=kind,
        subject="foo",
        principals=("a", "b"),
        cert_not_before=parse_moment("2026-11-23T10:00:00+01:00"),
        cert_not_after=parse_moment("1000h"),
    )
    assert compose(request)["step"] == {
        "ssh": {
            "certType": word,
            "keyID": "foo",
            "principals": ["a", "b"],
            "validAfter": "2026-11-23T09:00:00Z",
            "validBefore": "1000h0m0s",
        }
    }
    empty = compose(TokenRequest(kind=kind, subject="foo"))["step"]["ssh"]
    assert (empty["principals"], empty["validAfter"], empty["validBefore"]) == ([], "", "")


@pytest.mark.parametrize("kind", [Kind.SIGN, Kind.SSH_USER, Kind.SSH_HOST])
def test_a_token_bound_to_a_request_says_to_which(kind: Kind) -> None:
    """`cnf` is there for every kind of signing, SSH included, and only where asked for."""
    assert compose(TokenRequest(kind=kind, subject="foo", cnf="fingerprint"))["cnf"] == {"x5rt#S256": "fingerprint"}
    assert "cnf" not in compose(TokenRequest(kind=kind, subject="foo"))


def test_an_empty_user_claim_is_left_out() -> None:
    """Only data that somebody gave is in the token."""
    assert "user" not in compose(TokenRequest(kind=Kind.SIGN, subject="foo", user={}))
    assert compose(TokenRequest(kind=Kind.SIGN, subject="foo", user={"a": None}))["user"] == {"a": None}


def test_a_fragment_stands_behind_the_audience() -> None:
    """The audience of provisioners that are found by their name ends in it."""
    issuer = attrs.evolve(ISSUER, fragment="x5c/name", ca_url=CaUrl("::1"))
    assert compose(TokenRequest(kind=Kind.SIGN, subject="foo"), issuer)["aud"] == "https://[::1]/1.0/sign#x5c/name"


def test_the_header_names_algorithm_key_and_type() -> None:
    """`alg` is the key's, `kid` the issuer's, `typ` JWT, and further members are the issuer's."""
    issuer = attrs.evolve(ISSUER, header={"x5c": ["chain"]})
    token = compose_token(TokenRequest(kind=Kind.SIGN, subject="foo"), issuer, PUBLIC, now=NOW, jti=JTI)
    assert token.header.members == {"alg": "ES256", "kid": "the-kid", "typ": "JWT", "x5c": ["chain"]}


def test_the_signing_input_is_sorted_json_without_white_space() -> None:
    """What is signed is the base64url of header and claims, each in its one form (RFC 7515, section 5.1)."""
    token = compose_token(TokenRequest(kind=Kind.SIGN, subject="é<&>\u2028"), ISSUER, PUBLIC, now=NOW, jti=JTI)
    header, claims = (base64url.decode(part).decode() for part in token.signing_input().split("."))
    assert header == '{"alg":"ES256","kid":"the-kid","typ":"JWT"}'
    assert claims == (
        f'{{"aud":"https://ca.example.com:9000/1.0/sign","exp":{SECOND + 300},"iat":{SECOND},"iss":"you@example.com",'
        f'"jti":"{JTI}","nbf":{SECOND},"sans":["é<&>\u2028"],"sha":"{"ab" * 32}","sub":"é<&>\u2028"}}'
    )


def test_windows_are_judged_again_when_the_token_is_made() -> None:
    """Time that passed since the flags were judged, at a prompt perhaps, can make a window impossible."""
    soon = Moment(NOW + MINUTE, relative=False)
    request = TokenRequest(kind=Kind.SIGN, subject="foo", not_after=soon)
    assert compose(request)["exp"] == SECOND + 60
    with pytest.raises(UsageError, match="expired already"):
        compose(request, now=NOW + MINUTE)
    ssh = TokenRequest(kind=Kind.SSH_USER, subject="foo", cert_not_after=soon)
    with pytest.raises(UsageError, match="--cert-not-after is in the past"):
        compose(ssh, now=NOW + MINUTE)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(
    subject=TEXTS,
    sans=st.lists(TEXTS, max_size=4).map(tuple),
    now=st.integers(NANOSECONDS, 4_102_444_800 * NANOSECONDS),
    not_before=st.integers(-4 * MINUTE, 30 * MINUTE),
)
def test_claims_hold_for_any_names_at_any_time(subject: str, sans: tuple[str, ...], now: int, not_before: int) -> None:
    """Names arrive unchanged through JSON, `iat` is now, and the window is within its bounds in whole seconds."""
    request = TokenRequest(kind=Kind.SIGN, subject=subject, sans=sans, not_before=Moment(not_before, relative=True))
    token = compose_token(request, ISSUER, PUBLIC, now=now, jti=JTI)
    claims = json_text.parse(base64url.decode(token.signing_input().split(".")[1]))
    assert (claims["sub"], claims["sans"]) == (subject, list(sans) or [subject])
    assert claims["iat"] == now // NANOSECONDS
    assert claims["nbf"] == (now + not_before) // NANOSECONDS
    assert claims["exp"] - claims["nbf"] == 300
    assert claims["exp"] >= claims["iat"]
