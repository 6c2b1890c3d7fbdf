"""What certificates and requests cost: time that grows with their length and no faster, and every fault in words."""

import json
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.certificates.reader import CertificateReader
from adapters.certificates.requests import fingerprint_request, read_public_keys, read_request
from adapters.certificates.ssh import fingerprint_ssh_key
from domain.ca_rules.sign import read_csr_names
from domain.errors import InputError
from domain.formats import base64url
from tests.support.foreign_keys import make_ssh_key, run_program
from tests.support.forged_nebula import der, write_block
from tests.support.hostile_certificates import PROVISIONER, SHAPES, certificate, compressed_p256, extension, request
from tests.support.hostile_keys import integer, p256, string
from tests.support.processor_time import ROUNDS, spend
from tests.support.running import invoke

READER = CertificateReader()
SECONDS = 3
"""Of the processor, for a mebibyte: ten times what it takes. Read in quadratic time it took twenty seconds."""


def measure(read: Callable[[], object]) -> float:
    """Return the processor's time that a reader takes, whether it finds something or not."""

    def try_to_read() -> None:
        with suppress(InputError):
            read()

    return spend(try_to_read)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mebibyte_is_read_in_linear_time(shape: str) -> None:
    """A certificate or a request, whatever it has very much of."""
    parts = SHAPES[shape]()
    der_certificate, der_request = certificate(**parts), request(**parts)  # type: ignore[arg-type]
    assert measure(lambda: READER.read_chain(der_certificate)) < SECONDS
    assert measure(lambda: read_request(der_request)) < SECONDS
    assert measure(lambda: fingerprint_request(der_request)) < SECONDS


MANY_NAMES: dict[str, Callable[[], list[bytes]]] = {
    "equal URIs": lambda: [der(0x86, b"u:")] * 257_500,
    "URIs": lambda: [der(0x86, b"u:%d" % number) for number in range(110_000)],
    "URIs with escapes": lambda: [der(0x86, b"u://a/%%2f%d" % number) for number in range(70_000)],
    "URIs in capitals": lambda: [der(0x86, b"U:%d" % number) for number in range(110_000)],
    "URIs without scheme": lambda: [der(0x86, b"%d" % number) for number in range(130_000)],
    "equal addresses": lambda: [der(0x87, b"\1\2\3\4")] * 171_000,
    "addresses": lambda: [der(0x87, number.to_bytes(4, "big")) for number in range(171_000)],
    "equal addresses of IPv6": lambda: [der(0x87, b"\1" * 16)] * 57_000,
}


@pytest.mark.parametrize("shape", MANY_NAMES)
def test_names_of_a_csr_cost_little_more_than_reading_them(shape: str) -> None:
    """A mebibyte of names: to sort them by type and to rewrite them takes no multiple of what the library takes."""
    data = request(extensions=[extension("2.5.29.17", der(0x30, *MANY_NAMES[shape]()))])
    assert any(
        spend(lambda: read_csr_names(read_request(data)))
        < 3 * spend(lambda: x509.load_der_x509_csr(data).extensions) + 0.15
        for _ in ROUNDS
    )


