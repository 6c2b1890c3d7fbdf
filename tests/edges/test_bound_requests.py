"""Fingerprints of CSRs and SSH public keys, against openssl, ssh-keygen and step."""

import base64
import re
import struct
from pathlib import Path
from typing import Any

import pytest

from adapters.certificates.requests import fingerprint_request
from adapters.certificates.ssh import fingerprint_ssh_key
from domain.errors import InputError
from tests.support.foreign_keys import PEM_KINDS, call_step, make_pem, make_ssh_key, run_program
from tests.support.running import invoke

NOT_A_CSR = "holds no certificate signing request|not a certificate signing request"
NOT_AN_SSH_KEY = "holds no SSH public key"


def bind(content: bytes, folder: Path, place: dict[str, str], *words: str) -> str:
    """Return what the command says that is to bind a token to what is none."""
    (folder / "bound").write_bytes(content)
    result = invoke("token", "web", "--offline", "--cnf-file", str(folder / "bound"), *words, environment=place)
    assert (result.status, result.out) == (1, "")
    return result.err


def make_csr(kind: str = "P-256", form: str = "PEM") -> bytes:
    """Return a new CSR from openssl."""
    words = ("req", "-new", "-key", "/dev/stdin", "-subj", "/CN=a.example", "-outform", form)
    return run_program("openssl", *words, stdin=make_pem(kind))


@pytest.fixture(scope="module")
def csr() -> bytes:
    """A CSR in PEM."""
    return make_csr()


@pytest.fixture(scope="module")
def ssh_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public half of an Ed25519 key, as ssh-keygen writes it."""
    path = tmp_path_factory.mktemp("ssh") / "key"
    make_ssh_key(path, "ed25519")
    return Path(f"{path}.pub")


def digest_csr(csr: bytes) -> str:
    """Return openssl's SHA-256 of a CSR's DER, in unpadded base64url."""
    der = run_program("openssl", "req", "-outform", "DER", stdin=csr)
    return to_base64url(run_program("openssl", "dgst", "-sha256", "-binary", stdin=der))


def digest_ssh_key(path: Path) -> str:
    """Return ssh-keygen's SHA-256 of a public key, in unpadded base64url."""
    fingerprint = run_program("ssh-keygen", "-l", "-E", "sha256", "-f", str(path)).decode().split()[1]
    return fingerprint.removeprefix("SHA256:").translate(str.maketrans("+/", "-_"))


