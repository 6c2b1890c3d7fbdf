"""Arbitrary requests for tokens of the kinds that a batch mints, and what minting them takes, in memory."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import strategies as st

from adapters.jose.jws import make_signer
from domain.ca.url import CaUrl
from domain.formats import base64url
from domain.formats.duration import HOUR, MINUTE, NANOSECONDS
from domain.formats.moment import Moment
from domain.ports import Clock, Randomness
from domain.provisioners.authority import ListingAuthority
from domain.provisioners.credential import Ports
from domain.provisioners.jwk import JwkProvisioner
from domain.token.kind import KINDS_OF_OPTION, Kind
from tests.support.memory_ports import (
    CountedRandomness,
    FixedClock,
    MemoryAuthority,
    MemoryFiles,
    MemoryKeyStore,
    MemoryPasswords,
    MemorySink,
    RecordedNotices,
    ScriptedPrompter,
)

NOW = 1_795_428_000_999_999_999
SIGNER = make_signer(ec.generate_private_key(ec.SECP256R1()))
PROVISIONER = JwkProvisioner("you@example.com", kid="the-kid", key=SIGNER.public, encrypted_key="sealed")

BATCH_KINDS = [kind for kind in Kind if "renew" not in kind.flags]
REVOKING = (Kind.REVOKE, Kind.SSH_REVOKE)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20) | st.sampled_from(
    ['"', "\\", "%s%(a)s{}", "\0sub\0", "\0jti\0", "\x7f\x9b\u2028", "\U0001f600", "\\u0000", "a\nb", "0", "{}", " a "]
)
SAMPLE_SANS = st.sampled_from(
    [
        "web.example.com",
        "*.example.com",
        "bücher.example",
        "spiffe://example.org/a?b=c#d",
        "urn:uuid:0",
        "::1",
        "10.0.0.7",
    ]
)
SERIALS = st.integers(0, 1 << 160).map(str)
FINGERPRINTS = st.binary(min_size=32, max_size=32).map(base64url.encode)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def subjects(kind: Kind) -> st.SearchStrategy[str]:
    """Subjects that a token of the kind can have."""
    return SERIALS if kind in REVOKING else TEXTS


def seconds(least: int, most: int) -> st.SearchStrategy[str]:
    """Durations from `least` to `most` nanoseconds, as options take them."""
    return st.integers(least, most).map(lambda nanoseconds: f"{nanoseconds}ns")


WINDOWS = {"not-before": seconds(-20 * MINUTE, 35 * MINUTE), "not-after": seconds(-MINUTE, HOUR + 40 * MINUTE)}
CERTIFICATE_WINDOWS = {"cert-not-before": seconds(-HOUR, HOUR), "cert-not-after": seconds(-MINUTE, 3 * HOUR)}
ODD_TEXTS = st.sampled_from(["", "x", "5m", "2026-11-23T10:00:00Z", "1970-01-01T00:00:00Z", "-0s"])
OWN_OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "san": st.lists(TEXTS, max_size=3).map(tuple),
    "principal": st.lists(TEXTS, max_size=3).map(tuple),
    "cnf": FINGERPRINTS,
    "set": st.dictionaries(TEXTS.filter(lambda name: "=" not in name), VALUES, max_size=3),
    **WINDOWS,
    **CERTIFICATE_WINDOWS,
}
"""Options that a line of a batch can have of its own, with values that are well formed, if not always possible."""


def options_of(kind: Kind) -> list[str]:
    """Return the options that go with the kind."""
    return [name for name in OWN_OPTIONS if kind in KINDS_OF_OPTION.get(name, {kind})]


def moments(least: int, most: int) -> st.SearchStrategy[Moment | None]:
    """Moments from `least` to `most` nanoseconds from `NOW`, written in either way, or none."""
    relative = st.integers(least, most)
    return (
        st.none()
        | relative.map(lambda n: Moment(n, relative=True))
        | relative.map(lambda n: Moment(NOW + n, relative=False))
    )


def sans() -> st.SearchStrategy[tuple[str, ...]]:
    """SANs of every kind, the same one several times among them, or none."""
    kinds = TEXTS | st.ip_addresses().map(str) | st.emails() | SAMPLE_SANS
    return st.lists(kinds, max_size=4).flatmap(lambda some: st.permutations(some + some[:1])).map(tuple)


class HashedRequests:
    """Requests whose content is their own fingerprint."""

    def fingerprint_request(self, data: bytes) -> str:
        return base64url.encode(data[:32])

    fingerprint_ssh_key = fingerprint_request


def memory_ports(clock: Clock | None = None, randomness: Randomness | None = None) -> Ports[ListingAuthority]:
    """Return ports to mint by `PROVISIONER` with; the fingerprint of a file is that of its content."""
    return Ports(
        clock=clock or FixedClock(NOW),
        randomness=randomness or CountedRandomness(),
        files=MemoryFiles({"set.json": b'{"a":1,"b":{"c":[true]}}', "request.csr": b"x" * 32}),
        keys=MemoryKeyStore({"sealed": (SIGNER, None)}),
        certificates=HashedRequests(),  # type: ignore[arg-type]  # no certificate takes part
        passwords=MemoryPasswords(),
        authority=MemoryAuthority(CaUrl("ca.example.com", 9000), "ab" * 32, [PROVISIONER]),
        identity_provider=None,  # type: ignore[arg-type]  # nor a person
        metadata=None,  # type: ignore[arg-type]  # nor a machine in a cloud
        prompter=ScriptedPrompter(),
        notices=RecordedNotices(),
        sink=MemorySink(),
    )


def whole_seconds(nanoseconds: int) -> int:
    """Return whole seconds."""
    return nanoseconds // NANOSECONDS
