"""What the user asks `ca rekey` for (step CLI, command/ca/rekey.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.enroll.key_kind import KeyKind, read_key_kind
from domain.enroll.renewal import RenewalOptions, read_renewal_options
from domain.errors import UsageError
from domain.keys.source import KeyFile
from domain.settings.authority import judge_pairs
from domain.settings.devices import is_device_uri
from domain.settings.setting import drop_absent

if TYPE_CHECKING:
    from domain.settings.setting import Setting, Settings

EXCLUDES = tuple(("private-key", name) for name in ("kty", "curve", "size", "daemon"))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RekeyingOptions:
    """One request for a certificate with another key, as the user's settings describe it.

    Attributes:
        renewal: The old certificate, and what is said of a renewal as well.
        kind: What key is made.
        given_key: The key that there is already, None where one is made.
        out_certificate: The file for the certificate.
        out_key: That for its key, None where it is not written, for it has one already.
    """

    renewal: RenewalOptions
    kind: KeyKind
    given_key: KeyFile | None
    out_certificate: str
    out_key: str | None


def read_rekeying_options(certificate: str, key: str, settings: Settings, now: int) -> RekeyingOptions:
    """Return the request that the settings describe.

    Args:
        certificate, key: The files that are named.
        settings: All settings.
        now: Nanoseconds since the epoch, UTC.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    judge_pairs(given, {}, EXCLUDES)
    private_key, out_key = given.get("private-key"), given.get("out-key")
    for name in (key, "" if private_key is None else str(private_key.value)):
        if is_device_uri(name):
            raise UsageError("ca rekey takes keys in files alone", "renew the certificate, or use step")
    if out_key is None and private_key is None and key == "-":
        raise UsageError("the new key cannot replace one from standard input", "name its file with --out-key")
    written = key if out_key is None and private_key is None else out_key and str(out_key.value)
    return RekeyingOptions(
        renewal=read_renewal_options(certificate, key, settings, now, "rekey-period"),
        kind=read_key_kind(given),
        given_key=None if private_key is None else _name_key(private_key),
        out_certificate=str(given["out-cert"].value) if "out-cert" in given else certificate,
        out_key=written or None,
    )


def _name_key(setting: Setting) -> KeyFile:
    path = str(setting.value)
    return KeyFile(path, setting.shown(path))
