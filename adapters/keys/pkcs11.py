"""Keys that never leave a device: PKCS#11 on `python-pkcs11` (PKCS#11 v2.40 and v3.0)."""

from __future__ import annotations

import hashlib
import os
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, TokenFlag
from pkcs11.types import PROTECTED_AUTH

from domain.errors import InputError, KeyFormatError, KeyMismatchError, UsageError, WrongPasswordError, naming
from domain.keys.device_public import describe_ec, describe_rsa
from domain.keys.jwk import read_public_jwk
from domain.keys.pkcs11_uri import encode_id
from domain.settings.devices import pin_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from domain.keys.jwk import PublicJwk
    from domain.keys.pkcs11_uri import Pkcs11Uri
    from domain.keys.ports import Passwords
    from domain.keys.source import DeviceKey

_STALE = (
    pkcs11.exceptions.SessionHandleInvalid,
    pkcs11.exceptions.SessionClosed,
    pkcs11.exceptions.UserNotLoggedIn,
    pkcs11.exceptions.KeyHandleInvalid,
    pkcs11.exceptions.ObjectHandleInvalid,
)
"""What a session says that was closed or logged out behind our back, as by another key of the same token."""

_WRONG_PIN = (
    pkcs11.exceptions.PinIncorrect,
    pkcs11.exceptions.PinInvalid,
    pkcs11.exceptions.PinLenRange,
)
_NAME_PIN = "write pin-source with its file into the URI, or name the file by --password-file on the command line"
_CHECK_PIN = "check it before the next try: devices lock after a few wrong ones"

_RSA_MECHANISMS = {
    "RS256": (Mechanism.SHA256_RSA_PKCS, None),
    "RS384": (Mechanism.SHA384_RSA_PKCS, None),
    "RS512": (Mechanism.SHA512_RSA_PKCS, None),
    "PS256": (Mechanism.SHA256_RSA_PKCS_PSS, (Mechanism.SHA256, pkcs11.MGF.SHA256, 32)),
    "PS384": (Mechanism.SHA384_RSA_PKCS_PSS, (Mechanism.SHA384, pkcs11.MGF.SHA384, 48)),
    "PS512": (Mechanism.SHA512_RSA_PKCS_PSS, (Mechanism.SHA512, pkcs11.MGF.SHA512, 64)),
}
"""PS* salts have the digest's length (RFC 7518, 3.5)."""

_EC_DIGESTS = {"ES256": hashlib.sha256, "ES384": hashlib.sha384, "ES512": hashlib.sha512}

_Verify: TypeAlias = "Callable[[PublicJwk, bytes, bytes], bool]"
_FindToken: TypeAlias = "Callable[[Pkcs11Uri], pkcs11.Token]"
_WaitFor: TypeAlias = "Callable[[Callable[[], Any]], Any]"
_Pin: TypeAlias = "str | object | None"
"""A PIN, None where the token wants none, or the mark for one that is typed at the device."""


class DeviceSigner:
    """Signs with a private key in a device.

    Attributes:
        public: The public half with the algorithm to sign by.
        label: What named the key, for errors.
    """

    def __init__(self, login: _Login, public: PublicJwk, label: str, verify: _Verify, wait_for: _WaitFor) -> None:
        self.public = public
        self.label = label
        self._login = login
        self._verify = verify
        self._wait_for = wait_for

    def __repr__(self) -> str:
        return f"DeviceSigner({self.public!r})"

    def sign(self, message: bytes) -> bytes:
        """Return the JWS signature of `message`, verified before it leaves."""
        with naming(self.label), _translated(self.label):
            signature: bytes = self._wait_for(lambda: self._login.sign(self.public.algorithm, message))
        if not self._verify(self.public, message, signature):
            raise KeyMismatchError(
                f"{self.label}: the device's signature does not verify with the public half",
                "the device holds another private key than its public key or certificate says",
            )
        return signature


