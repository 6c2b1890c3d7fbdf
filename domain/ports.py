"""What every wing of the domain needs from outside: each port is a Protocol, implemented in `adapters`.

A wing has further ports of its own beside their use, in its `ports.py`. Times are nanoseconds since the epoch, UTC.
Errors are those of `domain.errors`; an adapter translates its library's own at its edge.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return nanoseconds since the epoch, UTC."""
        ...


class Randomness(Protocol):
    """Gives what must never repeat."""

    def token_id(self) -> str:
        """Return a fresh `jti`: 64 lower-case hex characters, 256 random bits."""
        ...


class InputFiles(Protocol):
    """Reads the user's files; `-` is standard input."""

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path`.

        Raises:
            InputError: it cannot be read, or is over `limit` bytes.
        """
        ...


class Prompter(Protocol):
    """Asks the person at the terminal."""

    def password(self, question: str) -> bytes:
        """Return what was typed, unseen.

        Raises:
            UsageError: there is no terminal.
        """
        ...

    def choose(self, question: str, items: Sequence[str]) -> int:
        """Return the index of the item that was chosen.

        Raises:
            UsageError: there is no terminal.
        """
        ...


class Confirmer(Protocol):
    """Asks the person at the terminal for a yes or no."""

    def confirm(self, question: str) -> bool:
        """Return whether the answer was yes.

        Raises:
            PersonNeededError: there is no terminal.
        """
        ...


class OutputFile:
    """A file that is to be written.

    Attributes:
        path: Where.
        content: All of it.
        mode: Permission bits; any but 0600 are less what the umask takes.
        makes_folder: Whether the folders on the way, mode 0700, are made where they are missing.
    """

    def __init__(self, path: str, content: bytes, mode: int, *, makes_folder: bool = False) -> None:
        self.path, self.content = path, content
        self.mode, self.makes_folder = mode, makes_folder


class OutputFiles(Protocol):
    """Writes files that belong together: all of them or none."""

    def list_taken(self, files: Sequence[OutputFile]) -> Sequence[str]:
        """Return the paths where something else is than what is to be written.

        Raises:
            OutputError: something there is not a regular file, nor a link to one, or cannot be looked at.
        """
        ...

    def write(self, files: Sequence[OutputFile], replaced: Collection[str] = ()) -> None:
        """Write the files, in their order, or raise and leave everything as it was.

        A file that has its content already is left alone. Without power in that moment each file is as it was or whole
        and new, the first ones new.

        Args:
            files: The files.
            replaced: The paths whose present file may be replaced.

        Raises:
            OutputError: one cannot be written, or something has its name.
        """
        ...


class Notices(Protocol):
    """Tells the user what goes on, beside the token itself."""

    def inform(self, text: str) -> None:
        """Say what was chosen or done."""
        ...

    def warn(self, text: str) -> None:
        """Say what will probably not do what the user hopes."""
        ...


class TokenSink(Protocol):
    """Where a token goes."""

    def check(self) -> None:
        """Refuse, before there is a token, what can be seen to stand in its way already.

        Raises:
            OutputError: it could not be delivered.
        """
        ...

    def deliver(self, token: str) -> None:
        """Hand over the whole token, or raise and leave nothing half written.

        Raises:
            OutputError: it could not be delivered.
        """
        ...


class Configuration(Protocol):
    """The step path: the folder that step keeps its configuration in, seen through a context."""

    @property
    def base(self) -> str:
        """The folder."""
        ...

    def context_name(self) -> str | None:
        """Return the context to use, None where contexts are not used.

        Raises:
            InputError: the file that names it cannot be used.
        """
        ...

    def authority_path(self) -> str:
        """Return the folder of the CA's own files.

        Raises:
            InputError, UsageError: the context cannot be used.
        """
        ...

    def default_root(self) -> str:
        """Return the path of the CA's root certificate."""
        ...

    def default_ca_config(self) -> str:
        """Return the path of the CA's own configuration."""
        ...

    def defaults(self) -> Mapping[str, tuple[Any, str]]:
        """Return the configured values by key, each with the file that it stands in.

        Raises:
            InputError, UsageError: a file or the context cannot be used.
        """
        ...
