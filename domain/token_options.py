"""What the user asks `token` for, judged before any file, network or password is touched.

Everything here follows from the settings alone: which of them go together, and whether each value is
well formed. A `TokenOptions` that exists has passed every rule that needs nothing from outside.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import attrs

from domain import base64url
from domain.ca_url import CaUrl, parse_ca_url
from domain.claims import TokenRequest
from domain.duration import NANOSECONDS, parse_duration
from domain.errors import UsageError
from domain.moment import parse_moment
from domain.provisioners.types import TYPES
from domain.request_kind import Kind, find_kind
from domain.setting import Origin, Setting, Settings, check_unicode, counts, exclude, require, spell
from domain.user_data import parse_assignment
from domain.validity import check_certificate_window, resolve_window

if TYPE_CHECKING:
    from collections.abc import Callable

NEEDS = {"force": "output-file", "ca-config": "offline"}
"""Options that have no effect without another one."""

EXCLUDES = (("cnf", "cnf-file"), ("offline", "request-timeout"), ("offline", "timeout"))
"""Pairs of options that say the same thing twice, or of which one leaves the other without effect."""

INPUT_FILES = ("ca-config", "cnf-file", "password-file", "provisioner-password-file", "root", "set-file")
"""Options that name a file to read, where `-` is standard input; provisioners have more of their own."""

DEFAULT_TIMEOUT, DEFAULT_REQUEST_TIMEOUT = 60 * NANOSECONDS, 15 * NANOSECONDS

_SERIAL = "0|[1-9][0-9]*"
_T = TypeVar("_T")


@attrs.frozen(eq=False, kw_only=True)
class TokenOptions:
    """One request for a token, as the user's settings describe it.

    Attributes:
        request: What the token is to authorise, but for what stands in files that are not read yet.
        ca_url: The CA's address, None where the settings have none.
        timeout, request_timeout: Nanoseconds for all requests to the CA, and for one.
        settings: All settings, checked; those without a field here are asked for by name.
    """

    request: TokenRequest
    ca_url: CaUrl | None
    timeout: int
    request_timeout: int
    settings: Settings = attrs.field(repr=False)

    def flag(self, name: str) -> bool:
        """Return whether the switch is on."""
        return name in self.settings

    def text(self, name: str) -> str | None:
        """Return the option's text, None where it is not given."""
        setting = self.settings.get(name)
        return None if setting is None else str(setting.value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a repeatable option, none where it is not given."""
        return _texts(self.settings, name)

    def is_given(self, name: str) -> bool:
        """Return whether a flag or the environment, not only configuration, gives the option."""
        return name in self.settings and self.settings[name].origin > Origin.CONFIGURATION

    def is_flag(self, name: str) -> bool:
        """Return whether the option stands on the command line."""
        return name in self.settings and self.settings[name].origin is Origin.FLAG

    def spell(self, name: str) -> str:
        """Return how the user wrote the option, for errors and notices."""
        return spell(self.settings, name)


def judge_settings(given: Settings) -> Kind:
    """Check that the settings, as `drop_absent` leaves them, go together; return the kind of request they ask for.

    Raises:
        UsageError: naming both of the settings that do not go together.
    """
    _check_texts(given)
    kind = find_kind(given)
    for option, missing in NEEDS.items():
        if counts(given, option) and missing not in given:
            raise require(option, missing, given)
    for one, other in EXCLUDES:
        if counts(given, one) and counts(given, other):
            raise exclude(one, other, given)
    _judge_own_options(given, kind)
    _judge_standard_input(given)
    return kind


def drop_absent(settings: Settings) -> dict[str, Setting]:
    """Return the settings without booleans that are false and values that are empty."""
    return {name: setting for name, setting in settings.items() if setting.value not in (False, "", ())}


def read_token_options(subject: str | None, settings: Settings, now: int) -> TokenOptions:
    """Return the request that the settings describe.

    Args:
        subject: The positional argument, None where there is none.
        settings: Settings of the options of `token`.
        now: Nanoseconds since the epoch, UTC, to judge times by; they are judged again at minting.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    kind = judge_settings(given)
    given = _drop_outranked(given)
    request = TokenRequest(
        kind=kind,
        subject=_check_subject(subject, kind),
        sans=_texts(given, "san"),
        principals=_texts(given, "principal"),
        not_before=_parse(given, "not-before", parse_moment),
        not_after=_parse(given, "not-after", parse_moment),
        cert_not_before=_parse(given, "cert-not-before", parse_moment),
        cert_not_after=_parse(given, "cert-not-after", parse_moment),
        cnf=_parse(given, "cnf", _check_fingerprint),
        user=dict(map(parse_assignment, _texts(given, "set"))),
    )
    resolve_window(request.not_before, request.not_after, now)
    check_certificate_window(request.cert_not_before, request.cert_not_after, now)
    return TokenOptions(
        request=request,
        ca_url=_parse(given, "ca-url", parse_ca_url),
        timeout=_parse(given, "timeout", _parse_timeout) or DEFAULT_TIMEOUT,
        request_timeout=_parse(given, "request-timeout", _parse_timeout) or DEFAULT_REQUEST_TIMEOUT,
        settings=given,
    )


def _judge_own_options(given: Settings, kind: Kind) -> None:
    """Check the options that belong to one type of provisioner alone."""
    claimed: str | None = None
    for cls in TYPES:
        own = sorted(cls.options.intersection(given))
        if own and claimed is not None:
            raise exclude(claimed, own[0], given)
        if own:
            claimed = own[0]
        if own or kind in cls.own_kinds:
            cls.judge(given, kind)


def _judge_standard_input(given: Settings) -> None:
    names = sorted({*INPUT_FILES, *(name for cls in TYPES for name in cls.files)})
    readers = [name for name in names if name in given for value in _list_values(given[name]) if value == "-"]
    if len(readers) > 1:
        first, second = (spell(given, name) for name in readers[:2])
        raise UsageError(f"{first} and {second} both read standard input", "give one of them a file")


def _drop_outranked(given: dict[str, Setting]) -> dict[str, Setting]:
    """Return the settings without the provisioner's own password file where `password-file` is nearer to the user."""
    own, common = given.get("provisioner-password-file"), given.get("password-file")
    if own is not None and common is not None and common.origin > own.origin:
        del given["provisioner-password-file"]
    return given


def _check_subject(subject: str | None, kind: Kind) -> str:
    if subject is None and kind is Kind.RENEW:
        return ""  # the certificate's own
    if not subject:
        raise UsageError("the subject is missing", "name whom the token is for, such as internal.example.com")
    check_unicode(subject, "the subject")
    if kind in (Kind.REVOKE, Kind.SSH_REVOKE) and not re.fullmatch(_SERIAL, subject):
        raise UsageError(
            f"the subject {subject!r} is not a serial number in decimal",
            "--revoke takes the certificate's serial, as 'step certificate inspect' prints it",
        )
    return subject


def _check_fingerprint(text: str) -> str:
    """Return unpadded base64url of a SHA-256, as step-ca compares it (RFC 9635, `x5rt#S256`)."""
    try:
        size = len(base64url.decode(text))
    except ValueError:
        size = 0
    if size != 32:
        raise ValueError("not a SHA-256 in unpadded base64url; --cnf-file computes it from the file")
    return text


def _parse_timeout(text: str) -> int:
    nanoseconds = parse_duration(text)
    if nanoseconds <= 0:
        raise ValueError("not above zero")
    return nanoseconds


def _texts(given: Settings, name: str) -> tuple[str, ...]:
    value = given[name].value if name in given else ()
    return value if isinstance(value, tuple) else ()


def _parse(given: Settings, name: str, parse: Callable[[str], _T]) -> _T | None:
    if name not in given:
        return None
    text = str(given[name].value)
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{spell(given, name)} {text!r} cannot be used", str(error)) from error


def _list_values(setting: Setting) -> tuple[str | bool, ...]:
    return setting.value if isinstance(setting.value, tuple) else (setting.value,)


def _check_texts(given: Settings) -> None:
    """Check that every text is Unicode and not empty."""
    for setting in given.values():
        for text in _list_values(setting):
            if text == "":
                raise UsageError(f"{setting.spelled} is empty", "give a value, or leave it out")
            if isinstance(text, str):
                check_unicode(text, setting.spelled)