class Pkcs11Keys:
    """Opens keys in devices.

    Attributes:
        find_token: A URI to the one token that it names, of a module that is initialised in this process.
        read_pin: The path of a PIN's file, and whose PIN it is, to the PIN.
        read_certificate: A certificate in DER to its public key, None for one of a type that signs no tokens.
        verify: Whether a signature is one of a message by a public key, under the key's own algorithm.
        wait_for: Does what may take long, as where a person types a PIN or touches the device, and answers signals.
    """

    def __init__(
        self,
        *,
        find_token: _FindToken,
        read_pin: Callable[[str, str], bytes],
        read_certificate: Callable[[bytes], PublicJwk | None],
        verify: _Verify,
        wait_for: _WaitFor,
    ) -> None:
        self.find_token = find_token
        self.read_pin = read_pin
        self.read_certificate = read_certificate
        self.verify = verify
        self.wait_for = wait_for

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
            token = self.wait_for(lambda: self.find_token(source.uri))
            pin = self._choose_pin(token, source.uri, passwords)
            signer: DeviceSigner = self.wait_for(lambda: self._open(source, pin))
            return signer

    def _open(self, source: DeviceKey, pin: _Pin) -> DeviceSigner:
        login = _Login(self.find_token, source.uri, pin)
        return DeviceSigner(login, self._read_public(login, source), source.label, self.verify, self.wait_for)

    def _choose_pin(self, token: pkcs11.Token, uri: Pkcs11Uri, passwords: Passwords) -> _Pin:
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
            pin = self.read_pin(path, whose) if path is not None else next(iter(passwords.candidates(whose)))
        except UsageError as error:
            raise UsageError(error.what, _NAME_PIN) from error
        try:
            return pin.decode("utf-8")
        except UnicodeDecodeError:
            raise WrongPasswordError(f"{whose} is not UTF-8", "check it") from None

    def _read_public(self, login: _Login, source: DeviceKey) -> PublicJwk:
        """Return the public half as the device has it, else as a certificate or the CA publishes it."""
        published = source.published
        try:
            members = _describe_public(login) or self._read_certificates(login)
            if members is None and published is None:
                raise KeyFormatError(
                    "the device has its private half alone",
                    "put the public key or a certificate with the same id there",
                )
            public = read_public_jwk(members) if members is not None else published
        except ValueError as error:
            raise KeyFormatError(f"the key cannot sign a token: {error}", "use another key") from error
        assert public is not None  # noqa: S101  # for the type checker: one of the two is there
        if published is not None and public.thumbprint() == published.thumbprint():
            return published  # with its algorithm
        return public

    def _read_certificates(self, login: _Login) -> dict[str, str] | None:
        for found in login.companions(ObjectClass.CERTIFICATE):
            value = _read(found, Attribute.VALUE)
            public = None if value is None else self.read_certificate(value)
            if public is not None:
                return dict(public.members)
        return None


