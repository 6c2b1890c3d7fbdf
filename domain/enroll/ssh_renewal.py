"""What the user asks the commands for whose certificate is there already: renewed, rekeyed or revoked."""

from __future__ import annotations

import attrs

from domain.enroll.revocation import Reason, read_reason
from domain.enroll.ssh_minting import judge_together, read_minting
from domain.errors import MissingSettingError
from domain.mint.judge_options import check_subject
from domain.settings.setting import Origin, Setting, Settings, drop_absent
from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from domain.token.options import TokenOptions

_WORDS = ("the certificate", "the key")
"""What errors call the two files that are named by no option."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SshRenewalOptions:
    """One request about a certificate that is there, by its own key.

    Attributes:
        minting: How its token is minted.
        certificate, key: The files of the two.
        out: Where what is new goes, empty for where the old one is.
        settings: All of them.
    """

    minting: TokenOptions
    certificate: str
    key: str
    out: str
    settings: Settings


def read_ssh_renewal_options(kind: Kind, certificate: str, key: str, settings: Settings) -> SshRenewalOptions:
    """Return the request that the settings describe.

    Args:
        kind: A renewal or a rekeying.
        certificate: The file of the certificate.
        key: That of its key.
        settings: The settings.

    Raises:
        UsageError: they do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    judge_together(given)
    named = {"sshpop-cert": certificate, "sshpop-key": key}
    more = {name: Setting(path, Origin.FLAG, what) for (name, path), what in zip(named.items(), _WORDS, strict=True)}
    seals = kind is Kind.SSH_REKEY and "no-password" not in given
    minting = read_minting(TokenRequest(kind=kind, subject=""), given, seals=seals, more=more)
    out = str(given["out"].value) if "out" in given else ""
    return SshRenewalOptions(minting=minting, certificate=certificate, key=key, out=out, settings=given)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SshRevocationOptions:
    """One revocation, as the user's settings describe it.

    Attributes:
        minting: How its token is minted.
        serial: Of the certificate, in decimal; empty for that of --sshpop-cert.
        settings: All of them.
    """

    minting: TokenOptions
    serial: str
    reason: Reason
    settings: Settings


def read_ssh_revocation_options(serial: str | None, settings: Settings) -> SshRevocationOptions:
    """Return the revocation that the settings describe.

    Raises:
        UsageError: they do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    judge_together(given)
    if serial is None and "sshpop-cert" not in given:
        raise MissingSettingError("the serial number is missing", "give it, or the certificate with --sshpop-cert")
    subject = "" if serial is None else check_subject(serial, Kind.SSH_REVOKE)
    return SshRevocationOptions(
        minting=read_minting(TokenRequest(kind=Kind.SSH_REVOKE, subject=subject), given),
        serial=subject,
        reason=read_reason(given),
        settings=given,
    )
