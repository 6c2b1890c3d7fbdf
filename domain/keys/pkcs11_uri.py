"""PKCS#11 URIs (RFC 7512): the module, token and object that a key on a device is found by.

Stricter than the RFC where it leaves a choice: an attribute that step-ott does not know, one that appears twice, and
a character that has to be percent-encoded are refused. No error and no `repr` holds a PIN. Beside the RFC's own
attributes those of step are read: `slot-id` and `max-sessions`, `module-path` before the question mark, and an `id` in
hexadecimal (go.step.sm/crypto, kms/pkcs11).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import attrs

SCHEME = "pkcs11"

_TEXTS = ("module-path", "token", "serial", "manufacturer", "model", "object", "pin-source", "pin-value")
_NUMBERS = ("slot-id", "max-sessions")
_OF_QUERY = frozenset({"module-path", "pin-source", "pin-value"})
"""Attributes that may come after the question mark (RFC 7512, 2.4); step takes them before it as well."""

NAMES = (*_TEXTS, *_NUMBERS, "id", "type")

_ATTRIBUTE_NAME = re.compile("[A-Za-z][A-Za-z0-9-]*")
_VALUE = re.compile(r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9\-._~:\[\]@!$'()*+,=&/?|])*")
_HEX = re.compile("(0[xX])?([0-9A-Fa-f:]+)")


@attrs.frozen(kw_only=True)
class Pkcs11Uri:
    """What a URI says of a key's place; None for what it leaves open.

    Attributes:
        module_path: The shared library that talks to the device.
        token, serial, manufacturer, model: Of the token.
        slot_id: The slot's number.
        max_sessions: How many sessions may be open at once, at least 1: `token` opens one, `batch` one a process.
        object: The key's label.
        id: The key's identifier.
        pin_source: The file with the PIN.
        pin_value: The PIN itself.
    """

    module_path: str | None = None
    token: str | None = None
    serial: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    slot_id: int | None = None
    max_sessions: int | None = None
    object: str | None = None
    id: bytes | None = None
    type: str | None = None
    pin_source: str | None = None
    pin_value: str | None = attrs.field(default=None, repr=False)

    def names_token(self) -> bool:
        """Return whether it says which token."""
        return not (self.token is None and self.serial is None and self.slot_id is None)

    def names_key(self) -> bool:
        """Return whether it says which key on the token."""
        return not (self.object is None and self.id is None)

    def shown(self) -> str:
        """Return the URI as errors and prompts may show it: what token and key it names, and no more."""
        said = [("token", self.token), ("serial", self.serial), ("slot-id", self.slot_id), ("object", self.object)]
        parts = [f"{name}={quote(str(value), safe=':@/')}" for name, value in said if value is not None]
        parts += [] if self.id is None else [f"id={encode_id(self.id)}"]
        return f"{SCHEME}:{';'.join(parts)}"


def is_pkcs11(text: str) -> bool:
    """Return whether `text` is meant as a PKCS#11 URI (its scheme is in any case: RFC 3986, 3.1)."""
    return text[: len(SCHEME) + 1].lower() == f"{SCHEME}:"


def parse_pkcs11_uri(text: str) -> Pkcs11Uri:
    """Return what the URI says.

    Raises:
        ValueError: it is malformed; the reason names the attribute, and holds no value.
    """
    if not is_pkcs11(text):
        raise ValueError(f"it does not begin with {SCHEME}:")
    path, mark, query = text[len(SCHEME) + 1 :].partition("?")
    found: dict[str, Any] = {}
    for name, value in _list_attributes(path, ";", "", found):
        _take(found, name, value)
    if mark:
        for name, value in _list_attributes(query, "&", " after the question mark", found):
            if name in NAMES and name not in _OF_QUERY:
                raise ValueError(f"{name} belongs before the question mark")
            _take(found, name, value)
    if {"pin-value", "pin-source"} <= found.keys():
        raise ValueError("it has both pin-value and pin-source")
    if found.get("type", "private") != "private":
        raise ValueError("its type is not private, so that it names no key to sign by")
    return Pkcs11Uri(**{name.replace("-", "_"): value for name, value in found.items()})


def merge_pkcs11_uris(device: Pkcs11Uri, key: Pkcs11Uri) -> Pkcs11Uri:
    """Return what both URIs say together: the one of the device (`--kms`) and the one of the key.

    Raises:
        ValueError: they contradict each other; the reason names the attribute, and holds no value.
    """
    together = attrs.asdict(device)
    for name, value in attrs.asdict(key).items():
        if value is not None and together[name] not in (None, value):
            raise ValueError(f"they have different values of {name.replace('_', '-')}")
        together[name] = together[name] if value is None else value
    if together["pin_value"] is not None and together["pin_source"] is not None:
        raise ValueError("one has pin-value and the other pin-source")
    return Pkcs11Uri(**together)


def encode_id(identifier: bytes) -> str:
    """Return a key's identifier as a URI has it: every byte percent-encoded."""
    return "".join(f"%{byte:02X}" for byte in identifier)


def _list_attributes(part: str, separator: str, where: str, found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give names and values as they are written; what follows a PIN may be a piece of it, and is not shown.

    Args:
        found: What has been taken of them so far.
    """
    for number, piece in enumerate(part.split(separator) if part else (), 1):
        name, equals, value = piece.partition("=")
        if not equals or _ATTRIBUTE_NAME.fullmatch(name) is None:
            raise ValueError(f"attribute {number}{where} is not of the form name=value")
        if name not in NAMES:
            shown = f"attribute {number}{where}" if "pin-value" in found else f"the attribute {name!r}"
            raise ValueError(f"step-ott does not know {shown}; it takes {', '.join(NAMES)}")
        yield name, value


def _take(found: dict[str, Any], name: str, value: str) -> None:
    if name in found:
        raise ValueError(f"{name} appears twice in it")
    data = _decode(name, value)
    if not data:
        raise ValueError(f"{name} is empty")
    if name == "id":
        found[name] = data if "%" in value else _read_id(value)
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not UTF-8") from None
    if "\0" in text:
        raise ValueError(f"{name} holds a NUL")
    found[name] = _read_number(name, text) if name in _NUMBERS else text


def _decode(name: str, value: str) -> bytes:
    """Return the bytes that a value stands for (RFC 3986, 2.1)."""
    if _VALUE.fullmatch(value) is None:
        raise ValueError(f"{name} holds a character that has to be percent-encoded, such as %20 for a space")
    return unquote_to_bytes(value)


def _read_id(text: str) -> bytes:
    """Return an identifier that is not percent-encoded: hexadecimal where it can be (go.step.sm/crypto, kms/uri)."""
    match = _HEX.fullmatch(text)
    digits = match[2].replace(":", "") if match else ""
    return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)) if digits else text.encode("ascii")


def _read_number(name: str, text: str) -> int:
    least = 1 if name == "max-sessions" else 0
    if re.fullmatch("[0-9]{1,19}", text) is None or int(text) < least:
        raise ValueError(f"{name} is not a whole number from {least}")
    return int(text)
