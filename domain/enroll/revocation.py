"""What the user asks `ca revoke` for (step CLI, command/ca/revoke.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.enroll.renewal import read_holder_options
from domain.errors import MissingSettingError, UsageError
from domain.mint.judge_options import read_token_options
from domain.settings.authority import judge_pairs, parse_option
from domain.settings.setting import Origin, Setting, drop_absent, require

if TYPE_CHECKING:
    from domain.settings.setting import Settings
    from domain.token.options import TokenOptions

REASONS = {
    "unspecified": 0,
    "keycompromise": 1,
    "cacompromise": 2,
    "affiliationchanged": 3,
    "superseded": 4,
    "cessationofoperation": 5,
    "certificatehold": 6,
    "removefromcrl": 8,
    "privilegewithdrawn": 9,
    "aacompromise": 10,
}
"""Reasons by their names (RFC 5280, 5.3.1), in lower case and without spaces; there is no 7."""

MAX_REASON = 10

NOT_OF_TOKEN = frozenset({"cert", "reason", "reason-code", "token"})
"""Options that say nothing of the token that is minted on the way."""


OF_PROVISIONER = (
    "provisioner", "kid", "x5c-cert", "x5c-key", "x5c-chain", "x5c-insecure", "nebula-cert", "nebula-key",
    "k8ssa-token-path", "provisioner-password-file", "console",
)  # fmt: skip
"""Options that say by which provisioner a token is minted."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Reason:
    """Why a certificate is revoked.

    Attributes:
        text: In the user's words.
        code: As RFC 5280 counts reasons.
    """

    text: str = ""
    code: int = 0


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RevocationOptions:
    """One revocation, as the user's settings describe it.

    Attributes:
        serial: What names the certificate, a serial number or its file; None where it is shown by TLS.
        certificate: The file of one that is shown by TLS and revokes itself, None for none.
        token: One that is minted already, None for none.
        settings: All of them.
    """

    serial: str | None
    reason: Reason
    certificate: Setting | None
    token: str | None
    settings: Settings

    def minting(self, serial: str, now: int) -> TokenOptions:
        """Return the options of a token for the revocation of this serial number, in decimal.

        Raises:
            UsageError: the settings do not go together, or a value is malformed.
        """
        own = {name: setting for name, setting in self.settings.items() if name not in NOT_OF_TOKEN}
        return read_token_options(serial, own | {"revoke": Setting(True, Origin.FLAG, "a revocation")}, now)

    def holding(self, certificate: Setting, now: int) -> TokenOptions:
        """Return the options by which the holder of a certificate, whose file that is, asks the CA."""
        return read_holder_options(certificate, self.settings["key"], self.settings, now)


def read_revocation_options(serial: str | None, settings: Settings) -> RevocationOptions:
    """Return the revocation that the settings describe.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    judge_pairs(
        given,
        {},
        [
            *(("cert", name) for name in ("token", *OF_PROVISIONER)),
            *(("token", name) for name in (*OF_PROVISIONER, "key")),
        ],
    )
    certificate = given.get("cert")
    if certificate is not None:
        if "key" not in given:
            raise require("cert", "key", given)
        if serial is not None:
            raise UsageError(f"{certificate.spelled} names the certificate already", f"leave {serial!r} out")
    elif not serial:
        raise MissingSettingError(
            "the serial number is missing", "give it, or the certificate's file, or --cert and --key"
        )
    if serial == "-" and "token" in given and given["token"].value == "-":
        raise UsageError(f"the certificate and {given['token'].spelled} both are standard input", "give one a file")
    return RevocationOptions(
        serial=serial,
        reason=read_reason(given),
        certificate=certificate,
        token=str(given["token"].value) if "token" in given else None,
        settings=given,
    )


def read_reason(given: Settings) -> Reason:
    """Return the reason that the settings give.

    Raises:
        UsageError: there is no such reason.
    """
    text = str(given["reason"].value) if "reason" in given else ""
    return Reason(text=text, code=parse_option(given, "reason-code", parse_reason) or 0)


def parse_reason(text: str) -> int:
    """Return the code of a reason, which is given by its number, or its name in any case and with spaces.

    Raises:
        ValueError: there is no such reason.
    """
    if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MAX_REASON:
        return int(text)
    code = REASONS.get(text.replace(" ", "").lower())
    if code is None:
        raise ValueError(f"not a number from 0 to {MAX_REASON}, nor one of {', '.join(REASONS)}")
    return code