def to_base64url(data: bytes) -> str:
    """Return unpadded base64url without the code under test."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize("kind", PEM_KINDS)
def test_a_csr_has_the_fingerprint_of_its_der(kind: str) -> None:
    """The digest by openssl, whatever the key, in PEM and in DER."""
    csr = make_csr(kind)
    der = run_program("openssl", "req", "-outform", "DER", stdin=csr)
    assert fingerprint_request(csr) == fingerprint_request(der) == digest_csr(csr)


def test_a_csr_has_the_fingerprint_that_step_prints(step_program: str, tmp_path: Path, csr: bytes) -> None:
    """`step certificate fingerprint` of the same file."""
    path = tmp_path / "request.csr"
    path.write_bytes(csr)
    result = call_step(step_program, "certificate", "fingerprint", "--format", "base64-url-raw", str(path))
    assert fingerprint_request(csr) == result.out.strip(), result.err


@pytest.mark.parametrize(
    "change",
    [
        lambda csr: csr.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"),
        lambda csr: b"A request\n" + csr,
        lambda csr: csr.replace(b"\n", b"\r\n"),
        lambda csr: csr.rstrip(),
        lambda csr: run_program("openssl", "req", "-text", stdin=csr),
    ],
    ids=["old label", "text before", "Windows line endings", "no newline", "openssl's text"],
)
def test_the_spelling_of_a_pem_file_does_not_matter(csr: bytes, change: Any) -> None:
    """Labels, text and line endings leave the DER as it is."""
    assert fingerprint_request(change(csr)) == digest_csr(csr)


@pytest.mark.parametrize("kind", [("ed25519",), ("ecdsa", "-b", "256"), ("ecdsa", "-b", "521"), ("rsa", "-b", "2048")])
def test_an_ssh_key_has_the_fingerprint_that_ssh_keygen_prints(tmp_path: Path, kind: tuple[str, ...]) -> None:
    """The SHA-256 of its wire bytes."""
    make_ssh_key(tmp_path / "key", kind[0], "", *kind[1:])
    path = tmp_path / "key.pub"
    assert fingerprint_ssh_key(path.read_bytes()) == digest_ssh_key(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: b"# a comment\n\n" + line,
        lambda line: b"  " + line,
        lambda line: line.rstrip(),
        lambda line: line.replace(b"\n", b"\r\n"),
        lambda line: b" ".join(line.split()[:2]),
        lambda line: b"\t".join(line.split()[:2]),
    ],
    ids=["comment line", "indented", "no newline", "Windows line ending", "no comment", "tab"],
)
def test_the_spelling_of_an_ssh_line_does_not_matter(ssh_key: Path, change: Any) -> None:
    """Comments and white space leave the wire bytes as they are."""
    assert fingerprint_ssh_key(change(ssh_key.read_bytes())) == digest_ssh_key(ssh_key)


def compose_wire(*fields: bytes) -> bytes:
    """Return fields as SSH strings (RFC 4251, section 5)."""
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)


def test_an_ssh_key_on_a_security_key_is_taken() -> None:
    """A key of OpenSSH's `sk-` types (PROTOCOL.u2f) is a key like others."""
    point = base64.b64decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    fields = (b"sk-ssh-ed25519@openssh.com", point, b"ssh:")
    wire = compose_wire(*fields)
    expected = to_base64url(run_program("openssl", "dgst", "-sha256", "-binary", stdin=wire))
    assert fingerprint_ssh_key(fields[0] + b" " + base64.b64encode(wire)) == expected


def test_a_csr_whose_own_signature_is_bad_is_refused(csr: bytes) -> None:
    """The requester must hold the key (RFC 2986, section 3): a changed bit shows."""
    der = bytearray(run_program("openssl", "req", "-outform", "DER", stdin=csr))
    for index in (der.index(b"a.example"), len(der) - 1):
        changed = bytearray(der)
        changed[index] ^= 1
        with pytest.raises(InputError, match="not signed by its own key"):
            fingerprint_request(bytes(changed))


def test_a_csr_of_an_unknown_version_is_refused(csr: bytes) -> None:
    """The library has an error of its own for it."""
    der = run_program("openssl", "req", "-outform", "DER", stdin=csr)
    changed = der.replace(b"\x02\x01\x00", b"\x02\x01\x05", 1)
    with pytest.raises(InputError, match=NOT_A_CSR):
        fingerprint_request(changed)


def test_two_requests_in_one_file_are_refused(csr: bytes) -> None:
    """Which one is meant would be a guess."""
    with pytest.raises(InputError, match="holds several"):
        fingerprint_request(csr + make_csr())


