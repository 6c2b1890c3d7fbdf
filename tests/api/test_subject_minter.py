"""Tokens of a subject alone, which are written once for many: the same as by the rules anew."""

import attrs
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from adapters.jose.jws import make_signer
from domain.ca.url import parse_ca_url
from domain.formats.moment import Moment
from domain.provisioners.credential import Credential
from domain.token.claims import Issuer, TokenRequest
from domain.token.kind import Kind
from entrypoints.use_cases.mint import Evidence, make_token
from entrypoints.use_cases.mint_subjects import SubjectMinter
from tests.support.token_requests import memory_ports


@given(subject=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_token_of_a_subject_alone_is_the_one_that_any_request_gets(subject: str) -> None:
    """What is written once for many tokens gives the same bytes as the rules anew, and takes nothing else."""
    ports, others = memory_ports(), memory_ports()
    signer = make_signer(ed25519.Ed25519PrivateKey.generate())  # which signs alike each time
    issuer = Issuer(name="you", kid="k", ca_url=parse_ca_url("ca.example.com"), root_fingerprint="0d" * 32)
    minter = SubjectMinter(issuer, Credential(signer, "k"), ports.clock, ports.randomness)
    bare = TokenRequest(kind=Kind.SIGN, subject=subject)
    made = make_token(Evidence(bare, issuer, signer), others.clock, others.randomness)
    assert minter.takes(bare)
    assert minter.make_token(subject) == made
    moment = Moment(0, relative=True)
    for more in ({"sans": ("a",)}, {"user": {"a": 1}}, {"cnf": "x"}, {"not_before": moment}, {"not_after": moment},
                 {"kind": Kind.REVOKE}, {"kind": Kind.SSH_HOST}):  # fmt: skip
        assert not minter.takes(attrs.evolve(bare, **more))
