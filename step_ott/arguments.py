"""What programs may give: each argument is checked where it comes in, and called by its name where it will not do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ContextDecorator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias

from domain.errors import StepOttError, UsageError
from domain.formats.moment import Moment
from domain.formats.terminal_text import show_line
from domain.settings.setting import Origin, Setting, check_unicode, respell

Source: TypeAlias = "str | bytes | os.PathLike[str]"
"""A file: its path, or its content as bytes. A text with PEM, JSON or the line of an SSH key in it is content too."""

Password: TypeAlias = "bytes | Callable[[], bytes] | os.PathLike[str]"  # noqa: S105  # a type
"""A password: its bytes as they are, a function that returns them, or the `pathlib.Path` of a file."""

NAMES = {
    "ca-config": "config",
    "ca-url": "url",
    "cert-not-after": "cert_not_after",
    "cert-not-before": "cert_not_before",
    "cert-type": "cert_type",
    "cnf": "cnf",
    "cnf-file": "csr",
    "context": "context",
    "csr": "csr",
    "for": "endpoint",
    "k8ssa-token-path": "token",
    "key": "key",
    "key-id": "key_id",
    "kid": "key_id",
    "nebula-cert": "certificate",
    "nebula-key": "key",
    "not-after": "not_after",
    "not-before": "not_before",
    "password-file": "password",
    "principal": "principals",
    "provisioner": "name",
    "provisioner-password-file": "password",
    "request-timeout": "request_timeout",
    "root": "root",
    "san": "sans",
    "set": "user",
    "sshpop-cert": "certificate",
    "sshpop-key": "key",
    "timeout": "timeout",
    "x5c-cert": "certificate",
    "x5c-chain": "chain",
    "x5c-key": "key",
}
"""The argument that is each option's counterpart."""

PHRASES = {
    "--ssh --host": "ssh_host_token()",
    "--ssh --rekey": "ssh_rekey_token()",
    "--ssh --renew": "ssh_renewal_token()",
    "--ssh --revoke": "ssh_revocation_token()",
    "--ssh": "ssh_user_token()",
    "--host": "ssh_host_token()",
    "--renew": "renewal_token()",
    "--revoke": "revocation_token()",
    "--offline": "step_ott.OfflineCA",
    "--x5c-insecure": "x5cInsecure",
}
"""What stands in Python for options that are no argument, the longest first."""

_NAME, _KINDS = "|".join(sorted(NAMES, reverse=True)), "|".join(PHRASES)
_OPTION = re.compile(rf"(?<![\w-])(?:--for (?P<endpoint>[a-z-]+)|{_KINDS}|--(?P<name>{_NAME}))(?![\w-])")

MAX_TEXT, MAX_TEXTS = 1 << 16, 10_000
"""Characters in a text, and texts in a sequence; step-ca takes a request of a mebibyte at most."""

MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GO_LIMIT = 1 << 63
"""Nanoseconds in a duration that is too long for Go, some 292 years."""

_SERIAL = re.compile("0|[1-9][0-9]*")


class _Spellings(dict[str, Setting]):
    """Settings that name every option by the argument that is its counterpart."""

    def get(self, name: str, default: Any = None) -> Setting:  # noqa: ARG002
        return setting_of(name, "")


def setting_of(option: str, value: str | tuple[str, ...]) -> Setting:
    """Return an option's setting as it comes from its argument."""
    return Setting(value, Origin.ARGUMENT, f"{NAMES.get(option, option)}=")


def name_arguments(text: str) -> str:
    """Return advice that names options with the arguments and methods that are their counterparts."""

    def replace(found: re.Match[str]) -> str:
        if found["endpoint"]:
            return f"Endpoint.{found['endpoint'].upper().replace('-', '_')}"
        name = found["name"]
        return f"{NAMES[name]}=" if name else PHRASES[found[0]]

    return _OPTION.sub(replace, text)


class speaking_python(ContextDecorator):  # noqa: N801  # stands behind `with`, as a function would that takes twice as long
    """Lets every error within name arguments, where the command line's own would name options.

    It is a line that a log or a traceback may show: a CA's words are in it, and those of whoever answers in its place.
    An error of the program's own, as its signer or password may raise, passes as it is.
    """

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Name arguments in an error."""
        if isinstance(error, StepOttError) and type(error).__module__ == StepOttError.__module__:
            told = respell(error, _Spellings())
            raise type(told)(show_line(told.what), show_line(name_arguments(error.fix))) from None


def refuse_type(value: object, argument: str, fix: str) -> UsageError:
    """Return the error for an argument of the wrong type, of which nothing but the type shows."""
    return UsageError(f"{argument}= is of type {type(value).__name__}", fix)


def check_text(value: object, argument: str) -> str:
    """Return a text of Unicode that is not empty.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, str):
        raise refuse_type(value, argument, "give a str")
    if not value:
        raise UsageError(f"{argument}= is empty", "give a text")
    if len(value) > MAX_TEXT:
        raise UsageError(f"{argument}= is {len(value):,} characters long", f"give at most {MAX_TEXT:,}")
    if not value.isascii():
        check_unicode(value, f"{argument}=")
    return value


