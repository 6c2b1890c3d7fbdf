"""Every error of step-ott, split by who must act on it.

An error says what happened and to which input (`what`) and what to do about it (`fix`). Neither may
hold a secret: credentials of addresses, and PINs, are masked in whatever word of the command line they
stood. Either may hold text from outside: whoever shows an error escapes it.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StepOttError(Exception):
    """The root of all errors that step-ott raises on purpose.

    Args:
        what: What happened, to which input, in one sentence without a full stop.
        fix: What the reader can do about it, as an imperative; empty where nothing helps.
    """

    exit_code = 1

    def __init__(self, what: str, fix: str = "") -> None:
        self.what, self.fix = _mask(what), _mask(fix)
        super().__init__(self.what, self.fix)

    def __str__(self) -> str:
        return f"{self.what}: {self.fix}" if self.fix else self.what


def _mask(text: str) -> str:
    if "@" not in text and "=" not in text:
        return text
    from domain.masking import mask_text  # noqa: PLC0415  # rarely needed

    return mask_text(text)


class UsageError(StepOttError):
    """The command line or a setting asks for something that cannot be done."""

    exit_code = 2


class MissingSettingError(UsageError):
    """Settings ask for one more that is not there; a source that has not been read yet may have it."""


class PersonNeededError(StepOttError):
    """Only a person could say how to go on, and this time nobody is asked."""


class InputError(StepOttError):
    """A file or other input of the user's cannot be read or does not hold what it should."""


class KeyFormatError(InputError):
    """A private key is in a container or of a type that step-ott does not take."""


class WrongPasswordError(InputError):
    """A password does not open the encrypted key that it was given for."""


class KeyMismatchError(InputError):
    """A private key is not the one that the provisioner or certificate publishes."""


class AuthorityError(StepOttError):
    """The certificate authority answered something that cannot be used."""


class ForeseenRefusalError(StepOttError):
    """The CA would refuse the request; it was not asked, so that the token can still be used."""


class NetworkError(StepOttError):
    """The certificate authority, or a cloud's metadata service, could not be reached, or not in time."""


class UnreachableError(NetworkError):
    """There was no connection, so that nothing can have come of the request."""


class LostAnswerError(NetworkError):
    """The connection broke before an answer was whole, so that nobody can tell whether the request was done."""


class IdentityError(StepOttError):
    """An identity provider answered something that cannot be used, or signed nobody in."""


class OutputError(StepOttError):
    """The token was made but could not be delivered; nothing half written is left."""


def name_file(path: str) -> str:
    """Return what errors call the file `path`; `-` is standard input."""
    return "standard input" if path == "-" else path


def explain_unread(path: str, error: Exception, done: str = "read") -> InputError:
    """Return the error for a file, `-` for standard input, that cannot be `done`."""
    otherwise, fix = "not a path", "check the path and its permissions"
    if path == "-":
        otherwise, fix = "it is closed", "give it something to read, or name a file"
    return InputError(f"{name_file(path)} cannot be {done}: {getattr(error, 'strerror', None) or otherwise}", fix)


def explain_unwritten(target: str, error: OSError, go_on: str) -> OutputError:
    """Return the error for what could not be written to `target`, with what to do before one can `go_on`."""
    if error.errno == errno.EPIPE:
        return OutputError(f"{target} cannot be written: the reader has closed the pipe")
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    fix = f"free some space and {go_on}" if is_full else f"check where it points, and {go_on}"
    return OutputError(f"{target} cannot be written: {error.strerror}", fix)


@contextmanager
def naming(whose: str, path: str = "") -> Iterator[None]:
    """Let every `InputError` within say whose file or key it is about.

    Args:
        whose: What gave the file, as the user wrote it, with its path.
        path: The file, by which an error may name it already.
    """
    try:
        yield
    except InputError as error:
        if whose in error.what:
            raise
        by_path = f"{path} "
        what = whose + error.what[len(path) :] if path and error.what.startswith(by_path) else f"{whose}: {error.what}"
        raise type(error)(what, error.fix) from error


@contextmanager
def naming_pair(certificate: str, key: str) -> Iterator[None]:
    """Let the error within for a key that is not the certificate's name the files of both."""
    try:
        yield
    except KeyMismatchError as error:
        raise KeyMismatchError(f"{key} is not the key of {certificate}", error.fix) from error


_PANIC = "PanicException"
"""What a panic in Rust code comes to in Python: a BaseException of pyo3's, which cannot be imported."""


@contextmanager
def translating(explain: Callable[[BaseException], Exception]) -> Iterator[None]:
    """Let whatever a library raises within become what `explain` returns: the edge around a parser that is not ours.

    Our own errors pass as they are, and so does what ends the program, such as KeyboardInterrupt.
    """
    try:
        yield
    except StepOttError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        raise explain(error) from error


def succeeds(check: Callable[[], object]) -> bool:
    """Return whether a library finds nothing wrong: `check` raises no error, ours or another."""
    try:
        with translating(lambda _: StepOttError("")):
            check()
    except StepOttError:
        return False
    return True


def describe_foreign(error: BaseException) -> str:
    """Return a library's error as it may be shown: a ValueError's own words, of anything else the kind alone."""
    return str(error) if isinstance(error, ValueError) else type(error).__name__
