"""The step path: contexts, defaults.json, and where its files lie (step CLI, cli-utils/step)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from domain.errors import InputError, UsageError
from domain.formats import json_text
from domain.settings.setting import is_folder_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.ports import InputFiles

MAX_SETTINGS_BYTES = 1 << 20
OWN = "step-ott"
"""The key of an object with settings for step-ott alone, laid over the others of its file; step ignores it."""

FORBIDDEN = ("context", "profile", "authority")
"""Keys that choose a context and so cannot stand within one."""


class StepPath:
    """The folder that step keeps its configuration in, seen through a context (see `domain.ports.Configuration`).

    Attributes:
        files: Reads the files in it.
        base: `$STEPPATH`, or `.step` in the home folder.
        context: Name of the context to use, None for the current one.
    """

    def __init__(self, files: InputFiles, base: str, context: str | None = None) -> None:
        self.files = files
        self.base = base
        self.context = context

    def context_name(self) -> str | None:
        if self.context is not None:
            return self.context
        path = os.path.join(self.base, "current-context.json")
        current = self.read_object(path).get("context")
        if current is not None and not isinstance(current, str):
            raise InputError(f'"context" in {path} is not text', "name a context there")
        return current

    def contexts(self) -> dict[str, Any]:
        """Return the contexts by name, none where contexts are not used.

        Raises:
            InputError: the file with them cannot be used.
        """
        return self.read_object(self._contexts_path())

    def uses_contexts(self) -> bool:
        return bool(self.contexts()) or self.context_name() is not None

    def exists(self, path: str) -> bool:
        return os.path.lexists(path)

    def authority_path(self) -> str:
        """Return the folder of the CA's own files: that of the context, else the base."""
        chosen = self._chosen_context()
        return os.path.join(self.base, "authorities", chosen["authority"]) if chosen else self.base

    def default_root(self) -> str:
        """Return where the root certificate is unless the user says otherwise."""
        return os.path.join(self.authority_path(), "certs", "root_ca.crt")

    def default_ca_config(self) -> str:
        """Return where ca.json is unless the user says otherwise."""
        return os.path.join(self.authority_path(), "config", "ca.json")

    def defaults(self) -> dict[str, tuple[Any, str]]:
        """Return the configured values by key, each with the file that it stands in.

        Raises:
            InputError: a file cannot be read or is not a JSON object, or holds a key that it must not.
            UsageError: a context is named that there is not, or none is selected.
        """
        folders = [self.authority_path()]
        chosen = self._chosen_context()
        if chosen:
            folders.append(os.path.join(self.base, "profiles", chosen["profile"]))
        merged: dict[str, tuple[Any, str]] = {}
        for folder in folders:
            path = os.path.join(folder, "config", "defaults.json")
            values = self.read_object(path)
            own = values.pop(OWN, {})
            if not isinstance(own, dict):
                raise InputError(f'"{OWN}" in {path} is not a JSON object', "write only the settings of step-ott there")
            values |= own
            for key in FORBIDDEN:
                if key in values:
                    raise InputError(f'"{key}" is not allowed in {path}', "remove it; use --context")
            merged |= {key: (value, path) for key, value in values.items()}
        return merged

    def _chosen_context(self) -> Mapping[str, str] | None:
        """Return authority and profile of the context to use, None where contexts are not used."""
        path, contexts = self._contexts_path(), self.contexts()
        name = self.context_name()
        if name is None and not contexts:
            return None
        listed = ", ".join(contexts) or "none"
        if name is None:
            raise UsageError(f"no context is selected; {path} has {listed}", "name one with --context")
        if name not in contexts:
            whose = os.path.join(self.base, "current-context.json") if self.context is None else "--context"
            raise UsageError(f"{whose} names the context {name!r}, which is not in {path}", f"it has {listed}")
        return _check_context(name, contexts[name], path)

    def _contexts_path(self) -> str:
        return os.path.join(self.base, "contexts.json")

    def read_object(self, path: str) -> dict[str, Any]:
        """Return the JSON object in `path`, an empty one where there is no file.

        Raises:
            InputError: it cannot be read, or is something else.
        """
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError:
            pass  # there is something that cannot be reached: reading it tells why
        try:
            values = json_text.parse_document(self.files.read(path, MAX_SETTINGS_BYTES))
        except ValueError as error:
            raise InputError(f"{path} cannot be used: {error}", "fix the file") from error
        if not isinstance(values, dict):
            raise InputError(f"{path} is not a JSON object", "fix the file")
        return values


def _check_context(name: str, context: Any, path: str) -> Mapping[str, str]:
    """Return the context, a mapping of two plain folder names."""
    members = context if isinstance(context, dict) else {}
    for key in ("authority", "profile"):
        if not is_folder_name(members.get(key)):
            raise InputError(f"context {name!r} in {path} has no proper {key!r}", "give it the name of a folder")
    return members
