"""`ca renew` before a real step-ca."""

import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.enrolled import Enrolled, enroll
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import ProvisionedCa, serve_provisioned
from tests.support.running import run_step


@pytest.mark.parametrize("way", [(), ("--mtls=false",)], ids=["by TLS", "by token"])
def test_a_certificate_is_renewed(way: tuple[str, ...], enrolled: Enrolled) -> None:
    """The new one has the same key and names and another serial number; stderr says step's sentence, and no more."""
    old = enrolled.leaf
    got = enrolled.run("ca", "renew", *enrolled.files(), "--force", *way)
    assert (got.status, got.out) == (0, "")
    assert got.err == f"Your certificate has been saved in {enrolled.certificate}.\n"
    new = enrolled.leaf
    assert (new.subject, new.public_key()) == (old.subject, old.public_key())
    assert new.serial_number != old.serial_number
    assert enrolled.fits() and not enrolled.left_behind()


def test_the_file_keeps_its_mode_and_a_new_one_is_private(enrolled: Enrolled, tmp_path: Path) -> None:
    """A service that reads it as another user reads it still; `--out` leaves the old one alone."""
    enrolled.certificate.chmod(0o644)
    assert enrolled.run("ca", "renew", *enrolled.files(), "--force").status == 0
    assert enrolled.mode() == 0o644
    before, out = enrolled.certificate.read_bytes(), tmp_path / "out.crt"
    got = enrolled.run("ca", "renew", *enrolled.files(), "--out", str(out))
    assert (got.status, got.err) == (0, f"Your certificate has been saved in {out}.\n")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert enrolled.certificate.read_bytes() == before


def test_nothing_is_replaced_without_force(enrolled: Enrolled) -> None:
    """Nor is the CA asked; and never the key."""
    before = [path.read_bytes() for path in (enrolled.certificate, enrolled.key)]
    got = enrolled.run("ca", "renew", *enrolled.files())
    assert got.status == 1 and "add --force" in got.err
    for out in (enrolled.key, enrolled.key.parent / "." / "x" / ".." / enrolled.key.name):
        (enrolled.key.parent / "x").mkdir(exist_ok=True)
        got = enrolled.run("ca", "renew", *enrolled.files(), "--force", "--out", str(out))
        assert got.status == 2 and "is the file of the key" in got.err
    assert [path.read_bytes() for path in (enrolled.certificate, enrolled.key)] == before


def test_it_is_not_renewed_before_it_is_due(enrolled: Enrolled) -> None:
    """Stderr says step's sentence, with status 0; within the time it is renewed."""
    old = enrolled.serial
    got = enrolled.run("ca", "renew", *enrolled.files(), "--force", "--expires-in", "1h")
    assert (got.status, got.out) == (0, "") and enrolled.serial == old
    assert re.fullmatch(r"certificate not renewed: expires in 23h59m\d+s\n|.* 24h0m0s\n", got.err), got.err
    assert enrolled.run("ca", "renew", *enrolled.files(), "--force", "--expires-in", "24h").status == 0
    assert enrolled.serial != old


def test_a_key_behind_a_password_renews(enrolled: Enrolled, tmp_path: Path) -> None:
    """`--password-file` opens it, for TLS as for a token; a wrong one is told."""
    key, password = load_pem_private_key(enrolled.key.read_bytes(), None), tmp_path / "password"
    encryption = BestAvailableEncryption(b"correct horse")
    enrolled.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    password.write_text("correct horse\n")
    for way in ((), ("--mtls=false",)):
        words = ("--force", "--password-file", str(password), *way)
        assert enrolled.run("ca", "renew", *enrolled.files(), *words).status == 0
    password.write_text("wrong\n")
    got = enrolled.run("ca", "renew", *enrolled.files(), "--force", "--password-file", str(password))
    assert got.status == 1 and f"--password-file {password} does not open key {enrolled.key}" in got.err


@pytest.mark.parametrize("kind", [("--kty", "RSA"), ("--curve", "P-521"), ("--kty", "OKP")], ids=lambda kind: kind[1])
def test_every_kind_of_key_is_shown_by_tls(kind: tuple[str, ...], running_ca: RunningCa, tmp_path: Path) -> None:
    """RSA, other curves and Ed25519."""
    held = enroll(running_ca.path, tmp_path / "held", "web.example.com", *kind)
    assert held.run("ca", "renew", *held.files(), "--force").status == 0
    assert held.fits()


