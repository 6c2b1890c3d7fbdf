"""Nebula certificates of version 1, in protobuf (github.com/slackhq/nebula/cert, cert_v1.go and cert_v1.proto)."""

from collections.abc import Sequence
from hashlib import sha256
from ipaddress import IPv4Interface
from typing import Any

from domain.certificates.nebula import CURVE25519, NebulaCertificate, check_time, read_key
from domain.formats.duration import NANOSECONDS
from domain.formats.protobuf import split_fields, split_varints

_DETAILS_FIELDS = {
    "name": 1, "ips": 2, "subnets": 3, "groups": 4, "begin": 5, "end": 6, "key": 7, "is_ca": 8, "issuer": 9,
    "curve": 100,
}  # fmt: skip
"""The details' fields by their numbers (cert_v1.proto)."""

_DETAILS_NUMBERS = frozenset({5, 6, 8, 100})
_REPEATED = frozenset({4})


def read_version_1(body: bytes) -> NebulaCertificate:
    """Return the certificate in `body`.

    Raises:
        ValueError: it is not one of version 1.
    """
    outer = _read_message(body, frozenset({1, 2}), frozenset())
    if set(outer) != {1, 2}:
        raise ValueError("details or signature are missing")
    (signed,), (signature,) = outer[1], outer[2]
    found = _read_message(signed, frozenset(_DETAILS_FIELDS.values()), _DETAILS_NUMBERS)
    details = {name: found.get(number, []) for name, number in _DETAILS_FIELDS.items()}
    return NebulaCertificate(
        body=body,
        version=1,
        name=_first(details["name"], b"").decode("utf-8"),
        networks=_read_masked(_first(details["ips"], b"")),
        unsafe_networks=_read_masked(_first(details["subnets"], b"")),
        groups=tuple(group.decode("utf-8") for group in details["groups"]),
        is_ca=bool(details["is_ca"]),
        not_before=check_time(_first(details["begin"], 0)) * NANOSECONDS,
        not_after=check_time(_first(details["end"], 0)) * NANOSECONDS + 1,  # that instant still counts
        public=read_key(_first(details["curve"], CURVE25519), _first(details["key"], b""), bool(details["is_ca"])),
        issuer=_first(details["issuer"], b"").hex(),
        fingerprint=sha256(body).hexdigest(),
        signed=signed,
        signature=signature,
    )


def _read_message(data: bytes, known: frozenset[int], numbers: frozenset[int]) -> dict[int, list[Any]]:
    """Return a message's fields by number, written as Nebula writes them: in order, and none that says nothing.

    Nebula writes a certificate anew before it checks the signature, so that other spellings would not hold.

    Args:
        known: All fields that there may be.
        numbers: Those that are numbers; the rest is bytes.
    """
    found: dict[int, list[Any]] = {}
    for number, value in split_fields(data):
        is_next = number > max(found, default=0) or (number in found and number in _REPEATED)
        if number not in known or not is_next or isinstance(value, int) is not (number in numbers):
            raise ValueError(f"field {number} is unknown, of the wrong type, or out of place")
        if not value and number not in _REPEATED:
            raise ValueError(f"field {number} is empty")
        found.setdefault(number, []).append(value)
    return found


def _first(values: Sequence[Any], absent: Any) -> Any:
    return values[0] if values else absent


def _read_masked(packed: bytes) -> tuple[IPv4Interface, ...]:
    """Return the addresses and masks, which alternate."""
    words = list(split_varints(packed))
    if len(words) % 2 or any(word >> 32 for word in words):
        raise ValueError("an address is too long, or has no mask")
    return tuple(_mask(address, mask) for address, mask in zip(words[::2], words[1::2], strict=True))


def _mask(address: int, mask: int) -> IPv4Interface:
    prefix = 32 - (mask ^ 0xFFFFFFFF).bit_length()
    if mask != (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF:
        raise ValueError("a mask is not contiguous")
    return IPv4Interface((address, prefix))
