"""What programs say of a CA: address, roots, timeouts, environment and step path, each checked where it comes in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from domain.errors import UsageError, naming
from domain.formats.duration import HOUR
from step_ott.arguments import check_text, check_timeout
from step_ott.ports import GivenFiles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.ca.root_file import RootFile
    from domain.ca.url import CaUrl
    from domain.ports import Configuration, InputFiles

MAX_TIMEOUT = 365 * 24 * HOUR
"""Nanoseconds; what clocks count in would not hold a far longer one."""


def check_environment(value: object, argument: str = "environ") -> Mapping[str, str]:
    """Return a copy of an environment, an empty one for None.

    Raises:
        UsageError: it is no mapping of str to str.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UsageError(f"{argument}= is a {type(value).__name__}", "give a mapping such as os.environ")
    if not all(isinstance(text, str) for item in value.items() for text in item):
        raise UsageError(f"{argument}= holds something else than str", "give a mapping such as os.environ")
    return dict(value)


def keep_used(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return of an environment what a CA and its issuers look at: what names proxies and clouds' metadata services.

    All else, which may hold any secret of the process, is not to be in what a CA is pickled to.
    """
    if not environ:
        return MappingProxyType({})
    from adapters.cloud_metadata import ADDRESSES
    from domain.ca.proxy import VARIABLES

    names = {*VARIABLES, *(variable for variable, _ in ADDRESSES.values())}
    return MappingProxyType({name: value for name, value in environ.items() if name in names})


def check_folder(value: object, argument: str) -> str:
    """Return the path of a folder.

    Raises:
        UsageError: it is none.
    """
    path = os.fspath(value) if isinstance(value, str | os.PathLike) else value
    if not isinstance(path, str):
        raise UsageError(f"{argument}= is of type {type(path).__name__}", "give the path of a folder")
    try:
        is_path = bool(path) and b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        is_path = False
    if not is_path:
        raise UsageError(f"{argument}= is not a path", "give the path of a folder")
    return os.path.normpath(path)


def read_url(url: object) -> CaUrl:
    """Return the address of a CA.

    Raises:
        UsageError: it is none.
    """
    from domain.ca.url import parse_ca_url

    try:
        return parse_ca_url(check_text(url, "url"))
    except ValueError as error:
        raise UsageError(
            f"url= is not the address of a CA: {error}", "give one such as https://ca.example.com"
        ) from None


def split_roots(files: Iterable[bytes]) -> list[str]:
    """Return the PEM of each certificate in files.

    Raises:
        ValueError: one of them holds something else.
    """
    from ssl import DER_cert_to_PEM_cert

    from adapters.ca.root_file import read_certificates

    return [DER_cert_to_PEM_cert(der) for file in files for der in read_certificates(file)]


def read_bounds(timeout: object, request_timeout: object) -> Mapping[str, int]:
    """Return the nanoseconds of both timeouts, as clients of a CA take them.

    Raises:
        UsageError: one is no timedelta, not over zero, or longer than the system can wait.
    """
    given = {"timeout": timeout, "request_timeout": request_timeout}
    bounds = {name: check_timeout(value, name) for name, value in given.items()}
    for name, nanoseconds in bounds.items():
        if nanoseconds > MAX_TIMEOUT:
            raise UsageError(f"{name}= is over a year", "give a shorter one")
    return MappingProxyType(bounds)


def find_step_path(
    path: object, context: str | None, environ: Mapping[str, str] | None, files: InputFiles
) -> Configuration:
    """Return the step path, found by the process's environment where neither it nor an environment is given."""
    from adapters.machine.step_path import StepPath
    from entrypoints.wiring.settings import open_step_path

    if path is not None:
        return StepPath(files, check_folder(path, "path"), context)
    if environ is not None and not (environ.get("STEPPATH") or environ.get("HOME")):
        raise UsageError("environ= has neither STEPPATH nor HOME", "give path=")
    return open_step_path(os.environ if environ is None else environ, context, files)


class TrustedRoots(bytes):
    """The PEM of roots that `read_trusted` has found good; a `Source` as any other.

    Attributes:
        certificates: The DER of each.
    """

    certificates: tuple[bytes, ...]

    @classmethod
    def read(cls, root: RootFile) -> TrustedRoots:
        """Return those in a file.

        Raises:
            InputError: as `read_trusted`.
        """
        certificates = read_trusted(root)
        roots = cls("".join(split_roots(certificates)).encode())
        roots.certificates = certificates
        return roots


def read_root(source: object) -> tuple[bytes, ...]:
    """Return the DER of roots that a program gives.

    Raises:
        UsageError: it is neither a path nor content.
        InputError: as `read_trusted`.
    """
    from adapters.ca.root_file import RootFile

    if isinstance(source, TrustedRoots):
        return source.certificates
    files = GivenFiles()
    path = files.add(source, "root")
    return read_trusted(RootFile(files, path, f"root={path}"))


def read_trusted(root: RootFile) -> tuple[bytes, ...]:
    """Return the DER of roots that TLS can go by, so that what is no certificate is refused before the first request.

    Raises:
        InputError: they cannot be read, or one is no certificate.
    """
    from adapters.http.pool import make_tls_context

    found = tuple(root.certificates())
    with naming(root.whose):
        make_tls_context(found)
    return found
