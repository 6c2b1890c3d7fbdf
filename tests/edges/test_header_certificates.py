"""The certificates in a token's header, told by `inspect`: good, expired and broken ones."""

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from adapters.certificates.reader import CertificateReader
from domain.certificates.x509_and_ssh import FOREVER, SshCertificate
from domain.formats.duration import NANOSECONDS
from domain.formats.rfc3339 import format_time
from domain.inspect.inspection import inspect_token
from domain.inspect.outline import (
    HeaderCertificates,
    describe_chain,
    list_certificate_warnings,
)
from domain.settings.print_form import TEXT
from domain.token.compact_jws import CompactJws
from entrypoints.use_cases.inspect import MAX_CERTIFICATES, read_header_certificates
from entrypoints.use_cases.report import render
from tests.support.foreign_keys import make_ssh_key, run_program
from tests.support.forged_nebula import Draft, write_pem
from tests.support.token_parts import CLAIMS, HEADER, NOW

JANUARY, FEBRUARY = 1_767_225_600, 1_769_904_000
LOST: dict[str, Any] = {"wire": "", "serial": 7, "is_host": True, "not_before": 0, "not_after": FOREVER, "public": None}
NEBULA, _ = Draft(key=X25519PrivateKey.generate()).issue(2, ed25519.Ed25519PrivateKey.generate())


def read(**header: Any) -> HeaderCertificates:
    """Return what can be read of the certificates in a header."""
    return read_header_certificates(HEADER | header, CertificateReader())


@pytest.fixture(scope="module")
def leaf() -> str:
    """A certificate for the January of 2026, as a header carries it."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf.test")]),
    )
    begin, end = (datetime.fromtimestamp(seconds, UTC) for seconds in (JANUARY, FEBRUARY))
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end).sign(key, hashes.SHA256())
    return b64encode(built.public_bytes(Encoding.DER)).decode()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SSH host certificate of ssh-keygen for the January of 2026."""
    key = tmp_path_factory.mktemp("host") / "key"
    make_ssh_key(key, "ed25519")
    names = ["-h", "-I", "my host", "-n", "a.test,b.test", "-z", str(2**64 - 1), "-V", "20260101Z:20260201Z"]
    run_program("ssh-keygen", "-q", "-s", str(key), *names, f"{key}.pub")
    return key.parent / "key-cert.pub"


def wire(path: Path) -> str:
    """Return an SSH certificate as a header carries it."""
    return path.read_text().split()[1]


@pytest.mark.parametrize("member", ["x5c", "x5cInsecure"])
def test_an_x509_certificate_is_told(member: str, leaf: str) -> None:
    """Subject, times and fingerprint are those that openssl prints."""
    held = read(**{member: [leaf]})
    printed = run_program(
        "openssl", "x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256", stdin=b64decode(leaf)
    ).decode()
    assert describe_chain(held) == [
        {
            "header": member,
            "subject": "leaf.test",
            "from": "2026-01-01T00:00:00Z",
            "until": "2026-02-01T00:00:00Z",
            "fingerprint": printed.strip().partition("=")[2].replace(":", "").lower(),
        }
    ]
    assert held.faults == []


def test_an_ssh_certificate_is_told(host: Path) -> None:
    """Type, key id, principals, serial, times and the key's fingerprint are those that ssh-keygen prints."""
    held = read(sshpop=wire(host))
    member, certificate = held.others["ssh_certificate"]
    assert member == "sshpop" and held.faults == []
    told = certificate.describe()
    printed = run_program("ssh-keygen", "-L", "-f", str(host)).decode()
    fingerprint = re.findall(r"Public key: \S+ (\S+)", printed)[0]
    assert told.value == {
        "kind": "host",
        "key_id": "my host",
        "principals": ["a.test", "b.test"],
        "serial": "18446744073709551615",
        "from": "2026-01-01T00:00:00Z",
        "until": "2026-02-01T00:00:00Z",
        "key_fingerprint": fingerprint,
    }
    assert told.words == (
        "of a host, key id my host, principals a.test, b.test, serial 18446744073709551615, "
        f"from 2026-01-01T00:00:00Z, until 2026-02-01T00:00:00Z, fingerprint of its key {fingerprint}"
    )


def test_an_ssh_certificate_may_have_no_ends() -> None:
    """Forever has words, and is null for programs; a time beyond the calendar is a number."""
    told = SshCertificate(**LOST).describe()
    assert (told.value["from"], told.value["until"]) == (None, None)
    assert "from the beginning, until forever" in told.words and "principals none" in told.words
    late = SshCertificate(**LOST | {"not_after": FOREVER - 1})
    assert late.describe().value["until"] == f"{FOREVER - 1} s after 1970"


