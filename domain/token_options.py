"""What the user asks `token` for, judged before any file, network or password is touched.

Everything here follows from the settings alone: which of them go together, and whether each value is
well formed. A `TokenOptions` that exists has passed every rule that needs nothing from outside.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from domain import base64url
from domain.ca_url import CaUrl, parse_ca_url
from domain.duration import parse_duration
from domain.errors import UsageError
from domain.moment import Moment, parse_moment
from domain.request_kind import Kind, exclude, find_kind, require
from domain.setting import Origin, Setting, Settings, check_unicode, spell
from domain.user_data import parse_assignment
from domain.validity import check_certificate_window, resolve_window

NEEDS = {"force": "output-file", "ca-config": "offline"}
"""Options that have no effect without another one."""

EXCLUDES = (("cnf", "cnf-file"), ("offline", "request-timeout"), ("offline", "timeout"))
"""Pairs of options that say the same thing twice, or of which one leaves the other without effect."""

AMBIENT = frozenset(
    {
        "ca-config",
        "ca-url",
        "context",
        "force",
        "kid",
        "password-file",
        "provisioner",
        "provisioner-password-file",
        "request-timeout",
        "root",
        "timeout",
    }
)
"""Options that describe a place or a habit, not a request: environment and configuration may hold them for
whatever request uses them, and only a flag that can have no effect is refused."""

INPUT_FILES = ("ca-config", "cnf-file", "key", "password-file", "provisioner-password-file", "root", "set-file")
"""Options that name a file to read, where `-` is standard input."""

DEFAULT_TIMEOUT, DEFAULT_REQUEST_TIMEOUT = parse_duration("60s"), parse_duration("15s")

_SERIAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class TokenOptions:
    """One request for a token.

    Attributes:
        subject: Whom the token is for; the serial number in decimal for a revocation.
        cnf: Unpadded base64url of the SHA-256 that the request is bound to.
        user_assignments: Names and JSON values of `--set`.
        timeout, request_timeout: Nanoseconds for all requests to the CA, and for one.
        settings: What the values were read from, for errors and notices.
    """

    subject: str
    kind: Kind
    sans: tuple[str, ...]
    principals: tuple[str, ...]
    not_before: Moment | None
    not_after: Moment | None
    cert_not_before: Moment | None
    cert_not_after: Moment | None
    cnf: str | None
    cnf_file: str | None
    user_assignments: tuple[tuple[str, Any], ...]
    set_file: str | None
    kid: str | None
    provisioner: str | None
    key: str | None
    password_file: str | None
    offline: bool
    ca_config: str | None
    ca_url: CaUrl | None
    root: str | None
    timeout: int
    request_timeout: int
    output_file: str | None
    force: bool
    settings: Settings = attrs.field(repr=False)

    def given(self, *names: str) -> bool:
        """Return whether a flag or the environment, not only configuration, gives one of the options."""
        return any(n in self.settings and self.settings[n].origin > Origin.CONFIGURATION for n in names)

    def is_flag(self, name: str) -> bool:
        """Return whether the option stands on the command line."""
        return name in self.settings and self.settings[name].origin is Origin.FLAG

    def spell(self, name: str) -> str:
        """Return how the user wrote the option, for errors and notices."""
        return spell(self.settings, name)


def judge_settings(settings: Settings) -> Kind:
    """Check that the settings go together, and return the kind of request they ask for.

    Raises:
        UsageError: naming both of the settings that do not go together.
    """
    given = drop_absent(settings)
    kind = find_kind(given)
    for option, missing in NEEDS.items():
        if _counts(given, option) and missing not in given:
            raise require(option, missing, given)
    for one, other in EXCLUDES:
        if _counts(given, one) and _counts(given, other):
            raise exclude(one, other, given)
    standard_input = [name for name in INPUT_FILES if name in given and given[name].value == "-"]
    if len(standard_input) > 1:
        first, second = (spell(given, name) for name in standard_input[:2])
        raise UsageError(f"{first} and {second} both read standard input", "give one of them a file")
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
    kind = judge_settings(settings)
    read = _Reader(_drop_outranked(drop_absent(settings)))
    options = TokenOptions(
        subject=_check_subject(subject, kind),
        kind=kind,
        sans=read.texts("san"),
        principals=read.texts("principal"),
        not_before=read.parsed("not-before", parse_moment),
        not_after=read.parsed("not-after", parse_moment),
        cert_not_before=read.parsed("cert-not-before", parse_moment),
        cert_not_after=read.parsed("cert-not-after", parse_moment),
        cnf=read.parsed("cnf", _check_fingerprint),
        cnf_file=read.text("cnf-file"),
        user_assignments=tuple(map(parse_assignment, read.texts("set"))),
        set_file=read.text("set-file"),
        kid=read.text("kid"),
        provisioner=read.text("provisioner"),
        key=read.text("key"),
        password_file=read.text("provisioner-password-file") or read.text("password-file"),
        offline=read.flag("offline"),
        ca_config=read.text("ca-config"),
        ca_url=read.parsed("ca-url", parse_ca_url),
        root=read.text("root"),
        timeout=read.parsed("timeout", _parse_timeout) or DEFAULT_TIMEOUT,
        request_timeout=read.parsed("request-timeout", _parse_timeout) or DEFAULT_REQUEST_TIMEOUT,
        output_file=read.text("output-file"),
        force=read.flag("force"),
        settings=read.settings,
    )
    resolve_window(options.not_before, options.not_after, now)
    check_certificate_window(options.cert_not_before, options.cert_not_after, now)
    return options


def _counts(given: Settings, name: str) -> bool:
    """Return whether the setting is one that must have an effect on this very request."""
    return name in given and (name not in AMBIENT or given[name].origin is Origin.FLAG)


def _drop_outranked(given: dict[str, Setting]) -> dict[str, Setting]:
    """Return the settings without the provisioner's own password file where `password-file` is nearer to the user."""
    own, common = given.get("provisioner-password-file"), given.get("password-file")
    if own is not None and common is not None and common.origin > own.origin:
        del given["provisioner-password-file"]
    return given


def _check_subject(subject: str | None, kind: Kind) -> str:
    if not subject:
        raise UsageError("the subject is missing", "name whom the token is for, such as internal.example.com")
    check_unicode(subject, "the subject")
    if kind in (Kind.REVOKE, Kind.SSH_REVOKE) and not _SERIAL.fullmatch(subject):
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


@attrs.frozen
class _Reader:
    """Takes typed values out of settings; an error names the setting as the user wrote it."""

    settings: Mapping[str, Setting]

    def flag(self, name: str) -> bool:
        return name in self.settings

    def text(self, name: str) -> str | None:
        setting = self.settings.get(name)
        return None if setting is None else self._checked(str(setting.value), name)

    def texts(self, name: str) -> tuple[str, ...]:
        setting = self.settings.get(name)
        if setting is None or not isinstance(setting.value, tuple):
            return ()
        return tuple(self._checked(text, name) for text in setting.value)

    def parsed(self, name: str, parse: Callable[[str], _T]) -> _T | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise UsageError(f"{spell(self.settings, name)} {text!r} cannot be used", str(error)) from error

    def _checked(self, text: str, name: str) -> str:
        if not text:
            raise UsageError(f"{spell(self.settings, name)} is empty", "give a value, or leave it out")
        check_unicode(text, spell(self.settings, name))
        return text
