"""Tokens of names and a window alone, of which what they share is written once: the same as by the rules anew."""

from collections.abc import Callable
from functools import partial

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from adapters.jose.jws import make_signer
from domain.ca.url import parse_ca_url
from domain.errors import UsageError
from domain.formats.duration import HOUR, MINUTE, NANOSECONDS
from domain.formats.moment import Moment
from domain.provisioners.credential import Credential
from domain.token.claims import Issuer, TokenRequest
from domain.token.kind import Kind
from entrypoints.use_cases.mint import Evidence, make_token
from entrypoints.use_cases.mint_by_template import TemplateMinter
from tests.support.token_requests import NOW, memory_ports, moments, sans

SIGNER = make_signer(ed25519.Ed25519PrivateKey.generate())  # which signs alike each time
ISSUER = Issuer(name="you", kid="k", ca_url=parse_ca_url("ca.example.com"), root_fingerprint="0d" * 32)

SUBJECTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
REQUESTS = st.builds(
    partial(TokenRequest, kind=Kind.SIGN),
    subject=SUBJECTS,
    sans=sans(),
    not_before=moments(-2 * HOUR, 2 * HOUR),
    not_after=moments(-2 * HOUR, 2 * HOUR),
)
"""Requests with windows of all sorts, impossible ones among them."""


@given(subject=SUBJECTS)
def test_a_token_of_a_subject_alone_is_the_one_that_any_request_gets(subject: str) -> None:
    """What is written once for many tokens gives the same bytes as the rules anew, and takes nothing else."""
    ports, others = memory_ports(), memory_ports()
    minter = TemplateMinter(ISSUER, Credential(SIGNER, "k"), ports.clock, ports.randomness)
    bare = TokenRequest(kind=Kind.SIGN, subject=subject)
    made = make_token(Evidence(bare, ISSUER, SIGNER), others.clock, others.randomness)
    assert minter.takes(bare)
    assert minter.make_token(bare) == made
    moment = Moment(0, relative=True)
    for names in ({"sans": ("a",)}, {"not_before": moment}, {"not_after": moment}):
        assert minter.takes(attrs.evolve(bare, **names))
    for more in ({"user": {"a": 1}}, {"cnf": "x"}, {"kind": Kind.REVOKE}, {"kind": Kind.SSH_HOST}):
        assert not minter.takes(attrs.evolve(bare, **more))


@given(asked=st.lists(st.tuples(REQUESTS, st.integers(0, 2 * NANOSECONDS)), min_size=1, max_size=6))
def test_names_and_windows_make_the_token_that_any_request_gets(asked: list[tuple[TokenRequest, int]]) -> None:
    """Many requests in turn, as time goes on: each gets the bytes, or the error, that it gets by the rules anew."""
    clock, now = MovingClock(), NOW
    minter = TemplateMinter(ISSUER, Credential(SIGNER, "k"), clock, SameIdentifier())
    for request, later in asked:
        clock.moment = now = now + later
        evidence = Evidence(request, ISSUER, SIGNER)
        assert minter.takes(request)
        made = find_outcome(lambda: minter.make_token(request))  # noqa: B023  # called at once
        assert made == find_outcome(lambda: make_token(evidence, clock, SameIdentifier()))  # noqa: B023


def test_a_window_is_judged_at_each_token() -> None:
    """A window of a token's own is refused once it is over, though the same one was taken before."""
    clock = MovingClock()
    minter = TemplateMinter(ISSUER, Credential(SIGNER, "k"), clock, SameIdentifier())
    request = TokenRequest(kind=Kind.SIGN, subject="a", not_after=Moment(NOW + MINUTE, relative=False))
    assert minter.make_token(request)
    clock.moment += MINUTE
    with pytest.raises(UsageError, match="expired already"):
        minter.make_token(request)


class MovingClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> int:
        return self.moment


class SameIdentifier:
    """Gives each token the same identifier."""

    def token_id(self) -> str:
        return "0f" * 32


def find_outcome(make: Callable[[], str]) -> str:
    """Return the token that is made, or the error's text."""
    try:
        return make()
    except UsageError as error:
        return f"{error.what}: {error.fix}"
