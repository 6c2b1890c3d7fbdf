"""A login at a token, on `python-pkcs11`: the session, the private key that it is for, and signatures by that."""

import hashlib
import os
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeAlias

import pkcs11
from pkcs11 import Attribute, Mechanism, ObjectClass

from adapters.keys.pkcs11_modules import find_token
from domain.errors import InputError, KeyFormatError, WrongPasswordError
from domain.keys.pkcs11_uri import Pkcs11Uri, encode_id

Pin: TypeAlias = "str | object | None"
"""A PIN, None where the token wants none, or the mark for one that is typed at the device."""

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


class Login:
    """A session with a token, and the one private key found there; opened anew where the process forked.

    Attributes:
        private: The key.
    """

    def __init__(self, uri: Pkcs11Uri, pin: Pin) -> None:
        self._uri = uri
        self._pin = pin
        self._process = 0
        self._is_refused = False
        self._closing: weakref.finalize[[pkcs11.Session, int], Login] | None = None
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
        identifier, label = read_attribute(self.private, Attribute.ID), read_attribute(self.private, Attribute.LABEL)
        if identifier or label:
            wanted = {Attribute.ID: identifier} if identifier else {Attribute.LABEL: label}
            yield from list(self._session.get_objects({Attribute.CLASS: kind, **wanted}))

    def _open(self) -> None:
        token = find_token(self._uri)
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
        self._wants_pin_again = bool(read_attribute(self.private, Attribute.ALWAYS_AUTHENTICATE))

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
            raise KeyFormatError(f"the token does not sign with {algorithm}", "use another key or token") from error
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
    named = ((read_attribute(key, Attribute.LABEL) or "", read_attribute(key, Attribute.ID) or b"") for key in keys)
    return ", ".join(f"object={label};id={encode_id(identifier)}" for label, identifier in named)


def read_attribute(found: Any, attribute: Attribute) -> Any:
    """Return an object's attribute, None where it has none or does not show it."""
    try:
        return found[attribute]
    except (pkcs11.PKCS11Error, KeyError, NotImplementedError):
        return None
