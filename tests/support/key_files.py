"""Private key files in every container that `--key` takes: JWKs by the real step CLI, the rest by `cryptography`."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.support.running import run_step

PASSWORD = b"correct horse battery staple"

KINDS: Mapping[str, Callable[[], Any]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}
"""The kinds of key that can sign a token, and how one is made."""

PEM_FORMS: Mapping[str, PrivateFormat] = {
    "PKCS#8": PrivateFormat.PKCS8,
    "traditional": PrivateFormat.TraditionalOpenSSL,
    "OpenSSH": PrivateFormat.OpenSSH,
}
"""The containers that are PEM; a traditional one is SEC 1 for EC keys and PKCS#1 for RSA keys."""

FORMS = ("JWK", *PEM_FORMS)
FILES = [
    (kind, form, sealed)
    for kind in KINDS
    for form in FORMS
    for sealed in (False, True)
    if (kind, form) != ("Ed25519", "traditional")
]
"""Every kind of key in every container, not encrypted and encrypted; Ed25519 has no traditional container."""


@attrs.frozen
class KeyFolder:
    """One key of each kind, in files that are written when they are first asked for.

    Attributes:
        step: The real step CLI.
        path: An empty folder.
    """

    step: str
    path: Path

    def password_file(self) -> str:
        """Return the file with the password of every encrypted key."""
        path = self.path / "password"
        path.write_bytes(PASSWORD + b"\n")
        return str(path)

    def private(self, kind: str, form: str, sealed: bool = False) -> str:
        """Return the file of the key of this kind in this container, encrypted where `sealed`."""
        path = self.path / f"{kind} {form} {'sealed' if sealed else 'open'}"
        if not path.exists() and form == "JWK":
            how = ["--password-file", self.password_file()] if sealed else ["--no-password", "--insecure"]
            self._create_jwk(kind, path, *how, *(["--alg", "RS256"] if kind == "RSA" else []))
        elif not path.exists():
            encryption = BestAvailableEncryption(PASSWORD) if sealed else NoEncryption()
            path.write_bytes(self._load(kind).private_bytes(Encoding.PEM, PEM_FORMS[form], encryption))
        return str(path)

    def rsa_jwk(self, algorithm: str) -> str:
        """Return the file of the RSA key as a JWK whose `alg` is `algorithm`."""
        path = self.path / f"RSA {algorithm}"
        if not path.exists():
            self._create_jwk("RSA", path, "--no-password", "--insecure", "--alg", algorithm)
        return str(path)

    def public(self, private: str) -> dict[str, Any]:
        """Return the public JWK of a private JWK's file."""
        jwk = json.loads(Path(f"{private}.pub").read_text())
        assert isinstance(jwk, dict)
        return jwk

    def _create_jwk(self, kind: str, path: Path, *how: str) -> None:
        self._load(kind)
        words = ["crypto", "jwk", "create", f"{path}.pub", str(path), "--from-pem", str(self._original(kind)), *how]
        result = run_step(self.step, *words, environment={"STEPPATH": str(self.path), "HOME": str(self.path)})
        assert result.status == 0, result.err

    def _load(self, kind: str) -> Any:
        path = self._original(kind)
        if not path.exists():
            made = KINDS[kind]().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            path.write_bytes(made)
        return load_pem_private_key(path.read_bytes(), None)

    def _original(self, kind: str) -> Path:
        return self.path / f"{kind}.pem"