def test_an_expired_certificate_is_renewed_by_a_token(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """Without a flag, where its provisioner allows that; it is not rekeyed, nor does it revoke itself."""
    held = provisioned_ca.hold(
        tmp_path,
        begin=timedelta(minutes=-4),
        end=timedelta(minutes=-1),
        extension=provisioned_ca.provisioner_extension("sandbox@example.com"),
    )
    held.certificate.write_bytes(held.certificate.read_bytes() + provisioned_ca.issuer.public_bytes(Encoding.PEM))
    enrolled = Enrolled(held.certificate, held.key, provisioned_ca.ca.path)
    for words in (
        ("rekey", *enrolled.files(), "--force"),
        ("revoke", "--cert", str(held.certificate), "--key", str(held.key)),
    ):
        got = enrolled.run("ca", *words)
        assert got.status == 1 and "expired" in got.err, got.err
    got = enrolled.run("ca", "renew", *enrolled.files(), "--force")
    assert got.status == 0, got.err
    assert enrolled.leaf.not_valid_after_utc > datetime.now(UTC) and enrolled.fits()


def test_another_key_is_refused_before_the_ca_is_asked(enrolled: Enrolled, tmp_path: Path) -> None:
    """The error names both files."""
    other = enroll(enrolled.step_path, tmp_path / "other", "other.example.com")
    got = enrolled.run("ca", "renew", str(enrolled.certificate), str(other.key), "--force")
    assert got.status == 1 and f"{other.key} is not the key of {enrolled.certificate}" in got.err


def test_a_provisioner_that_allows_no_renewal_is_named(step_ca_program: str, tmp_path: Path) -> None:
    """After the refusal the CA's own list says why."""

    def forbid(config: dict[str, Any]) -> None:
        for one in config["authority"]["provisioners"]:
            one["claims"]["disableRenewal"] = True

    with serve_provisioned(step_ca_program, tmp_path / "ca", forbid) as ca:
        held = enroll(ca.ca.path, tmp_path / "held", "web.example.com", "--provisioner", "sandbox@example.com")
        for way in ((), ("--mtls=false",)):
            got = held.run("ca", "renew", *held.files(), "--force", *way)
            assert got.status == 1 and "allows no renewal (disableRenewal)" in got.err, got.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--expires-in", "1h", "--renew-period", "1h", "--daemon"), "--expires-in and --renew-period"),
        (("--renew-period", "1h"), "--renew-period needs --daemon"),
        (("--renew-period", "9000h", "--daemon"), "--renew-period 9000h is longer than the certificate lasts"),
        (("--expires-in", "9000h"), "--expires-in 9000h is longer than the certificate lasts"),
        (("--expires-in", "0s"), "--expires-in '0s'"),
        (("--expires-in", "soon"), "--expires-in 'soon'"),
        (("--pid", "1", "--pid-file", "x"), "--pid and --pid-file"),
        (("--pid", "0"), "--pid '0'"),
        (("--signal", "1"), "--signal needs --pid or --pid-file"),
        (("--pid", "1", "--signal", "HUP"), "--signal 'HUP'"),
        (("--kms", "pkcs11:token=a"), "--kms"),
        (("--offline",), "--offline"),
        (("--ca-config", "x"), "--ca-config"),
        (("--mtls=maybe",), "--mtls"),
    ],
)
def test_what_does_not_go_together_is_refused(words: tuple[str, ...], named: str, enrolled: Enrolled) -> None:
    """The error names the flags, and the certificate stays."""
    old = enrolled.serial
    got = enrolled.run("ca", "renew", *enrolled.files(), "--force", *words)
    assert (got.status, got.out) == (2, "") and named in got.err, got.err
    assert enrolled.serial == old


@pytest.mark.parametrize("words", [(), ("a.crt",), ("a.crt", "a.key", "b"), ("-", "a.key")])
def test_both_files_are_named(words: tuple[str, ...], enrolled: Enrolled) -> None:
    """The certificate comes from a file."""
    got = enrolled.run("ca", "renew", *words)
    assert (got.status, got.out) == (2, ""), got.err


# -- Beside the real step ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("renew", "--force"),
        ("renew", "--force", "--mtls=false"),
        ("renew", "--force", "--expires-in", "1h"),
        ("renew", "--force", "--expires-in", "9000h"),
        ("renew", "--force", "--exec", "true"),
        ("renew", "--force", "--exec", "false"),
        ("renew", "--force", "--exec", "nothing-like-this"),
        ("renew",),
        ("rekey", "--force"),
        ("rekey", "--force", "--expires-in", "1h"),
        ("rekey", "--force", "--kty", "RSA"),
        ("rekey",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_step_does_the_same(
    words: tuple[str, ...], mode: int, step_program: str, running_ca: RunningCa, tmp_path: Path
) -> None:
    """Whether it succeeds, what changes, the files' modes, and the sentences on stderr."""
    seen = []
    for name in ("step", "ours"):
        held = enroll(running_ca.path, tmp_path / name)
        held.certificate.chmod(mode)
        before = held.serial, held.key.read_bytes()
        command = ("ca", words[0], *held.files(), *words[1:])
        got = run_step(step_program, *command, environment=held.environment) if name == "step" else held.run(*command)
        told = [line for line in got.err.splitlines() if line.startswith(("Your certificate", "certificate not"))]
        told = [re.sub(r"\d+", "N", line.replace(str(held.certificate.parent), "")) for line in told]
        changed = held.serial != before[0], held.key.read_bytes() != before[1]
        key_mode = stat.S_IMODE(held.key.stat().st_mode)
        seen.append((got.status == 0, got.out, told, changed, held.mode(), key_mode, held.fits(), held.left_behind()))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("wishes", "status"),
    [
        ({}, 0),
        ({"digital_signature": None}, 0),
        ({"digital_signature": False}, 0),
        ({"usages": ()}, 0),
        ({"usages": [ExtendedKeyUsageOID.SERVER_AUTH]}, 1),
    ],
    ids=["usual", "no key usage", "no digitalSignature", "no purpose", "server only"],
)
def test_tls_takes_what_the_ca_takes(
    wishes: dict[str, Any], status: int, provisioned_ca: ProvisionedCa, step_program: str, tmp_path: Path
) -> None:
    """By TLS the CA looks at the extended key usage alone, where a token wants digitalSignature too; as with step."""
    for name in ("ours", "step"):
        (tmp_path / name).mkdir()
        extension = provisioned_ca.provisioner_extension("sandbox@example.com")
        held = provisioned_ca.hold(tmp_path / name, extension=extension, **wishes)
        held.certificate.write_bytes(held.certificate.read_bytes() + provisioned_ca.issuer.public_bytes(Encoding.PEM))
        enrolled = Enrolled(held.certificate, held.key, provisioned_ca.ca.path)
        command = ("ca", "renew", *enrolled.files(), "--force")
        if name == "ours":
            got = enrolled.run(*command)
        else:
            got = run_step(step_program, *command, environment=enrolled.environment)
        assert got.status == status, (name, got.err)
        assert (enrolled.leaf != held.leaf) is (status == 0)
