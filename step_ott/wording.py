"""What options are called in Python: errors and notices name arguments, methods and classes in their place."""

from __future__ import annotations

import re
from contextlib import ContextDecorator
from typing import Any

from domain.errors import StepOttError
from domain.formats.terminal_text import show_line
from domain.settings.setting import Origin, Setting, respell

NAMES = {
    "ca-config": "config",
    "ca-url": "url",
    "cert": "certificate",
    "cert-not-after": "cert_not_after",
    "cert-not-before": "cert_not_before",
    "cert-type": "cert_type",
    "cnf": "cnf",
    "cnf-file": "csr",
    "context": "context",
    "csr": "csr",
    "for": "endpoint",
    "force": "replace",
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


class _TheirError(BaseException):
    """Carries an error of the program's own code past all that rewords, names or tries again on errors of ours.

    A `BaseException`, so that nobody on the way takes it for a library's.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class their_code:  # noqa: N801  # likewise
    """Stands around a call of the program's own code, such as its signer or password: its errors leave unchanged."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Carry an error out to `speaking_python`."""
        if isinstance(error, Exception):
            raise _TheirError(error) from None


class speaking_python(ContextDecorator):  # noqa: N801  # stands behind `with`, as a function would that takes twice as long
    """Lets every error within name arguments, where the command line's own would name options.

    It is a line that a log or a traceback may show: a CA's words are in it, and those of whoever answers in its place.
    What the program's own code raises (see `their_code`) passes as it is, of whichever tree it is.
    """

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Name arguments in an error."""
        if isinstance(error, _TheirError):
            theirs, context = error.error, error.error.__context__
            try:
                raise theirs
            finally:
                theirs.__context__ = context
        if isinstance(error, StepOttError) and type(error).__module__ == StepOttError.__module__:
            told = respell(error, _Spellings())
            raise type(told)(show_line(told.what), show_line(name_arguments(error.fix))) from None