@pytest.mark.parametrize(
    "change",
    [
        lambda csr: b"",
        lambda csr: b"\x30\x03\x02\x01\x01",
        lambda csr: csr[:200],
        lambda csr: run_program("openssl", "req", "-outform", "DER", stdin=csr) + b"x",
        lambda csr: run_program(
            "openssl", "req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=x", stdin=make_pem("P-256")
        ),
        lambda csr: make_pem("P-256"),
        lambda csr: b"ssh-ed25519 AAAA",
        lambda csr: csr.replace(b"\n", b"\n*", 2),
    ],
    ids=["empty", "other DER", "cut", "more after the DER", "certificate", "private key", "SSH key", "not base64"],
)
def test_what_is_no_csr_is_refused(csr: bytes, change: Any, tmp_path: Path, sandbox: dict[str, str]) -> None:
    """The error says what was wanted, and the command what `--ssh` would take."""
    with pytest.raises(InputError, match=NOT_A_CSR) as caught:
        fingerprint_request(change(csr))
    assert re.fullmatch("give (one|the) CSR in PEM or DER", caught.value.fix)
    told = bind(change(csr), tmp_path, sandbox)
    assert re.search(f"--cnf-file .*/bound: it.* ({NOT_A_CSR}).*: {caught.value.fix}; with --ssh it takes an SSH", told)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: b"",
        lambda line: line + line,
        lambda line: line.replace(b"ssh-ed25519", b"ssh-rsa"),
        lambda line: line.split()[0],
        lambda line: line.split()[1],
        lambda line: line[:40],
        lambda line: b"no-pty " + line,
        lambda line: line.replace(b" ", b" !", 1),
        lambda line: line[:30] + b"!!" + line[30:],
        lambda line: make_csr(),
        lambda line: b"\xff\xfe" * 50,
    ],
    ids=["empty", "two keys", "another label", "label alone", "key alone", "cut", "options", "not base64", "noise",
         "CSR", "binary"],
)  # fmt: skip
def test_what_is_no_ssh_key_is_refused(ssh_key: Path, change: Any, tmp_path: Path, sandbox: dict[str, str]) -> None:
    """The error says what was wanted, and the command what is taken without `--ssh`."""
    with pytest.raises(InputError, match=NOT_AN_SSH_KEY) as caught:
        fingerprint_ssh_key(change(ssh_key.read_bytes()))
    assert caught.value.fix == 'give an SSH public key: a line such as "ssh-ed25519 AAAA…", as in .pub files'
    told = bind(change(ssh_key.read_bytes()), tmp_path, sandbox, "--ssh", "--host")
    assert f"/bound: it {NOT_AN_SSH_KEY}: {caught.value.fix}; without --ssh it takes a CSR" in told


def test_a_private_ssh_key_is_refused_and_not_shown(ssh_key: Path) -> None:
    """The mistake of naming the key beside the .pub file."""
    private = ssh_key.with_suffix("").read_bytes()
    with pytest.raises(InputError, match=NOT_AN_SSH_KEY) as caught:
        fingerprint_ssh_key(private)
    assert not any(line.decode() in str(caught.value) for line in private.splitlines())


def test_a_dsa_key_is_refused_without_a_warning() -> None:
    """The library's own warning does not reach the user."""
    p, q, g, y = ((1 << bits) + 1 for bits in (1023, 159, 2, 5))
    numbers = (b"\0" + number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (p, q))
    small = (number.to_bytes(1, "big") for number in (g, y))
    wire = compose_wire(b"ssh-dss", *numbers, *small)
    with pytest.raises(InputError, match=NOT_AN_SSH_KEY):
        fingerprint_ssh_key(b"ssh-dss " + base64.b64encode(wire))


def test_an_ssh_certificate_is_refused(tmp_path: Path, ssh_key: Path) -> None:
    """The CA compares with the key that it signs; a certificate's bytes would never fit."""
    make_ssh_key(tmp_path / "ca", "ed25519")
    public = tmp_path / "user.pub"
    public.write_bytes(ssh_key.read_bytes())
    run_program("ssh-keygen", "-q", "-s", str(tmp_path / "ca"), "-I", "id", "-n", "user", str(public))
    with pytest.raises(InputError, match="holds an SSH certificate"):
        fingerprint_ssh_key((tmp_path / "user-cert.pub").read_bytes())


def test_a_certificate_is_called_so() -> None:
    """A certificate in place of the CSR that it was made by is named, without a try to read it."""
    pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    with pytest.raises(InputError, match="it holds a certificate, not a certificate signing request: give the CSR"):
        fingerprint_request(pem)
