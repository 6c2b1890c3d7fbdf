"""The key store: private keys in files and in JWEs, of every container, with their passwords, and in devices."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from domain.errors import KeyFormatError, WrongPasswordError, naming
from domain.formats import json_text
from domain.keys.jwk import read_public_jwk
from domain.keys.source import DeviceKey, KeyFile, NebulaKeyFile, SealedKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from domain.keys.ports import Passwords, Signer
    from domain.ports import InputFiles

MAX_KEY_BYTES = 65_536
_DER_SEQUENCE = b"\x30"
_FIT_JWK = "give a private EC, RSA or Ed25519 JWK"
_T = TypeVar("_T")


class KeyContainers:
    """Opens private keys by recognising their container.

    Attributes:
        files: Reads key files.
        check_jwe: Refuses what `open_jwe` would whatever the password, so that nobody is asked for one in vain.
        open_jwe: JWE text and password to what it holds.
        load_pem: PEM and password to a key object, None where a password is missing; an X25519 key, which signs for
            Nebula alone, is its 32 bytes.
        load_jwk: A private JWK to a key object.
        make_signer: A key object, and the JWK it came from or None, to its signer.
        open_device: A key in a device, and where its PIN comes from if its URI has none, to its signer.
    """

    def __init__(
        self,
        *,
        files: InputFiles,
        check_jwe: Callable[[str], object],
        open_jwe: Callable[[str, bytes], bytes],
        load_pem: Callable[[bytes, bytes | None], object | None],
        load_jwk: Callable[[Mapping[str, Any]], object],
        make_signer: Callable[[object, dict[str, Any] | None], Signer],
        open_device: Callable[[DeviceKey, Passwords], Signer],
    ) -> None:
        self.files = files
        self.check_jwe = check_jwe
        self.open_jwe = open_jwe
        self.load_pem = load_pem
        self.load_jwk = load_jwk
        self.make_signer = make_signer
        self.open_device = open_device

    def open(self, source: KeyFile | SealedKey | DeviceKey, passwords: Passwords) -> Signer:
        """Return the signer of the key in `source` (see `domain.keys.ports.KeyStore`)."""
        if isinstance(source, DeviceKey):
            with naming(source.label), _naming_pin(source, passwords):
                return self.open_device(source, passwords)
        if isinstance(source, SealedKey):
            whose = f"the key of {source.label}"
            with naming(whose):
                return self._open_sealed(source.jwe, whose, passwords)
        whose = source.whose
        with naming(whose, source.path):
            data = self.files.read(source.path, MAX_KEY_BYTES)
            if b"-----BEGIN " in data:
                return self._open_pem(data, whose, passwords, is_for_nebula=isinstance(source, NebulaKeyFile))
            return self._open_text(data, whose, passwords)

    def _open_pem(self, data: bytes, whose: str, passwords: Passwords, *, is_for_nebula: bool) -> Signer:
        key = self.load_pem(data, None)
        if key is None:
            key = _try_passwords(lambda password: self.load_pem(data, password), whose, passwords)
        if isinstance(key, bytes) and not is_for_nebula:
            what = "an X25519 key signs for Nebula provisioners alone"
            raise KeyFormatError(what, "name it by --nebula-key, with its --nebula-cert, or use another key")
        return self.make_signer(key, None)

    def _open_text(self, data: bytes, whose: str, passwords: Passwords) -> Signer:
        data = json_text.drop_mark(data)
        text = data.decode("utf-8", "replace").strip()
        if text.startswith("{"):
            jwk = _parse_object(data)
            return self._open_sealed(text, whose, passwords) if "ciphertext" in jwk else self._sign_with_jwk(jwk)
        if text.count(".") == 4 and text.isascii():
            return self._open_sealed(text, whose, passwords)
        what = "it is not a private key in a format that step-ott reads" if text else "it is empty"
        is_der = data.startswith(_DER_SEQUENCE) and not text.isprintable()
        raise KeyFormatError(
            what,
            "convert it with 'openssl pkey -inform DER'" if is_der else "give PEM, OpenSSH, JWK or an encrypted JWK",
        )

    def _open_sealed(self, jwe: str, whose: str, passwords: Passwords) -> Signer:
        self.check_jwe(jwe)
        opened = _try_passwords(lambda password: self.open_jwe(jwe, password), whose, passwords)
        return self._sign_with_jwk(_parse_object(opened))

    def _sign_with_jwk(self, jwk: dict[str, Any]) -> Signer:
        try:
            read_public_jwk(jwk)
        except ValueError as error:
            raise KeyFormatError(f"the JWK cannot be used: {error}", _FIT_JWK) from error
        return self.make_signer(self.load_jwk(jwk), jwk)


def _parse_object(data: bytes | str) -> dict[str, Any]:
    try:
        value = json_text.parse(data)
        if not isinstance(value, dict):
            raise ValueError("it is not a JSON object")
    except ValueError as error:
        raise KeyFormatError(f"the JWK cannot be used: {error}", _FIT_JWK) from error
    return value


@contextmanager
def _naming_pin(source: DeviceKey, passwords: Passwords) -> Iterator[None]:
    """Let the error about a wrong PIN say which file it is from."""
    try:
        yield
    except WrongPasswordError as error:
        path = source.uri.pin_source
        whose = passwords.whose if path is None else f"pin-source {path}"
        if source.uri.pin_value is not None or not whose:
            raise
        raise WrongPasswordError(f"{error.what}; it is from {whose}", error.fix) from error


def _try_passwords(open_with: Callable[[bytes], _T], whose: str, passwords: Passwords) -> _T:
    """Return what the first fitting password opens; the last one's failure is the answer otherwise."""
    failure: WrongPasswordError | None = None
    for password in passwords.candidates(f"the password of {whose}"):
        try:
            return open_with(password)
        except WrongPasswordError as error:
            failure = error
    origin = f" from {passwords.whose}" if passwords.whose else ""
    raise WrongPasswordError(f"the password{origin} does not open {whose}", "check the password") from failure
