"""The key store: private keys in files of every format, in JWEs and in devices, with their passwords."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.process.interruption import wait_for
from domain.errors import KeyFormatError, UsageError, WrongPasswordError, naming
from domain.formats import json_text
from domain.formats.pem import is_pem
from domain.keys.jwk import read_public_jwk
from domain.keys.source import DeviceKey, KeyFile, SealedKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adapters.jose.jwe import Opening
    from adapters.keys.pkcs11 import Pkcs11Keys
    from domain.keys.ports import Passwords, Signer
    from domain.ports import InputFiles

MAX_KEY_BYTES = 65_536
_DER_SEQUENCE = b"\x30"
_FIT_JWK = "give a private EC, RSA or Ed25519 JWK"
_T = TypeVar("_T")


class LocalKeyStore:
    """Opens private keys by recognising their container (see `domain.keys.ports.KeyStore`).

    Attributes:
        files: Where the keys are that are in files.
        begun: The opening of a sealed key that has begun already, None for none.
    """

    def __init__(self, files: InputFiles, begun: Opening | None = None) -> None:
        self.files = files
        self.begun = begun

    def open(self, source: KeyFile | SealedKey | DeviceKey, passwords: Passwords) -> Signer:
        if isinstance(source, DeviceKey):
            with naming(source.label), _naming_pin(source, passwords):
                return _load_devices()(self.files).open(source, passwords)
        if isinstance(source, SealedKey):
            whose = f"the key of {source.label}"
            with naming(whose):
                return _open_sealed(source.jwe, whose, passwords, self.begun)
        whose = source.whose
        with naming(whose, source.path):
            data = self.files.read(source.path, MAX_KEY_BYTES)
            if b"-----BEGIN NEBULA " in data:
                from adapters.keys.nebula import open_nebula_key  # noqa: PLC0415  # for these alone

                return open_nebula_key(data, may_be_x25519=source.may_be_x25519)
            return _open_pem(data, whose, passwords) if is_pem(data) else _open_text(data, whose, passwords)


def _open_pem(data: bytes, whose: str, passwords: Passwords) -> Signer:
    from adapters.jose.jws import make_signer  # noqa: PLC0415  # slow to load
    from adapters.keys.pem import load_pem_key  # noqa: PLC0415  # slow to load

    key = load_pem_key(data, None)
    if key is None:
        key = _try_passwords(lambda password: wait_for(lambda: load_pem_key(data, password)), whose, passwords)
    return make_signer(key)


def _open_text(data: bytes, whose: str, passwords: Passwords) -> Signer:
    data = json_text.drop_mark(data)
    text = data.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        jwk = _parse_object(data)
        return _open_sealed(text, whose, passwords) if "ciphertext" in jwk else _open_jwk(jwk)
    if text.count(".") == 4 and text.isascii():
        return _open_sealed(text, whose, passwords)
    what = "it is not a private key in a format that step-ott reads" if text else "it is empty"
    is_der = data.startswith(_DER_SEQUENCE) and not text.isprintable()
    raise KeyFormatError(
        what,
        "convert it with 'openssl pkey -inform DER'" if is_der else "give PEM, OpenSSH, JWK or an encrypted JWK",
    )


def _open_sealed(jwe: str, whose: str, passwords: Passwords, begun: Opening | None = None) -> Signer:
    from adapters.jose.envelope import parse_jwe  # noqa: PLC0415  # for these alone

    parse_jwe(jwe)  # what is refused whatever the password, so that nobody is asked for one in vain
    from adapters.jose.jwe import begin_opening  # noqa: PLC0415  # slow to load

    def open_with(password: bytes) -> bytes:
        finish = begun.take(jwe, password) if begun else begin_opening(jwe, password)
        from adapters.jose import jws  # noqa: F401, PLC0415  # while the key is derived: what signs by the key in there
        from adapters.keys import jwk  # noqa: F401, PLC0415

        return finish()

    return _open_jwk(_parse_object(_try_passwords(open_with, whose, passwords)))


def _open_jwk(jwk: dict[str, Any]) -> Signer:
    from adapters.jose.jws import make_signer  # noqa: PLC0415  # slow to load
    from adapters.keys.jwk import load_jwk_key  # noqa: PLC0415  # slow to load

    try:
        read_public_jwk(jwk)
    except ValueError as error:
        raise KeyFormatError(f"the JWK cannot be used: {error}", _FIT_JWK) from error
    return make_signer(load_jwk_key(jwk), jwk)


def _load_devices() -> type[Pkcs11Keys]:
    """Return the opener of keys in devices.

    Raises:
        UsageError: the extra that it needs is not installed.
    """
    try:
        from adapters.keys.pkcs11 import Pkcs11Keys  # noqa: PLC0415  # an extra
    except ImportError as error:
        from adapters.process.extras import tell_how_to_add  # noqa: PLC0415  # for this alone

        raise UsageError(
            f"keys in devices need python-pkcs11, which cannot be loaded ({error})", tell_how_to_add("python-pkcs11")
        ) from error
    return Pkcs11Keys


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