class _Login:
    """A session with a token, and the one private key found there; opened anew where the process forked.

    Attributes:
        private: The key.
    """

    def __init__(self, find_token: _FindToken, uri: Pkcs11Uri, pin: _Pin) -> None:
        self._find_token = find_token
        self._uri = uri
        self._pin = pin
        self._process = 0
        self._is_refused = False
        self._closing: weakref.finalize[[pkcs11.Session, int], _Login] | None = None
        self._open()

    def sign(self, algorithm: str, message: bytes) -> bytes:
        """Return the signature by the key, as PKCS#11 has it: for ECDSA r and s at full width."""
        if self._process != os.getpid():  # sessions do not survive a fork (PKCS#11 v2.40, C_Initialize)
            self._open()
        try:
            return self._sign(algorithm, message)
        except _STALE:
            self._open()
            return self._sign(algorithm, message)

    def companions(self, kind: ObjectClass) -> Iterator[Any]:
        """Give the objects of a kind that have the private key's identifier, or else its label."""
        identifier, label = _read(self.private, Attribute.ID), _read(self.private, Attribute.LABEL)
        if identifier or label:
            wanted = {Attribute.ID: identifier} if identifier else {Attribute.LABEL: label}
            yield from list(self._session.get_objects({Attribute.CLASS: kind, **wanted}))

    def _open(self) -> None:
        token = self._find_token(self._uri)
        if self._is_refused:  # the PIN was changed meanwhile: another try would bring the device nearer to its lock
            raise WrongPasswordError(f"the PIN of token {token.label!r} is wrong", _CHECK_PIN)
        try:
            self._session = token.open(user_pin=self._pin)
        except pkcs11.exceptions.UserAlreadyLoggedIn:  # by another key, or in the process that this one came from
            self._session = token.open()
        except _WRONG_PIN as error:
            self._is_refused = True
            raise WrongPasswordError(f"the PIN of token {token.label!r} is wrong", _CHECK_PIN) from error
        self._process = os.getpid()
        if self._closing is not None:
            self._closing.detach()
        self._closing = weakref.finalize(self, _close, self._session, self._process)
        self.private = _find_key(self._session, self._uri)
        self._wants_pin_again = bool(_read(self.private, Attribute.ALWAYS_AUTHENTICATE))

    def _sign(self, algorithm: str, message: bytes) -> bytes:
        if algorithm in _EC_DIGESTS:
            data, mechanism, parameter = _EC_DIGESTS[algorithm](message).digest(), Mechanism.ECDSA, None
        elif algorithm in _RSA_MECHANISMS:
            data, (mechanism, parameter) = message, _RSA_MECHANISMS[algorithm]
        else:
            data, mechanism, parameter = message, Mechanism.EDDSA, None
        pin = self._pin if self._wants_pin_again and isinstance(self._pin, str) else None
        try:
            signature = self.private.sign(data, mechanism=mechanism, mechanism_param=parameter, pin=pin)
        except (pkcs11.exceptions.MechanismInvalid, pkcs11.exceptions.MechanismParamInvalid) as error:
            raise KeyFormatError(f"the token does not sign by {algorithm}", "use another key or token") from error
        return bytes(signature)


def _close(session: pkcs11.Session, process: int) -> None:
    """Log out and close the session, in the process that opened it."""
    if process == os.getpid():
        with suppress(pkcs11.PKCS11Error):
            session.close()


def _find_key(session: pkcs11.Session, uri: Pkcs11Uri) -> Any:
    """Return the one private key that the URI names."""
    wanted: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    if uri.id is not None:
        wanted[Attribute.ID] = uri.id
    if uri.object is not None:
        wanted[Attribute.LABEL] = uri.object
    found = list(session.get_objects(wanted))
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"several private keys match: {_list_keys(found)}", "tell them apart by id")
    there = _list_keys(list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})))
    raise InputError("there is no such private key", f"the token has {there or 'none'}")


def _list_keys(keys: list[Any]) -> str:
    return ", ".join(
        f"object={_read(key, Attribute.LABEL) or ''};id={encode_id(_read(key, Attribute.ID) or b'')}" for key in keys
    )


def _describe_public(login: _Login) -> dict[str, str] | None:
    """Return the public JWK by the public key object, or of an RSA key by the private one; None where neither tells."""
    kind = _read(login.private, Attribute.KEY_TYPE)
    if kind not in (KeyType.EC, KeyType.EC_EDWARDS, KeyType.RSA):
        raise ValueError("it is not an EC, RSA or Ed25519 key")
    fields = (Attribute.EC_PARAMS, Attribute.EC_POINT)
    if kind == KeyType.RSA:
        fields = (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT)
    for found in (*login.companions(ObjectClass.PUBLIC_KEY), login.private):
        first, second = (_read(found, field) for field in fields)
        if first and second and _read(found, Attribute.KEY_TYPE) == kind:
            return describe_rsa(first, second) if kind == KeyType.RSA else describe_ec(first, second)
    return None


def _read(found: Any, attribute: Attribute) -> Any:
    """Return an object's attribute, None where it has none or does not tell."""
    try:
        return found[attribute]
    except (pkcs11.PKCS11Error, KeyError, NotImplementedError):
        return None


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
        raise InputError(f"{label}: the device answers {said}", "look into the device's own log") from error
