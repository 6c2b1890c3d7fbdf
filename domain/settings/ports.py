"""The ports of `ca bootstrap`: the step path as it is before, and the system's trust."""

from collections.abc import Mapping
from typing import Any, Protocol


class StepFolder(Protocol):
    """The folder that step keeps its configuration in, as it is before something is set up in it."""

    @property
    def base(self) -> str:
        """The folder."""
        ...

    def contexts(self) -> Mapping[str, Any]:
        """Return what contexts.json says, nothing where there is no such file.

        Raises:
            InputError: it cannot be used.
        """
        ...

    def uses_contexts(self) -> bool:
        """Return whether there is a context, or one is the current one.

        Raises:
            InputError: a file that says so cannot be used.
        """
        ...

    def read_object(self, path: str) -> Mapping[str, Any]:
        """Return the JSON object in a file of the folder, an empty one where there is no file.

        Raises:
            InputError: it cannot be read, or is something else.
        """
        ...

    def exists(self, path: str) -> bool:
        """Return whether something is there."""
        ...


class TrustStore(Protocol):
    """The certificates that all programs of this system trust."""

    def check(self) -> None:
        """Refuse, before anything is written, what can be seen to stand in the way.

        Raises:
            UsageError: there is no way to add one on this system.
        """
        ...

    def install(self, path: str) -> None:
        """Add the root certificate in a PEM file.

        Raises:
            OutputError: it could not be added.
        """
        ...
