"""The key store: private keys in files and in JWEs, of every container, with their passwords."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from domain import json_text
from domain.errors import InputError, KeyFormatError, WrongPasswordError
from domain.jwk import read_public_jwk
from domain.ports import InputFiles, KeyFile, Passwords, SealedKey, Signer

MAX_KEY_BYTES = 65_536
_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class KeyContainers:
    """Opens private keys by recognising their container.

    Attributes:
        files: Reads key files.
        open_jwe: JWE text and password to what it holds.
        load_pem: PEM and password to a key object, None where a password is missing.
        load_jwk: A private JWK to a key object.
        make_signer: A key object, and the JWK it came from or None, to its signer.
    """

    files: InputFiles
    open_jwe: Callable[[str, bytes], bytes]
    load_pem: Callable[[bytes, bytes | None], object | None]
    load_jwk: Callable[[Mapping[str, Any]], object]
    make_signer: Callable[[object, dict[str, Any] | None], Signer]

    def open(self, source: KeyFile | SealedKey, passwords: Passwords) -> Signer:
        """Return the signer of the key in `source` (see `domain.ports.KeyStore`)."""
        if isinstance(source, SealedKey):
            whose = f"the key of {source.label}"
            return self._open_sealed(source.jwe, whose, passwords)
        whose = f"--{source.option} {source.path}"
        data = self.files.read(source.path, MAX_KEY_BYTES)
        try:
            return self._open_data(data, whose, passwords)
        except InputError as error:
            raise type(error)(error.what if whose in error.what else f"{whose}: {error.what}", error.fix) from error

    def _open_data(self, data: bytes, whose: str, passwords: Passwords) -> Signer:
        if b"-----BEGIN " in data:
            key = self.load_pem(data, None)
            if key is None:
                key = _try_passwords(lambda password: self.load_pem(data, password), whose, passwords)
            return self.make_signer(key, None)
        try:
            text = data.decode("utf-8").strip()
        except UnicodeDecodeError:
            text = ""
        if text.startswith("{") and '"ciphertext"' not in text:
            return self._sign_with_jwk(text)
        if text.startswith("{") or text.count(".") == 4:
            return self._open_sealed(text, whose, passwords)
        raise KeyFormatError(
            "it is no private key in a format that step-ott reads", "give PEM, OpenSSH, JWK or an encrypted JWK"
        )

    def _open_sealed(self, jwe: str, whose: str, passwords: Passwords) -> Signer:
        opened = _try_passwords(lambda password: self.open_jwe(jwe, password), whose, passwords)
        return self._sign_with_jwk(opened)

    def _sign_with_jwk(self, text: str | bytes) -> Signer:
        try:
            jwk = json_text.parse(text)
            if not isinstance(jwk, dict):
                raise ValueError("it is no JSON object")
            read_public_jwk(jwk)
        except ValueError as error:
            raise KeyFormatError(f"the JWK cannot be used: {error}", "give a private EC, RSA or Ed25519 JWK") from error
        return self.make_signer(self.load_jwk(jwk), jwk)


def _try_passwords(open_with: Callable[[bytes], _T], whose: str, passwords: Passwords) -> _T:
    """Return what the first fitting password opens; the last one's failure is the answer otherwise."""
    failure: WrongPasswordError | None = None
    for password in passwords.candidates(f"the password of {whose}"):
        try:
            return open_with(password)
        except WrongPasswordError as error:
            failure = error
    raise WrongPasswordError(f"the password does not open {whose}", "check the password") from failure
