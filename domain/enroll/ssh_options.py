"""What the user asks `ssh certificate` for, judged before any file or network counts."""

from __future__ import annotations

import attrs

from domain.enroll.key_kind import KeyKind, read_key_kind
from domain.enroll.ssh_minting import judge_together, read_minting
from domain.enroll.ssh_names import name_principals
from domain.enroll.ssh_request import SshTerms
from domain.errors import MissingSettingError, UsageError
from domain.formats.moment import Moment, parse_moment
from domain.settings.authority import list_texts, parse_option
from domain.settings.setting import Settings, check_unicode, counts, drop_absent, exclude
from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from domain.token.options import TokenOptions
from domain.token.user_data import parse_assignment
from domain.token.validity import check_certificate_window


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SshCertificateOptions:
    """One request for an SSH certificate, as the user's settings describe it.

    Attributes:
        minting: How its token is minted.
        terms: What is asked for, but for what stands in files that are not read yet.
        key_kind: What key is made for it, None where there is one.
        settings: All of them.
    """

    minting: TokenOptions
    terms: SshTerms
    key_kind: KeyKind | None
    settings: Settings

    @property
    def adds_user(self) -> bool:
        """Whether a second key is made, by whose certificate a host makes the user."""
        return "add-user" in self.settings

    @property
    def add_user_comment(self) -> str:
        """What stands behind that key and its certificate."""
        return f"{name_principals(self.terms.key_id, is_host=False)[0]}-provisioner"


def read_ssh_certificate_options(key_id: str, settings: Settings, now: int) -> SshCertificateOptions:
    """Return the request that the settings describe.

    Args:
        key_id: The certificate's key identifier.
        now: Nanoseconds since the epoch, UTC.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    _judge(key_id, given)
    is_host = "host" in given
    principals = list_texts(given, "principal")
    if not principals and "token" not in given:
        principals = name_principals(key_id, is_host=is_host)
    begin, end = _read_moment(given, "not-before"), _read_moment(given, "not-after")
    check_certificate_window(begin, end, now)
    terms = SshTerms(
        is_host=is_host,
        key_id=key_id,
        principals=principals,
        not_before=begin,
        not_after=end,
        template_data=dict(parse_assignment(text, given["set"].spelled) for text in list_texts(given, "set")),
    )
    request = TokenRequest(
        kind=Kind.SSH_HOST if is_host else Kind.SSH_USER,
        subject=key_id,
        principals=principals,
        cert_not_before=begin,
        cert_not_after=end,
    )
    return SshCertificateOptions(
        minting=read_minting(request, given, seals="sign" not in given and "no-password" not in given),
        terms=terms,
        key_kind=None if "sign" in given else read_key_kind(given),
        settings=given,
    )


def _judge(key_id: str, given: Settings) -> None:
    if not key_id:
        raise MissingSettingError("the key identifier is empty", "name the user or host that the certificate is for")
    check_unicode(key_id, "the key identifier")
    if any(character in key_id for character in "\n\r\0"):
        raise UsageError("the key identifier has a line break in it", "leave it out: it ends the lines of .pub files")
    judge_together(given)
    if "sign" in given and "token" in given and counts(given, "password-file"):
        raise exclude("token", "password-file", given)
    if counts(given, "add-user") and len(list_texts(given, "principal")) > 1:
        raise exclude("add-user", "principal", given)


def _read_moment(given: Settings, name: str) -> Moment | None:
    return parse_option(given, name, lambda text: parse_moment(text, given[name].spelled))
