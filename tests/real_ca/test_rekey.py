"""`ca rekey` before a real step-ca."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.support.enrolled import Enrolled, enroll


def test_certificate_and_key_are_replaced(enrolled: Enrolled) -> None:
    """The new certificate has the names of the old one, and is for the new key; both keep their modes."""
    old, before = enrolled.leaf, enrolled.key.read_bytes()
    enrolled.certificate.chmod(0o644)
    enrolled.key.chmod(0o640)
    got = enrolled.run("ca", "rekey", *enrolled.files(), "--force")
    assert (got.status, got.out) == (0, "")
    assert got.err == f"✔ Certificate: {enrolled.certificate}\n✔ Private Key: {enrolled.key}\n"
    assert enrolled.fits() and enrolled.key.read_bytes() != before
    assert enrolled.leaf.subject == old.subject and enrolled.leaf.public_key() != old.public_key()
    assert (enrolled.mode(), stat.S_IMODE(enrolled.key.stat().st_mode)) == (0o644, 0o640)
    assert not enrolled.left_behind()


def test_new_files_are_private_and_the_old_pair_stays(enrolled: Enrolled, tmp_path: Path) -> None:
    """`--out-cert` and `--out-key`; the key is of the kind that is asked for."""
    before = [path.read_bytes() for path in (enrolled.certificate, enrolled.key)]
    out = Enrolled(tmp_path / "new.crt", tmp_path / "new.key", enrolled.step_path)
    words = ("--out-cert", str(out.certificate), "--out-key", str(out.key), "--kty", "RSA", "--size", "3072")
    assert enrolled.run("ca", "rekey", *enrolled.files(), *words).status == 0
    key = load_pem_private_key(out.key.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey) and key.key_size == 3072 and out.fits()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (out.certificate, out.key)} == {0o600}
    assert [path.read_bytes() for path in (enrolled.certificate, enrolled.key)] == before


def test_a_key_that_there_is_already_is_not_written(enrolled: Enrolled, tmp_path: Path) -> None:
    """`--private-key` alone replaces the certificate; with `--out-key` the key is written there."""
    other = enroll(enrolled.step_path, tmp_path / "other", "other.example.com")
    before = enrolled.key.read_bytes()
    got = enrolled.run("ca", "rekey", *enrolled.files(), "--force", "--private-key", str(other.key))
    told, warned = got.err.splitlines()
    assert (got.status, told) == (0, f"✔ Certificate: {enrolled.certificate}")
    assert f"{enrolled.certificate} is now for the key in {other.key}" in warned
    assert f"{enrolled.key} is not its key any more" in warned
    assert enrolled.leaf.public_key() == other.leaf.public_key()
    assert enrolled.key.read_bytes() == before


def test_a_new_key_is_encrypted_as_the_old_one(enrolled: Enrolled, tmp_path: Path) -> None:
    """By the same password, so that no rekeying leaves a key in plain that was not."""
    key, password = load_pem_private_key(enrolled.key.read_bytes(), None), tmp_path / "password"
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    secret = b"correct horse"
    enrolled.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret)))
    password.write_bytes(secret + b"\n")
    got = enrolled.run("ca", "rekey", *enrolled.files(), "--force", "--password-file", str(password))
    assert got.status == 0, got.err
    new = load_pem_private_key(enrolled.key.read_bytes(), secret)
    assert new.public_key() == enrolled.leaf.public_key() != key.public_key()
    renewed = enrolled.run("ca", "renew", *enrolled.files(), "--force", "--password-file", str(password))
    assert renewed.status == 0, renewed.err


def test_a_revoked_certificate_is_not_rekeyed(enrolled: Enrolled) -> None:
    """The old pair stays whole."""
    assert enrolled.run("ca", "revoke", str(enrolled.certificate)).status == 0
    before = [path.read_bytes() for path in (enrolled.certificate, enrolled.key)]
    got = enrolled.run("ca", "rekey", *enrolled.files(), "--force")
    assert got.status == 1 and "whether the certificate has been revoked" in got.err
    assert [path.read_bytes() for path in (enrolled.certificate, enrolled.key)] == before
    assert not enrolled.left_behind()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--private-key", "k", "--kty", "RSA"), "--private-key and --kty"),
        (("--private-key", "k", "--daemon"), "--private-key and --daemon"),
        (("--rekey-period", "1h"), "--rekey-period needs --daemon"),
        (("--kty", "DSA"), "'DSA'"),
        (("--offline",), "--offline"),
    ],
)
def test_what_does_not_go_together_is_refused(words: tuple[str, ...], named: str, enrolled: Enrolled) -> None:
    """The error names the flags, and nothing changes."""
    before = enrolled.leaf
    got = enrolled.run("ca", "rekey", *enrolled.files(), "--force", *words)
    assert (got.status, got.out) == (2, "") and named in got.err, got.err
    assert enrolled.leaf == before