def check_texts(values: object, argument: str) -> tuple[str, ...]:
    """Return several texts, none of them empty.

    Raises:
        UsageError: it is one text, something in it is not a text, or there is no end to it.
    """
    if values == ():
        return ()
    if not isinstance(values, list | tuple) and (  # the rest takes longer to tell apart
        isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable)
    ):
        raise refuse_type(values, argument, f"give a sequence of str, such as {argument}=[…]")
    taken = tuple(islice(values, MAX_TEXTS + 1))
    if len(taken) > MAX_TEXTS:
        raise UsageError(f"{argument}= has more than {MAX_TEXTS:,} items", "give less")
    for number, value in enumerate(taken, 1):
        if not isinstance(value, str) or not value:
            what = "empty" if value == "" else f"of type {type(value).__name__}"
            raise UsageError(f"item {number} of {argument}= is {what}", "give a sequence of str")
        check_text(value, argument)
    return taken


def check_serial(value: object, limit_bits: int) -> str:
    """Return the decimal digits of a certificate's serial number.

    Raises:
        UsageError: it is not a number that a certificate may have.
    """
    fix = "give the certificate's serial number as an int, or its decimal digits"
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise refuse_type(value, "serial", fix)
    if isinstance(value, str) and (len(value) > MAX_TEXT or not _SERIAL.fullmatch(value)):
        shown = repr(value) if len(value) <= 80 else f"a text of {len(value):,} characters"
        raise UsageError(f"serial= is not decimal digits: {shown}", f"{fix}; of hexadecimal, int(text, 16)")
    digits = len(value) if isinstance(value, str) else 0
    number = 1 << limit_bits if digits > limit_bits else int(value)
    if number < 0:
        raise UsageError("serial= is negative", fix)
    if number.bit_length() > limit_bits:
        raise UsageError(f"serial= has more than {limit_bits} bits, more than a serial number can have", fix)
    return str(number)


def read_moment(value: object, argument: str) -> Moment | None:
    """Return when: a datetime with a time zone, or a timedelta from now.

    Raises:
        UsageError: it is something else, or a timedelta beyond what step-ca can read.
    """
    if value is None:
        return None
    if isinstance(value, timedelta):
        return _read_distance(count_nanoseconds(value), argument)
    if not isinstance(value, datetime):
        raise refuse_type(value, argument, "give a datetime or a timedelta")
    if value.utcoffset() is None:
        raise UsageError(f"{argument}= has no time zone", "give one, such as datetime.now(timezone.utc)")
    moment = count_nanoseconds(value - _EPOCH)
    if not _FIRST <= moment <= _LAST:
        raise UsageError(f"{argument}= is in UTC not within the years 1 to 9999", "give another time")
    return Moment(moment, relative=False, whose=f"{argument}=")


@lru_cache(maxsize=64)  # a program gives few, over and over
def _read_distance(nanoseconds: int, argument: str) -> Moment:
    if abs(nanoseconds) >= _GO_LIMIT:
        raise UsageError(f"{argument}= is over 292 years away", "give a shorter timedelta, or a datetime")
    return Moment(nanoseconds, relative=True, whose=f"{argument}=")


def count_nanoseconds(duration: timedelta) -> int:
    """Return the nanoseconds in a duration, exactly."""
    return duration // MICROSECOND * 1000


_FIRST = count_nanoseconds(datetime.min.replace(tzinfo=UTC) - _EPOCH)
_LAST = count_nanoseconds(datetime.max.replace(tzinfo=UTC) - _EPOCH)


def check_timeout(value: object, argument: str) -> int:
    """Return the nanoseconds of a timeout.

    Raises:
        UsageError: it is not a timedelta, or not over zero.
    """
    if not isinstance(value, timedelta):
        raise refuse_type(value, argument, "give a timedelta")
    if value <= timedelta(0):
        raise UsageError(f"{argument}= is not over zero", "give a longer one")
    return count_nanoseconds(value)
