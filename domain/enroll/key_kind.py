"""The kinds of key that certificates are asked for by (step CLI, utils.GetKeyDetailsFromCLI)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.errors import UsageError
from domain.settings.setting import spell

if TYPE_CHECKING:
    from domain.settings.setting import Settings

CURVES = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("Ed25519",), "RSA": ()}
"""The types (RFC 7518, 6.1; RFC 8037), each with its curves, the usual one first."""

MIN_RSA_BITS, MAX_RSA_BITS, USUAL_RSA_BITS = 2048, 8192, 2048


@attrs.frozen
class KeyKind:
    """A kind of key.

    Attributes:
        curve: Of an EC or OKP key, empty for RSA.
        bits: Of an RSA key, 0 for others.
    """

    curve: str
    bits: int = 0


USUAL_KIND = KeyKind(CURVES["EC"][0])


def read_key_kind(given: Settings) -> KeyKind:
    """Return the kind of key that the settings ask for, EC on P-256 where they say nothing.

    Raises:
        UsageError: there is no such kind.
    """
    kty = str(given["kty"].value) if "kty" in given else "EC"
    curves = CURVES.get(kty)
    if curves is None:
        raise UsageError(f"{spell(given, 'kty')} {kty!r} is not known", f"choose one of {', '.join(CURVES)}")
    if "curve" in given and not curves:
        what = f"{spell(given, 'curve')} is for EC and OKP keys alone, and {spell(given, 'kty')} asks for RSA"
        raise UsageError(what, "leave it out, or ask for such a key")
    if "size" in given and curves:
        raise UsageError(f"{spell(given, 'size')} is for RSA keys alone", "leave it out, or ask for an RSA key")
    if not curves:
        return KeyKind("", _read_bits(given))
    curve = str(given["curve"].value) if "curve" in given else curves[0]
    if curve not in curves:
        of_others = [other for other, its_own in CURVES.items() if curve in its_own]
        what = f"{spell(given, 'curve')} {curve!r} is not one of {kty} keys"
        hint = f", or ask for a key of type {of_others[0]}" if of_others else ""
        raise UsageError(what, f"choose one of {', '.join(curves)}{hint}")
    return KeyKind(curve)


def _read_bits(given: Settings) -> int:
    text = str(given["size"].value) if "size" in given else str(USUAL_RSA_BITS)
    if not (text.isascii() and text.isdigit() and len(text) < 6 and MIN_RSA_BITS <= int(text) <= MAX_RSA_BITS):
        what = f"{spell(given, 'size')} {text!r} cannot be used"
        raise UsageError(what, f"give {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")
    return int(text)
