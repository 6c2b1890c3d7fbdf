"""Nebula certificates: read as Nebula itself reads them, and nothing else."""

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.certificates.nebula import MAX_BODY_BYTES, read_nebula
from domain.certificates.nebula import NebulaCertificate
from domain.errors import InputError
from domain.formats import base64url
from domain.formats.duration import NANOSECONDS
from tests.support.forged_nebula import Draft, der, field, raw_public, varint, write_block, write_pem
from tests.support.go_answers import GoAnswers, ask_go
from tests.support.nebula_mesh import CURVES, NETWORKS, Mesh, print_certificate

CA_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"c" * 32)
HOST_KEYS = [x25519.X25519PrivateKey.from_private_bytes(b"h" * 32), ec.derive_private_key(7, ec.SECP256R1())]


@pytest.fixture(scope="module")
def go() -> Iterator[GoAnswers]:
    """Nebula's own reader."""
    with ask_go() as answers:
        yield answers


def compare(certificate: NebulaCertificate, said: dict[str, Any]) -> None:
    """Check that we read what Nebula reads.

    Raises:
        AssertionError: we do not.
    """
    details = said["details"]
    public = bytes.fromhex(said.get("publicKey") or details["publicKey"])
    point = {"x": base64url.encode(public[1:33]), "y": base64url.encode(public[33:])}
    assert certificate.public.members == (
        {"kty": "EC", "crv": "P-256", **point}
        if (said.get("curve") or details["curve"]) == "P256"
        else {"kty": "OKP", "crv": "Ed25519" if details["isCa"] else "X25519", "x": base64url.encode(public)}
    )
    assert certificate.version == said["version"]
    assert certificate.name == details["name"]
    assert sorted(map(str, certificate.networks)) == sorted(details["networks"] or [])
    assert sorted(map(str, certificate.unsafe_networks)) == sorted(details["unsafeNetworks"] or [])
    assert list(certificate.groups) == (details["groups"] or [])
    assert certificate.is_ca is details["isCa"]
    assert certificate.issuer == details["issuer"]
    assert certificate.fingerprint == said["fingerprint"]
    assert certificate.signature.hex() == said["signature"]
    for ours, theirs in ((certificate.not_before, "notBefore"), (certificate.not_after, "notAfter")):
        assert ours // NANOSECONDS == datetime.fromisoformat(details[theirs]).timestamp()


# -- What Nebula makes ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CURVES)
@pytest.mark.parametrize("version", NETWORKS)
def test_what_nebula_cert_makes_is_read_as_nebula_cert_reads_it(
    version: int, kind: str, mesh: Mesh, tmp_path: Path
) -> None:
    """Hosts and CAs, with groups and networks behind them, from the PEM and from its body alone."""
    words = ("-groups", "web,db", "-unsafe-networks", "192.168.0.0/16,172.16.1.0/24")
    for held in (mesh.authority(version, kind), mesh.host(tmp_path, version, kind, "web.test", *words)):
        data = held.certificate.read_bytes()
        certificate = read_nebula(data)
        compare(certificate, print_certificate(mesh.program, held.certificate))
        assert read_nebula(certificate.body).fingerprint == certificate.fingerprint
        assert certificate.body == b64decode(b"".join(data.splitlines()[1:-1]))


NAMES = st.text(min_size=1, max_size=80)
V4 = st.ip_addresses(v=4).filter(lambda one: not one.is_unspecified)
V6 = st.ip_addresses(v=6).filter(lambda one: not one.is_unspecified and one.ipv4_mapped is None)
NETWORKS_4 = st.lists(st.builds("{}/{}".format, V4, st.integers(0, 32)), min_size=1, max_size=5, unique_by=ip_interface)
NETWORKS_6 = st.lists(
    st.builds("{}/{}".format, V6, st.integers(0, 128)), min_size=1, max_size=5, unique_by=ip_interface
)
DRAFTS = {
    1: st.builds(Draft, key=st.sampled_from(HOST_KEYS), name=NAMES, networks=NETWORKS_4, unsafe_networks=NETWORKS_4,
                 groups=st.lists(NAMES, max_size=4), issuer=st.just("ab" * 32)),
    2: st.builds(Draft, key=st.sampled_from(HOST_KEYS), name=NAMES.filter(lambda text: len(text.encode()) < 254),
                 networks=NETWORKS_6, unsafe_networks=NETWORKS_6, groups=st.lists(NAMES, max_size=4),
                 issuer=st.just("ab" * 32)),
}  # fmt: skip


