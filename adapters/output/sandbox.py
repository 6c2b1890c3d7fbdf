"""A throw-away step path on disk, with a CA's keys and certificates made on `cryptography`."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from adapters.jose.jwe import seal_jwk
from adapters.jose.key_objects import generate_jwk
from adapters.output.private_file import PrivateFile, name_hidden
from adapters.process.interruption import wait_for
from domain.errors import OutputError
from domain.formats.duration import NANOSECONDS
from domain.formats.file_mode import FOLDER_OF_OWNER
from domain.sandbox import SandboxPlan, write_ca_config

_LIFETIME = timedelta(days=3650)


def write_sandbox(path: str, plan: SandboxPlan, now: int) -> str:
    """Write a sandbox into `path`, a folder that is empty or not there, and return its absolute path.

    Args:
        path: The folder.
        plan: What it is to be.
        now: Nanoseconds since the epoch, UTC: when its certificates begin.

    Raises:
        OutputError: the folder is not empty, or cannot be written; what was written is gone again.
        UsageError: the path is not UTF-8.
    """
    folder = os.path.abspath(path)
    _check_empty(folder)
    files = wait_for(lambda: _compose(folder, plan, now))
    existed = os.path.isdir(folder)
    try:
        os.makedirs(folder, mode=FOLDER_OF_OWNER, exist_ok=True)
        for name, content in files.items():
            _write_file(os.path.join(folder, name), content, is_secret=name.startswith("secrets/"))
    except BaseException as error:
        _remove(folder, keep=existed)
        if isinstance(error, OSError):
            raise OutputError(
                f"the sandbox {path} cannot be written: {error.strerror}", "choose another folder"
            ) from error
        raise
    return folder


def _compose(folder: str, plan: SandboxPlan, now: int) -> dict[str, bytes]:
    """Return the content of every file of the sandbox by its name in the folder."""
    begin = datetime.fromtimestamp(now // NANOSECONDS, UTC)
    root_key, intermediate_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certify("Sandbox Root CA", root_key.public_key(), "Sandbox Root CA", root_key, begin, 1)
    intermediate = _certify(
        "Sandbox Intermediate CA", intermediate_key.public_key(), "Sandbox Root CA", root_key, begin, 0
    )
    jwk, password = generate_jwk(), secrets.token_urlsafe(32)
    public = {name: value for name, value in jwk.items() if name != "d"}
    config = write_ca_config(plan, folder, public, seal_jwk(json.dumps(jwk), password.encode()))
    defaults = {
        "ca-url": str(plan.ca_url()),
        "ca-config": f"{folder}/config/ca.json",
        "fingerprint": root.fingerprint(hashes.SHA256()).hex(),
        "root": f"{folder}/certs/root_ca.crt",
        # Beside the others it would keep step from `step ssh certificate --token`.
        "step-ott": {"provisioner-password-file": f"{folder}/secrets/password"},
    }
    files = {
        "certs/root_ca.crt": root.public_bytes(Encoding.PEM),
        "certs/intermediate_ca.crt": intermediate.public_bytes(Encoding.PEM),
        "secrets/root_ca_key": _pem(root_key),
        "secrets/intermediate_ca_key": _pem(intermediate_key),
        "secrets/password": f"{password}\n".encode(),
        "config/ca.json": _json(config),
        "config/defaults.json": _json(defaults),
    }
    for kind in ("host", "user"):
        key = ec.generate_private_key(ec.SECP256R1())
        files[f"secrets/ssh_{kind}_ca_key"] = _pem(key)
        files[f"certs/ssh_{kind}_ca_key.pub"] = (
            key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b"\n"
        )
    return files


def _check_empty(folder: str) -> None:
    try:
        if os.listdir(folder):
            raise OutputError(f"the folder {folder} is not empty", "name an empty or a new one")
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(
            f"{folder} is not a folder to write into: {error.strerror}", "name an empty or a new one"
        ) from error


def _certify(
    subject: str, key: ec.EllipticCurvePublicKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey,
    begin: datetime, path_length: int,
) -> x509.Certificate:  # fmt: skip
    """Return a CA certificate (RFC 5280, section 4.2)."""
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string(f"CN={subject}"))
        .issuer_name(x509.Name.from_rfc4514_string(f"CN={issuer}"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - timedelta(minutes=5))
        .not_valid_after(begin + _LIFETIME)
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def _write_file(path: str, content: bytes, is_secret: bool) -> None:
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=FOLDER_OF_OWNER, exist_ok=True)
    if is_secret:
        with PrivateFile(name_hidden(folder)) as private:
            private.write(content)
            private.link(path)
        return
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
        file.write(content)


def _remove(folder: str, keep: bool) -> None:
    """Take back what was written; the folder was empty before."""
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
