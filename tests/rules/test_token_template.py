"""Templates: their tokens are those of `compose_token`, to the byte, for every request that a batch can make."""

from functools import partial

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ca.url import CaUrl
from domain.errors import UsageError
from domain.formats import json_text
from domain.formats.duration import HOUR, MINUTE, NANOSECONDS
from domain.formats.moment import Moment
from domain.token.claims import Issuer, TokenRequest, compose_token
from domain.token.kind import SIGNING, SSH_SIGNING, Kind
from domain.token.template import TokenTemplate
from tests.support.token_requests import (
    BATCH_KINDS,
    FINGERPRINTS,
    NOW,
    SIGNER,
    TEXTS,
    VALUES,
    moments,
    sans,
    subjects,
)

ISSUERS = st.builds(
    Issuer,
    name=TEXTS,
    kid=TEXTS,
    ca_url=st.sampled_from([CaUrl("ca.example.com", 9000), CaUrl("::1")]),
    root_fingerprint=st.sampled_from(["ab" * 32, ""]),
    fragment=st.just("") | TEXTS,
    header=st.just({}) | st.fixed_dictionaries({"x5c": st.lists(TEXTS, max_size=2)}),
)
JTIS = st.integers(0, (1 << 256) - 1).map("{:064x}".format)


@st.composite
def requests(draw: st.DrawFn) -> TokenRequest:
    """Requests of every kind, with all that the kind can carry."""
    kind = draw(st.sampled_from(BATCH_KINDS))
    lists = st.lists(TEXTS, max_size=3).map(tuple)
    return TokenRequest(
        kind=kind,
        subject=draw(subjects(kind)),
        sans=draw(lists) if kind is Kind.SIGN else (),
        principals=draw(lists) if kind in SSH_SIGNING else (),
        not_before=draw(moments(-4 * MINUTE, 4 * MINUTE)),
        not_after=draw(moments(5 * MINUTE, 50 * MINUTE)),
        cert_not_before=draw(moments(-HOUR, HOUR)) if kind in SSH_SIGNING else None,
        cert_not_after=draw(moments(2 * HOUR, 20 * HOUR)) if kind in SSH_SIGNING else None,
        cnf=draw(st.none() | FINGERPRINTS) if kind in SIGNING else None,
        user=draw(st.dictionaries(TEXTS, VALUES, max_size=3)) if kind in SIGNING else {},
    )


@given(
    request=requests(),
    issuer=ISSUERS,
    asked=st.lists(st.tuples(TEXTS, st.integers(0, 3 * NANOSECONDS), JTIS), min_size=1, max_size=4),
)
def test_a_filled_template_is_the_composed_token(
    request: TokenRequest, issuer: Issuer, asked: list[tuple[str, int, str]]
) -> None:
    """Whatever subject at whatever second: the text to sign and its expiry are those of `compose_token`."""
    template = TokenTemplate(request, issuer, SIGNER.public, now=NOW)
    for subject, later, jti in asked:
        wanted = compose_token(attrs.evolve(request, subject=subject), issuer, SIGNER.public, now=NOW + later, jti=jti)
        timed = template.at(NOW + later)
        assert timed.expires_at == wanted.claims["exp"]
        assert timed.fill(json_text.serialize(subject), jti) == wanted.signing_input()


@given(
    request=requests().filter(lambda request: request.kind is Kind.SIGN).map(partial(attrs.evolve, sans=())),
    issuer=ISSUERS,
    asked=st.lists(
        st.tuples(TEXTS, sans(), moments(-4 * MINUTE, 4 * MINUTE), moments(5 * MINUTE, 50 * MINUTE), JTIS),
        min_size=1,
        max_size=4,
    ),
)
def test_sans_and_a_window_filled_in_are_the_composed_token(
    request: TokenRequest, issuer: Issuer, asked: list[tuple[str, tuple[str, ...], Moment | None, Moment | None, str]]
) -> None:
    """SANs of every kind and windows of a token's own: the text to sign is that of `compose_token`."""
    template = TokenTemplate(request, issuer, SIGNER.public, now=NOW)
    for subject, names, begin, end, jti in asked:
        own = attrs.evolve(request, subject=subject, sans=names, not_before=begin, not_after=end)
        timed, text = template.within(begin, end, NOW), json_text.serialize(subject)
        filled = timed.fill_with_sans(text, json_text.serialize(names), jti) if names else timed.fill(text, jti)
        wanted = compose_token(own, issuer, SIGNER.public, now=NOW, jti=jti)
        assert timed.expires_at == wanted.claims["exp"]
        assert filled == wanted.signing_input()


@pytest.mark.parametrize("name", ["not_after", "cert_not_after"])
def test_a_window_that_is_over_by_now_is_refused(name: str) -> None:
    """A template judges its window at each token as `compose_token` does, not only when it is made."""
    soon = Moment(NOW + MINUTE, relative=False)
    request = TokenRequest(kind=Kind.SSH_USER, subject="a", **{name: soon})
    issuer = Issuer(name="you", kid="k", ca_url=CaUrl("ca"), root_fingerprint="")
    template = TokenTemplate(request, issuer, SIGNER.public, now=NOW)
    assert template.at(NOW + 40 * NANOSECONDS).expires_at
    with pytest.raises(UsageError) as filled:
        template.at(NOW + MINUTE)
    with pytest.raises(UsageError) as composed:
        compose_token(request, issuer, SIGNER.public, now=NOW + MINUTE, jti="0")
    assert str(filled.value) == str(composed.value)


def test_a_template_that_can_never_be_filled_is_refused_at_once() -> None:
    """A window that is out of bounds when the batch begins is an error of the whole batch."""
    request = TokenRequest(kind=Kind.SIGN, subject="a", not_after=Moment(NOW - 1, relative=False))
    issuer = Issuer(name="you", kid="k", ca_url=CaUrl("ca"), root_fingerprint="")
    with pytest.raises(UsageError, match="expired already"):
        TokenTemplate(request, issuer, SIGNER.public, now=NOW)