@pytest.mark.parametrize(
    ("now", "said"),
    [(JANUARY - 1, "the time of {} has not come yet"), (JANUARY + 1, ""), (FEBRUARY + 1, "{} has expired")],
)
def test_a_certificate_out_of_its_time_is_warned_of(now: int, said: str, leaf: str, host: Path) -> None:
    """Each is named by its place in the header."""
    held = read(x5c=[leaf, leaf], sshpop=wire(host))
    names = ["certificate 1 in its x5c", "certificate 2 in its x5c", "the certificate in its sshpop"]
    assert list_certificate_warnings(held, now * NANOSECONDS) == ([said.format(name) for name in names] if said else [])


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("not base64!", "it is not standard base64"),
        ("ä", "it is not standard base64"),
        (b64encode(b"rubbish").decode(), "it is not an X.509 certificate in DER"),
        ("", "it is not an X.509 certificate in DER"),
        (7, "it is not text"),
        (None, "it is not text"),
    ],
)
def test_a_broken_certificate_hides_nothing_else(broken: Any, why: str, leaf: str) -> None:
    """The others are told, and it is said which one is wrong and why."""
    held = read(x5c=[leaf, broken, leaf])
    assert [number for _, number, _ in held.chain] == [1, 3]
    assert held.faults == [f"certificate 2 in its x5c cannot be read: {why}"]


@pytest.mark.parametrize("before", [b"", b"0 s:CN = leaf\n"])
def test_pem_is_not_taken_for_der(before: bytes, leaf: str) -> None:
    """A header carries DER alone: what step-ca would refuse is told as a fault."""
    pem = x509.load_der_x509_certificate(b64decode(leaf)).public_bytes(Encoding.PEM)
    held = read(x5c=[b64encode(before + pem).decode()])
    assert held.chain == [] and held.faults == ["certificate 1 in its x5c cannot be read: it is PEM in base64, not DER"]


def test_an_endless_chain_is_counted() -> None:
    """So many certificates as no chain has are neither read nor complained of one by one."""
    assert len(read(x5c=[""] * 200_000).faults) == MAX_CERTIFICATES + 1
    assert read(x5c=[""] * 17).faults[-1] == "its x5c holds 17 certificates, of which 16 are shown"


@pytest.mark.parametrize("chain", [None, [], "MIIB", {}, 1, False])
def test_a_member_that_is_no_list_is_told(chain: Any) -> None:
    """A header's x5c that holds no certificates at all is a fault by its name."""
    assert read(x5cInsecure=chain).faults == ["its x5cInsecure is not a list of certificates"]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "it is not standard base64"),
        ("AAAAC3NzaC1lZDI1NTE5", "it is not an SSH certificate"),
        ("", "it is not an SSH certificate"),
        (["AAAA"], "it is not text"),
    ],
)
def test_a_broken_ssh_certificate_is_told(broken: Any, why: str) -> None:
    """Rubbish, a key, or a line of a file in place of wire bytes."""
    held = read(sshpop=broken)
    assert held.others == {} and held.faults == [f"the certificate in its sshpop cannot be read: {why}"]


def test_the_rest_of_a_token_is_told_whatever_its_certificates_are(host: Path) -> None:
    """Faults stand among the warnings."""
    header = HEADER | {"x5c": ["MIIB"], "sshpop": wire(host), "nebula": "abcd"}
    held = read_header_certificates(header, CertificateReader())
    text = render(inspect_token(CompactJws(header, CLAIMS), held, NOW * NANOSECONDS), TEXT)
    assert "subject: a.test\n" in text and "ssh certificate: of a host, key id my host" in text
    assert "warning: the certificate in its nebula cannot be read: it is not a Nebula certificate\n" in text
    assert "warning: certificate 1 in its x5c cannot be read: it is not an X.509 certificate in DER\n" in text
    assert "warning: the certificate in its sshpop has expired\n" in text


@pytest.mark.parametrize("version", [1, 2])
def test_a_nebula_certificate_is_told(version: int) -> None:
    """Whose it is, for which networks, from when until when, with the fingerprint that Nebula knows it by."""
    key = ed25519.Ed25519PrivateKey.generate()
    body, fingerprint = Draft(key=X25519PrivateKey.generate(), groups=["web"], issuer="ab" * 32).issue(version, key)
    held = read(nebula=b64encode(body).decode())
    member, certificate = held.others["nebula"]
    assert member == "nebula" and held.faults == []
    fact = certificate.describe()
    times = [format_time(moment - moment % NANOSECONDS) for moment in certificate.span()]
    assert fact.value == {
        "version": version, "kind": "host", "name": "machine.test", "networks": ["10.0.0.7/24"], "from": times[0],
        "until": times[1], "fingerprint": fingerprint,
    }  # fmt: skip
    assert fact.words.startswith(f"of a host, version {version}, name machine.test, networks 10.0.0.7/24, from ")
    (late,) = list_certificate_warnings(held, certificate.span()[1])
    assert late == "the certificate in its nebula has expired"


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (["MII"], "it is not text"),
        ("!", "it is not standard base64"),
        ("abcd", "it is not a Nebula certificate"),
        (b64encode(write_pem(NEBULA, 2)).decode(), "it is PEM in base64, not the content of the PEM"),
    ],
)
def test_a_broken_nebula_certificate_is_told(broken: Any, why: str) -> None:
    """Rubbish, or a file in place of what stands in it."""
    held = read(nebula=broken)
    assert held.others == {} and held.faults == [f"the certificate in its nebula cannot be read: {why}"]
