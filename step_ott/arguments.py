"""What programs may give: each argument is checked where it comes in, and told by its name where it will not do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from domain.errors import StepOttError, UsageError, naming
from domain.formats import json_text
from domain.formats.moment import Moment
from domain.settings.setting import Origin, Setting, respell

Source: TypeAlias = "str | bytes | os.PathLike[str]"
"""A file: its path, or as bytes its content; a text with "-----BEGIN" in it is PEM and not a path."""

NAMES = {
    "ca-config": "config",
    "ca-url": "url",
    "cert-not-after": "cert_not_after",
    "cert-not-before": "cert_not_before",
    "cnf-file": "csr",
    "for": "endpoint",
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
    "san": "sans",
    "set": "user",
    "sshpop-cert": "certificate",
    "sshpop-key": "key",
    "x5c-cert": "certificate",
    "x5c-chain": "chain",
    "x5c-key": "key",
}
"""The argument that is each option's counterpart, where it has another name."""

PHRASES = {
    "--ssh --host": "ssh_host_token()",
    "--ssh": "ssh_user_token()",
    "--host": "ssh_host_token()",
    "--renew": "renewal_token()",
    "--revoke": "revocation_token()",
    "--offline": "step_ott.OfflineCA",
    "--x5c-insecure": "x5cInsecure",
}
"""What stands in Python for options that are no argument, the longest first."""

_KINDS = (r"--for (?P<endpoint>[a-z-]+)", *map(re.escape, PHRASES), r"--(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)")
_OPTION = re.compile(rf"(?<![\w-])(?:{'|'.join(_KINDS)})(?![\w-])")

MAX_CONTENT_BYTES = 1 << 20
MICROSECOND = timedelta(microseconds=1)
_JSON_VALUES = "give text, numbers, booleans, None, lists and mappings"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Spellings(dict[str, Setting]):
    """Settings that name every option by the argument that is its counterpart."""

    def get(self, name: str, default: Any = None) -> Setting:  # noqa: ARG002
        return setting_of(name, "")


def setting_of(option: str, value: str | tuple[str, ...]) -> Setting:
    """Return an option's setting as it comes from its argument."""
    return Setting(value, Origin.FLAG, name_arguments(f"--{option}"))


def name_arguments(text: str) -> str:
    """Return advice that names options with the arguments and methods that are their counterparts."""

    def replace(found: re.Match[str]) -> str:
        if found["endpoint"]:
            return f"Endpoint.{found['endpoint'].upper().replace('-', '_')}"
        name = found["name"]
        return f"{NAMES.get(name, name.replace('-', '_'))}=" if name else PHRASES[found[0]]

    return _OPTION.sub(replace, text)


class speaking_python:  # noqa: N801  # stands behind `with`, as a function would that takes twice as long
    """Lets every error within name arguments, where the command line's own would name options."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Name arguments in an error."""
        if isinstance(error, StepOttError):
            told = respell(error, _Spellings())
            raise type(told)(told.what, name_arguments(error.fix)) from None


def check_text(value: object, argument: str) -> str:
    """Return a text that is not empty.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, str):
        raise UsageError(f"{argument}= is a {type(value).__name__}", "give a str")
    if not value:
        raise UsageError(f"{argument}= is empty", "give a text")
    return value


def check_texts(values: object, argument: str) -> tuple[str, ...]:
    """Return several texts, none of them empty.

    Raises:
        UsageError: it is one text, or something in it is none.
    """
    if values == ():
        return ()
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise UsageError(f"{argument}= is a {type(values).__name__}", f"give a sequence of str, such as {argument}=[…]")
    return tuple(check_text(value, argument) for value in values)


def read_moment(value: object, argument: str) -> Moment | None:
    """Return when: a datetime with a time zone, or a timedelta from now.

    Raises:
        UsageError: it is something else.
    """
    if value is None:
        return None
    if isinstance(value, timedelta):
        return Moment(count_nanoseconds(value), relative=True, whose=f"{argument}=")
    if not isinstance(value, datetime):
        raise UsageError(f"{argument}= is a {type(value).__name__}", "give a datetime or a timedelta")
    if value.utcoffset() is None:
        raise UsageError(f"{argument}= has no time zone", "give one, such as datetime.now(timezone.utc)")
    return Moment(count_nanoseconds(value - _EPOCH), relative=False, whose=f"{argument}=")


def count_nanoseconds(duration: timedelta) -> int:
    """Return the nanoseconds in a duration, exactly."""
    return duration // MICROSECOND * 1000


def check_timeout(value: object, argument: str) -> int:
    """Return the nanoseconds of a timeout.

    Raises:
        UsageError: it is no timedelta, or not over zero.
    """
    if not isinstance(value, timedelta):
        raise UsageError(f"{argument}= is a {type(value).__name__}", "give a timedelta")
    if value <= timedelta(0):
        raise UsageError(f"{argument}= is not over zero", "give a longer one")
    return count_nanoseconds(value)


def copy_user_data(value: object, argument: str) -> Mapping[str, Any]:
    """Return a copy of data for the CA's templates, of which JSON can carry all.

    Raises:
        UsageError: it is no mapping, or holds something that has no place in JSON or that step-ca cannot read.
    """
    from domain.token.user_data import parse_document

    if not isinstance(value, Mapping):
        raise UsageError(f"{argument}= is a {type(value).__name__}", "give a mapping")
    try:
        return parse_document(_serialize(value).encode())
    except (TypeError, ValueError) as error:
        raise UsageError(f"{argument}= cannot be JSON: {error}", "give text, numbers, lists and mappings") from error
    except StepOttError as error:
        raise UsageError(
            f"{argument}= cannot be used: {error.what}", "give text, numbers, lists and mappings"
        ) from error


def _serialize(value: object) -> str:
    import json

    return json.dumps(value, allow_nan=False, default=_refuse) if not isinstance(value, json_text.Number) else ""


def _refuse(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has no place in JSON")


def read_content(source: Source, argument: str) -> bytes:
    """Return the content of a file, at most a mebibyte.

    Raises:
        UsageError: it is neither a path nor content.
        InputError: it cannot be read.
    """
    from step_ott.ports import GivenFiles

    files = GivenFiles()
    name = files.add(source, argument)
    with naming(f"{argument}={name}", name):
        return files.read(name, MAX_CONTENT_BYTES)