@pytest.mark.parametrize("version", DRAFTS)
@given(data=st.data())
def test_any_certificate_is_read_as_nebula_reads_it(version: int, go: GoAnswers, data: st.DataObject) -> None:
    """Whatever its name, networks and groups are."""
    body, fingerprint = data.draw(DRAFTS[version]).issue(version, CA_KEY)
    pem = write_pem(body, version)
    certificate = read_nebula(pem)
    compare(certificate, json.loads(go.ask("nebula", pem.decode())["text"]))
    assert certificate.fingerprint == fingerprint


@pytest.mark.parametrize("version", NETWORKS)
@settings(max_examples=400)
@given(data=st.data())
def test_what_we_take_nebula_takes_and_reads_alike(version: int, go: GoAnswers, data: st.DataObject) -> None:
    """Bytes changed, dropped and added: an error of ours, or the same values as Nebula's."""
    draft = Draft(key=data.draw(st.sampled_from(HOST_KEYS)), unsafe_networks=["10.9.0.0/16"], groups=["a", "b"],
                  issuer="ab" * 32)  # fmt: skip
    body = bytearray(draft.issue(version, CA_KEY)[0])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    try:
        certificate = read_nebula(write_pem(bytes(body), version))
    except InputError:
        return
    answer = go.ask("nebula", write_pem(bytes(body), version).decode())
    assert "error" not in answer, (answer, body.hex())
    compare(certificate, json.loads(answer["text"]))


@given(data=st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: write_pem(data, 1)))
def test_anything_else_is_an_input_error(data: bytes) -> None:
    """No other error comes out, whatever goes in."""
    try:
        read_nebula(data)
    except InputError:
        return


# -- What is refused --------------------------------------------------------------------------------

HOST = Draft(key=HOST_KEYS[0], issuer="ab" * 32)
V1, V2 = HOST.issue(1, CA_KEY)[0], HOST.issue(2, CA_KEY)[0]
PUBLIC = raw_public(HOST_KEYS[0])


def protobuf(*fields: bytes) -> bytes:
    """Return a certificate of version 1 with these details."""
    return write_pem(field(1, b"".join(fields)) + field(2, b"signature"), 1)


def der_details(*values: bytes, end: bytes = b"", key: bytes = PUBLIC) -> bytes:
    """Return a certificate of version 2 with these details."""
    return write_pem(der(0x30, der(0xA0, *values), der(0x82, key), der(0x83, b"signature")) + end, 2)


