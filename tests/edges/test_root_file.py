"""Root certificate files: PEM or DER, one certificate or several, and nothing taken for one that is none."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from adapters.ca.root_file import MAX_ROOT_BYTES, RootFile
from adapters.machine.input_files import LocalFiles
from domain.errors import InputError
from tests.support.hostile_ca import issue, root
from tests.support.memory_ports import MemoryFiles
from tests.support.running import run_step

OTHER = issue("Other", is_authority=True)
FINGERPRINT = root().certificate.fingerprint(hashes.SHA256()).hex()


def root_file(content: bytes) -> RootFile:
    """Return the root file with that content."""
    return RootFile(MemoryFiles({"root.crt": content}), "root.crt", "--root root.crt")


@pytest.mark.parametrize(
    "content",
    [
        root().pem,
        root().der,
        root().pem.replace(b"\n", b"\r\n"),
        b"0 s:CN = Test Root\n" + root().pem + b"trailing words\n",
        root().key_pem + root().pem,
        root().pem.rstrip(),
        root().pem + OTHER.pem,
    ],
    ids=["PEM", "DER", "CRLF", "with text", "after a key", "without a last newline", "the first of two"],
)
def test_the_fingerprint_is_of_the_first_certificate(content: bytes) -> None:
    """The fingerprint is the SHA-256 of the DER, whatever stands around the certificate."""
    assert root_file(content).fingerprint() == FINGERPRINT


def test_every_certificate_is_read() -> None:
    """A bundle gives all its certificates, in order."""
    found = root_file(root().pem + b"# another\n" + OTHER.pem).certificates()
    assert [x509.load_der_x509_certificate(der) for der in found] == [root().certificate, OTHER.certificate]


NO_CERTIFICATES = {
    "nothing": b"",
    "white space": b" \n",
    "text": b"garbage",
    "a digit": b"0",
    "the beginning of a sequence": b"\x30\x82",
    "a certificate cut short": root().der[:-1],
    "a byte after a certificate": root().der + b"\0",
    "PEM cut short": root().pem[:-30],
    "no base64": root().pem.replace(b"MII", b"M!I"),
    "an empty certificate after a sound one": root().pem + b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    "a key": root().key_pem,
    "another label": root().pem.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST"),
}


@pytest.mark.parametrize("content", NO_CERTIFICATES.values(), ids=NO_CERTIFICATES.keys())
def test_what_is_no_certificate_is_refused(content: bytes) -> None:
    """An empty, broken or foreign file is an error that names the option and the file."""
    with pytest.raises(InputError, match=r"--root root\.crt (is not a root certificate|holds no certificate)"):
        root_file(content).certificates()


def test_a_file_that_is_too_long_is_refused() -> None:
    """A root file is bounded."""
    with pytest.raises(InputError, match=f"over {MAX_ROOT_BYTES} bytes"):
        root_file(root().pem + b"\n" * MAX_ROOT_BYTES).certificates()


def test_a_file_is_read_once() -> None:
    """Standard input gives its content only once, and both the trust and the fingerprint need it."""
    files = MemoryFiles({"-": root().pem})
    file = RootFile(files, "-", "--root -")
    assert file.certificates() == [root().der]
    assert file.fingerprint() == FINGERPRINT
    assert files.reads == ["-"]


def test_step_prints_the_same_fingerprint(step_program: str, sandbox_path: Path) -> None:
    """The real step's fingerprint of a sandbox's root is ours."""
    path = sandbox_path / "certs" / "root_ca.crt"
    printed = run_step(step_program, "certificate", "fingerprint", str(path), environment={})
    assert printed.out.strip() == RootFile(LocalFiles(), str(path), f"--root {path}").fingerprint()