@pytest.mark.parametrize("command", [("inspect",), ("verify", "--for", "sign", "--offline")], ids=" ".join)
@pytest.mark.parametrize("count", [1, 2_000])
def test_a_token_of_a_mebibyte_is_read_in_linear_time(
    command: tuple[str, ...], count: int, sandbox: dict[str, str], tmp_path: Path
) -> None:
    """With one large certificate in its header, or with thousands that could all have issued each other."""
    if count == 1:
        chain = [certificate(extensions=[extension(PROVISIONER, der(0x30, b"\2\1\1\4\1x" + b"\2\1\0" * 180_000))])]
    else:
        chain = [certificate(extensions=[extension("1.2.3", b"%04d" % number)]) for number in range(count)]
    header = {"alg": "ES256", "x5c": [b64encode(one).decode() for one in chain]}
    claims = {"iss": "x5c", "sub": "web", "aud": "https://localhost/1.0/sign#x5c/x5c"}
    parts = [base64url.encode(json.dumps(part).encode()) for part in (header, claims)]
    (tmp_path / "token").write_text(".".join([*parts, base64url.encode(bytes(64))]))
    begin = time.process_time()
    result = invoke(command[0], str(tmp_path / "token"), *command[1:], environment=sandbox)
    assert time.process_time() - begin < SECONDS
    assert result.out and "unexpected" not in result.err


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (der(0x30, integer(1), der(0x04, b"Ada")), "Ada"),
        (der(0x30, integer(1), der(0x04, b"Ada"), der(0x04, b"more"), der(0x30)), "Ada"),
        (der(0x30, integer(1), der(0x04, b"Ada")) + b"more", "Ada"),
        (der(0x30, integer(1), der(0x04, b"\xff")), None),
        (der(0x30, integer(1)), None),
        (der(0x30), None),
        (b"", None),
        (b"\x30", None),
        (der(0x31, integer(1), der(0x04, b"Ada")), None),
        (der(0x30, der(0x04, b"Ada"), integer(1)), None),
        (b"\x30\x84\xff\xff\xff\xff\2\1\1", None),
    ],
)
def test_the_provisioner_is_read_as_step_ca_reads_it(content: bytes, expected: str | None) -> None:
    """A sequence of type and name, with more behind them; anything else names none."""
    [read] = READER.read_chain(certificate(extensions=[extension(PROVISIONER, content)]))
    assert read.provisioner == expected


# -- Points in compressed form ----------------------------------------------------------------------


def test_a_compressed_point_is_an_error_in_words_wherever_it_stands(tmp_path: Path) -> None:
    """In an SSH public key or certificate; in X.509 the library reads it, and what comes of it is one of our values."""
    point = p256().public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    kind = b"ecdsa-sha2-nistp256"
    line = kind + b" " + b64encode(string(kind) + string(b"nistp256") + string(point))
    with pytest.raises(InputError, match="holds no SSH public key"):
        fingerprint_ssh_key(line)
    make_ssh_key(tmp_path / "key", "ecdsa")
    run_program("ssh-keygen", "-q", "-s", str(tmp_path / "key"), "-I", "max", str(tmp_path / "key.pub"))
    whole = (tmp_path / "key-cert.pub").read_bytes()
    compressed = whole.split()[0] + b" " + b64encode(_compress(whole))
    with pytest.raises(InputError, match="no SSH certificate"):
        READER.read_ssh(compressed)
    with pytest.raises(InputError, match="holds no SSH public key"):
        fingerprint_ssh_key(compressed)
    for read in (
        lambda: READER.read_chain(certificate(key=compressed_p256())),
        lambda: read_request(request(key=compressed_p256())),
        lambda: fingerprint_request(request(key=compressed_p256())),
        lambda: read_public_keys(write_block("PUBLIC KEY", compressed_p256())),
    ):
        with suppress(InputError):
            read()


def _compress(line: bytes) -> bytes:
    """Return an SSH certificate's wire bytes with its first point in compressed form."""
    from base64 import b64decode

    wire = b64decode(line.split()[1])
    at = wire.index(b"nistp256\0\0\0A\x04") + 8
    point = wire[at + 4 : at + 4 + 65]
    return wire[:at] + string(bytes([2 + (point[-1] & 1)]) + point[1:33]) + wire[at + 4 + 65 :]


def test_a_compressed_point_at_the_command_line(sandbox: dict[str, str], tmp_path: Path) -> None:
    """One line and exit status 1."""
    point = p256().public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    kind = b"ecdsa-sha2-nistp256"
    (tmp_path / "key.pub").write_bytes(kind + b" " + b64encode(string(kind) + string(b"nistp256") + string(point)))
    words = ["token", "web", "--ssh", "--host", "--offline", "--cnf-file", str(tmp_path / "key.pub")]
    result = invoke(*words, environment=sandbox)
    assert (result.status, result.out) == (1, "")
    assert "--cnf-file" in result.err and "holds no SSH public key" in result.err
