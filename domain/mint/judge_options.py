"""What the user asks `token` for, judged before any file, network or password counts.

Everything here follows from the settings alone: which of them go together, and whether each value is
well formed. A `TokenOptions` that exists has passed every rule that needs nothing from outside.
"""

from __future__ import annotations

from domain.errors import MissingSettingError, UsageError
from domain.formats import base64url
from domain.formats.moment import Moment, parse_moment
from domain.provisioners.types import claim_options
from domain.settings import authority as authority_options
from domain.settings.authority import (
    check_texts,
    judge_pairs,
    judge_standard_input,
    list_texts,
    parse_option,
    read_authority_options,
)
from domain.settings.devices import judge_devices
from domain.settings.passwords import PASSWORD_FILES
from domain.settings.setting import Settings, check_unicode, drop_absent, exclude
from domain.token.claims import TokenRequest
from domain.token.kind import REVOKING, Kind, find_kind
from domain.token.options import TokenOptions
from domain.token.user_data import parse_assignment
from domain.token.validity import check_certificate_window, resolve_window

NEEDS = {"force": "output-file"}
"""Options that have no effect without another one, beside those of `authority_options`."""

EXCLUDES = (("cnf", "cnf-file"), ("cnf", "csr"), ("cnf-file", "csr"), ("csr", "san"))
"""Pairs of options that say the same thing twice, beside those of `authority_options`."""

INPUT_FILES = (*authority_options.INPUT_FILES, *PASSWORD_FILES, "cnf-file", "csr", "set-file")
"""Options that name a file to read, where `-` is standard input; provisioners have more of their own."""

ANY_SUBJECT = "0"
"""Stands for a subject where there is none yet: it does as a name and as a serial number."""

_SHOW_SERIAL = {Kind.REVOKE: "step certificate inspect", Kind.SSH_REVOKE: "ssh-keygen -L -f CERTIFICATE"}


def judge_settings(given: Settings) -> Kind:
    """Check that the settings, as `drop_absent` leaves them, go together; return the kind of request they ask for.

    Raises:
        UsageError: naming both of the settings that do not go together.
    """
    check_texts(given)
    kind = find_kind(given)
    judge_signing(given, kind)
    return kind


def judge_signing(given: Settings, kind: Kind) -> None:
    """Check all settings but those that say which kind of request is meant (see `judge_settings`)."""
    judge_pairs(given, authority_options.NEEDS | NEEDS, (*EXCLUDES, *authority_options.EXCLUDES))
    files = list_input_files(given)
    judge_devices(given, files)
    _judge_own_options(given, kind)
    _judge_output(given)
    judge_standard_input(given, files)


def list_input_files(given: Settings) -> set[str]:
    """Return the options that name a file to read, with those of the types that `given` is about; `-` is stdin."""
    return {*INPUT_FILES, *(name for cls, _ in claim_options(given) for name in cls.files)}


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
    request = read_request(subject, given, kind, now)
    authority = read_authority_options(given)
    return TokenOptions(
        request=request,
        ca_url=authority.ca_url,
        timeout=authority.timeout,
        request_timeout=authority.request_timeout,
        settings=given,
    )


def read_request(subject: str | None, given: Settings, kind: Kind, now: int) -> TokenRequest:
    """Return what settings ask for that go together (see `judge_settings`); the rest is as in `read_token_options`.

    Raises:
        UsageError: a value is malformed.
    """
    request = TokenRequest(
        kind=kind,
        subject=_take_subject(subject, given) if "csr" in given else check_subject(subject, kind),
        sans=list_texts(given, "san"),
        principals=list_texts(given, "principal"),
        not_before=_read_moment(given, "not-before"),
        not_after=_read_moment(given, "not-after"),
        cert_not_before=_read_moment(given, "cert-not-before"),
        cert_not_after=_read_moment(given, "cert-not-after"),
        cnf=parse_option(given, "cnf", check_fingerprint),
        user=dict(parse_assignment(text, given["set"].spelled) for text in list_texts(given, "set")),
    )
    resolve_window(request.not_before, request.not_after, now)
    check_certificate_window(request.cert_not_before, request.cert_not_after, now)
    return request


def _read_moment(given: Settings, name: str) -> Moment | None:
    return parse_option(given, name, lambda text: parse_moment(text, given[name].spelled))


def _judge_output(given: Settings) -> None:
    """Check that no output file is called `-`, which elsewhere is a standard stream."""
    if "output-file" in given and given["output-file"].value == "-":
        shown = given["output-file"].shown("-")
        raise UsageError(f"{shown} is not a file", "leave it out to write to standard output; a file called - is ./-")


def _judge_own_options(given: Settings, kind: Kind) -> None:
    """Check the options that belong to one type of provisioner alone."""
    claimed = claim_options(given)
    for number, (cls, own) in enumerate(claimed):
        if number:
            raise exclude(claimed[0][1][0], own[0], given)
        cls.judge(given, kind, own)
    if kind is Kind.RENEW:
        from domain.provisioners.renewal import Renewal  # noqa: PLC0415

        Renewal.judge(given, kind, ())


def _take_subject(subject: str | None, given: Settings) -> str:
    """Return the subject of a request that a CSR names, which is not read yet."""
    if subject is not None:
        raise UsageError(f"the subject is that of {given['csr'].spelled}", "leave one of them out")
    return ""


def check_subject(subject: str | None, kind: Kind) -> str:
    """Return the subject of a request of this kind.

    Raises:
        UsageError: it is missing, not Unicode, or no serial number where one is revoked.
    """
    if subject is None and kind is Kind.RENEW:
        return ""  # the certificate's own
    if not subject:
        raise MissingSettingError("the subject is missing", "name what the token is for, such as internal.example.com")
    check_unicode(subject, "the subject")
    return _read_serial(subject, kind) if kind in REVOKING else subject


def _read_serial(subject: str, kind: Kind) -> str:
    """Return a serial number in decimal, as the CA wants it."""
    from domain.formats.serial_number import parse_serial  # noqa: PLC0415  # for these alone

    what = f"the subject {subject!r} is not a serial number in decimal or hex"
    try:
        serial = parse_serial(subject)
    except ValueError as error:
        raise UsageError(what, str(error)) from error
    if serial is None:
        raise UsageError(what, f"--revoke takes the certificate's serial, as '{_SHOW_SERIAL[kind]}' prints it")
    return serial


def check_fingerprint(text: str) -> str:
    """Return unpadded base64url of a SHA-256, as step-ca compares it (RFC 9635, `x5rt#S256`)."""
    try:
        size = len(base64url.decode(text))
    except ValueError:
        size = 0
    if size != 32:
        raise ValueError("not a SHA-256 in unpadded base64url; --cnf-file computes it from the file")
    return text