MASK, NAME = varint(0xFFFFFF00), field(1, b"a")
NETWORK = der(0xA1, der(4, b"\x0a\0\0\1\x18"))
TIMES = der(0x85, b"\1") + der(0x86, b"\2")
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "0 bytes long"),
    "text": (b"no certificate", "not a Nebula certificate"),
    "two": (write_pem(V2, 2) * 2, "2 PEM blocks"),
    "both versions": (write_pem(V1, 1) + write_pem(V2, 2), "2 PEM blocks: NEBULA CERTIFICATE, NEBULA CERTIFICATE V2"),
    "many": (b"".join(b"-----BEGIN %s-----\n" % (b"A" * size) for size in range(1, 99)), ": A, AA, AAA, AAAA: give"),
    "a key": (write_block("NEBULA X25519 PRIVATE KEY", b"k" * 32), "cannot be read as PEM: NEBULA X25519 PRIVATE KEY"),
    "no end": (write_pem(V2, 2).replace(b"END", b"ENT"), "cannot be read as PEM"),
    "base64 with a hole": (write_pem(V2, 2).replace(b"-----\nM", b"-----\n"), "not a Nebula certificate"),
    "too long": (write_pem(V2 + bytes(MAX_BODY_BYTES), 2), "and may only be 1 to 65536"),
    "the wrong version": (write_pem(V2, 1), "not a Nebula certificate"),
    "version 1: something behind": (write_pem(V1 + field(3, b"x"), 1), "field 3 is unknown"),
    "version 1: no signature": (write_pem(V1[: V1.rindex(b"\x12\x40")], 1), "details or signature are missing"),
    "version 1: cut off": (write_pem(V1[:-1], 1), "cut off"),
    "version 1: no network": (protobuf(NAME, field(7, PUBLIC)), "has no network"),
    "version 1: an address without mask": (protobuf(field(2, varint(1)), field(7, PUBLIC)), "has no mask"),
    "version 1: a torn mask": (protobuf(field(2, varint(1) + varint(0xFF00FF00)), field(7, PUBLIC)), "not contiguous"),
    "version 1: no address": (protobuf(field(2, b"\0" + MASK), field(7, PUBLIC)), "no address"),
    "version 1: 33 bits": (protobuf(field(2, varint(1 << 32) + MASK), field(7, PUBLIC)), "too long"),
    "version 1: out of order": (protobuf(field(7, PUBLIC), NAME), "out of place"),
    "version 1: a name twice": (protobuf(NAME, NAME), "out of place"),
    "version 1: a name that is a number": (protobuf(field(1, 7)), "of the wrong type"),
    "version 1: an empty name": (protobuf(b"\x0a\0"), "is empty"),
    "version 1: wire type 5": (protobuf(b"\x0d\0\0\0\0"), "wire type 5"),
    "version 1: a long number": (protobuf(b"\x28\x81\0"), "shortest form"),
    "version 1: an endless number": (protobuf(b"\x28" + b"\xff" * 11), "shortest form"),
    "version 1: no key": (protobuf(field(2, varint(1) + MASK)), "a key of 0 bytes"),
    "version 1: a third curve": (protobuf(field(2, varint(1) + MASK), field(7, PUBLIC), field(100, 2)), "on curve 2"),
    "version 2: something behind": (write_pem(V2 + b"\0", 2), "left over"),
    "version 2: cut off": (write_pem(V2[:-1], 2), "cut off"),
    "version 2: a long length": (write_pem(b"\x30\x83\0" + V2[1:], 2), "shortest form"),
    "version 2: an endless length": (write_pem(b"\x30\x80" + V2[2:], 2), "shortest form"),
    "version 2: no name": (der_details(NETWORK, TIMES), "no value of tag 0x80"),
    "version 2: an empty name": (der_details(der(0x80), NETWORK, TIMES), "wrong length"),
    "version 2: a long name": (der_details(der(0x80, b"n" * 254), NETWORK, TIMES), "wrong length"),
    "version 2: a name that is not text": (der_details(der(0x80, b"\xff"), NETWORK, TIMES), "utf-8"),
    "version 2: no network": (der_details(der(0x80, b"a"), TIMES), "has no network"),
    "version 2: a network of 6 bytes": (
        der_details(der(0x80, b"a"), der(0xA1, der(4, bytes(6))), TIMES), "a network of 6 bytes"
    ),
    "version 2: a prefix of 33 bits": (
        der_details(der(0x80, b"a"), der(0xA1, der(4, b"\x0a\0\0\1\x21")), TIMES), "not a Nebula certificate"
    ),
    "version 2: a network twice": (
        der_details(der(0x80, b"a"), der(0xA1, der(4, b"\x0a\0\0\1\x18") * 2), TIMES), "twice"
    ),
    "version 2: IPv4 in IPv6": (
        der_details(der(0x80, b"a"), der(0xA1, der(4, bytes(10) + b"\xff\xff\x0a\0\0\1\x78")), TIMES), "in an IPv6 one"
    ),
    "version 2: no address": (der_details(der(0x80, b"a"), der(0xA1, der(4, bytes(5))), TIMES), "no address"),
    "version 2: no end": (der_details(der(0x80, b"a"), NETWORK, der(0x85, b"\1")), "no value of tag 0x86"),
    "version 2: a long time": (
        der_details(der(0x80, b"a"), NETWORK, der(0x85, bytes(9)), der(0x86, b"\1")), "not in its shortest form"
    ),
    "version 2: a time before all time": (
        der_details(der(0x80, b"a"), NETWORK, der(0x85, b"\xff"), der(0x86, b"\1")), "before 1970"
    ),
    "version 1: a time beyond all time": (protobuf(field(2, varint(1) + MASK), field(6, 1 << 63)), "the calendar"),
    "version 2: IPv6 behind IPv4": (
        der_details(der(0x80, b"a"), NETWORK, der(0xA2, der(4, bytes(15) + b"\1\x80")), TIMES), "of another kind"
    ),
    "version 2: a key of 31 bytes": (der_details(der(0x80, b"a"), NETWORK, TIMES, key=b"k" * 31), "a key of 31 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_sound_certificate_is_refused(case: str) -> None:
    """The error says what is wrong with it."""
    data, reason = REFUSED[case]
    with pytest.raises(InputError) as caught:
        read_nebula(data)
    assert reason in str(caught.value), caught.value
