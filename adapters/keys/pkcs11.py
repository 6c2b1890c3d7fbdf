"""Keys that never leave a device: PKCS#11 on `python-pkcs11` (PKCS#11 v2.40 and v3.0)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import TokenFlag
from pkcs11.types import PROTECTED_AUTH

from adapters.jose.jws import verify
from adapters.jose.key_objects import load_public_key
from adapters.keys.passwords import FilePassword
from adapters.keys.pkcs11_login import Login
from adapters.keys.pkcs11_modules import find_token
from adapters.keys.pkcs11_public import read_public_half
from adapters.process.interruption import wait_for
from domain.errors import InputError, KeyFormatError, KeyMismatchError, UsageError, WrongPasswordError, naming
from domain.settings.devices import pin_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.jose.key_objects import PublicKey
    from adapters.keys.pkcs11_login import Pin
    from domain.keys.jwk import PublicJwk
    from domain.keys.pkcs11_uri import Pkcs11Uri
    from domain.keys.ports import Passwords
    from domain.keys.source import DeviceKey
    from domain.ports import InputFiles

_NAME_PIN = "write pin-source with its file into the URI, or name the file with --password-file on the command line"


class DeviceSigner:
    """Signs with a private key in a device.

    Attributes:
        public: The public half with the algorithm to sign by.
        label: What named the key, for errors.
    """

    def __init__(self, login: Login, public: PublicJwk, key: PublicKey, label: str) -> None:
        self.public = public
        self.label = label
        self._key = key
        self._login = login

    def __repr__(self) -> str:
        return f"DeviceSigner({self.public!r})"

    def sign(self, message: bytes) -> bytes:
        """Return the JWS signature of `message`, verified before it leaves."""
        with naming(self.label), _translated(self.label):
            signature = wait_for(lambda: self._login.sign(self.public.algorithm, message))
        if not verify(self._key, self.public.algorithm, message, signature):
            raise KeyMismatchError(
                f"{self.label}: the device's signature does not verify with the public half",
                "the device holds another private key than its public key or certificate says",
            )
        return signature


class Pkcs11Keys:
    """Opens keys in devices."""

    def __init__(self, files: InputFiles) -> None:
        self.files = files

    def open(self, source: DeviceKey, passwords: Passwords) -> DeviceSigner:
        """Return the signer of the key that the source's URI names.

        The PIN is that of the URI, else the first that `passwords` gives: a device counts wrong ones, so that
        none is tried twice.

        Raises:
            InputError: module, token or key is not there, or there are several.
            WrongPasswordError: the PIN is wrong or locked.
            KeyFormatError: the key cannot sign a token.
        """
        with _translated(source.label):
            token = wait_for(lambda: find_token(source.uri))
            pin = self._choose_pin(token, source.uri, passwords)
            return wait_for(lambda: _open(source, pin))

    def _choose_pin(self, token: pkcs11.Token, uri: Pkcs11Uri, passwords: Passwords) -> Pin:
        path, whose = pin_path(uri), f"the PIN of token {token.label!r}"
        if TokenFlag.USER_PIN_LOCKED in token.flags:
            raise pkcs11.exceptions.PinLocked
        if uri.pin_value is not None:
            return uri.pin_value
        if path is None and TokenFlag.LOGIN_REQUIRED not in token.flags:
            return None
        if path is None and TokenFlag.PROTECTED_AUTHENTICATION_PATH in token.flags:
            return PROTECTED_AUTH
        try:
            asked = passwords if path is None else FilePassword(self.files, path, f"pin-source {path}")
            pin = next(iter(asked.candidates(whose)))
        except UsageError as error:
            raise UsageError(error.what, _NAME_PIN) from error
        try:
            return pin.decode("utf-8")
        except UnicodeDecodeError:
            raise WrongPasswordError(f"{whose} is not UTF-8", "check it") from None


def _open(source: DeviceKey, pin: Pin) -> DeviceSigner:
    login = Login(source.uri, pin)
    try:
        public = read_public_half(login, source.published)
        return DeviceSigner(login, public, load_public_key(public), source.label)
    except ValueError as error:
        raise KeyFormatError(f"the key cannot sign a token: {error}", "use another key") from error


@contextmanager
def _translated(label: str) -> Iterator[None]:
    """Let the library's errors be ours."""
    try:
        yield
    except pkcs11.exceptions.PinLocked as error:
        raise WrongPasswordError(
            f"{label}: the token's PIN is locked", "have its security officer unlock it"
        ) from error
    except pkcs11.exceptions.PinExpired as error:
        raise WrongPasswordError(f"{label}: the token's PIN has expired", "set a new one") from error
    except pkcs11.PKCS11Error as error:
        said = f"{type(error).__name__} {error}".strip()
        raise InputError(f"{label}: the device answers {said}", "check the device's own log") from error
