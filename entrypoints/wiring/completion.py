"""The hidden command that shells ask what can stand at the cursor: quick, and silent whatever happens.

It asks nobody and waits for nothing: what it knows of a CA stands in files of this machine.
"""

from __future__ import annotations

import os
import sys

from entrypoints.command_line.completion.offers import find_offers
from entrypoints.command_line.completion.shells import ANSWERS
from entrypoints.command_line.options import CONTEXTS
from entrypoints.process import is_own

TYPE_CHECKING = False  # that of `typing`, which takes longer to load than all that is here
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from domain.ports import InputFiles
    from entrypoints.command_line.commands import Command
    from entrypoints.command_line.options import Option

PATIENCE_SECONDS = 5
"""After that the process ends, whatever a file system keeps it waiting for."""

MAX_CONFIG_BYTES = 2 << 20
"""A larger ca.json takes longer to read than somebody waits for a Tab."""

MAX_MEANING = 60
"""The most characters of what is said of a name."""


def complete(words: Sequence[str], commands: Sequence[Command]) -> int:
    """Print what can stand at the cursor, in the form of the shell that `words` begin with, and return 0.

    Where that cannot be found out nothing is printed at all.
    """
    if is_own():
        from _signal import alarm  # type: ignore[import-not-found]  # noqa: PLC0415  # without `signal` around it

        alarm(PATIENCE_SECONDS)
    try:
        shell, *rest = words
        answer = "".join(f"{line}\n" for line in ANSWERS[shell](rest, lambda typed: find_offers(typed, commands, know)))
        sys.stdout.write(answer)
        sys.stdout.flush()
    except Exception:  # noqa: BLE001, S110  # a shell's line is no place for an error
        pass
    return 0


def know(kind: str, given: Mapping[str, str], options: Sequence[Option]) -> list[tuple[str, str]]:
    """Return the names of contexts or provisioners on this machine, each with what it is (see `offers.Know`).

    A name that a terminal does not show as it is, for its control characters for example, is left out.

    Raises:
        StepOttError: a file that says which they are cannot be read.
    """
    from adapters.machine.input_files import RegularFiles  # noqa: PLC0415
    from domain.formats.terminal_text import show_line  # noqa: PLC0415

    list_names = _list_contexts if kind == CONTEXTS else _list_provisioners
    names = list_names(RegularFiles(), given, options)
    return [(name, show_line(str(what), MAX_MEANING)) for name, what in names.items() if _is_shown(name)]


def _is_shown(name: object) -> bool:
    return isinstance(name, str) and name != "" and name.isprintable()


def _list_contexts(files: InputFiles, *_: object) -> Mapping[Any, Any]:
    """Return the contexts of the step path, each with its authority."""
    from entrypoints.wiring.settings import open_step_path  # noqa: PLC0415

    contexts = open_step_path(os.environ, None, files).contexts()
    sound = {
        name: context for name, context in contexts.items() if isinstance(context, dict) and "authority" in context
    }
    return {name: f"authority {context['authority']}" for name, context in sound.items()}


def _list_provisioners(files: InputFiles, given: Mapping[str, str], options: Sequence[Option]) -> Mapping[Any, Any]:
    """Return the provisioners of the ca.json that the settings mean, each with its type, and the configured one."""
    from domain.formats import json_text  # noqa: PLC0415
    from domain.settings.setting import Origin, Setting  # noqa: PLC0415
    from entrypoints.wiring.settings import read_settings  # noqa: PLC0415

    wanted = [option for option in options if option.known or option.name == "ca-config"]
    flags = {name: Setting(value, Origin.FLAG, f"--{name}") for name, value in given.items() if value}
    settings, step_path = read_settings(wanted, flags, lambda _: None, files)
    values = {name: str(setting.value) for name, setting in settings.items()}
    names = {values["provisioner"]: "configured"} if "provisioner" in values else {}
    path = values.get("ca-config") or step_path.default_ca_config()
    if path.startswith("~/"):  # which the shell is yet to do; it takes nobody to look up
        path = os.path.expanduser(path)
    if os.path.exists(path):
        config = json_text.parse_document(files.read(path, MAX_CONFIG_BYTES))
        entries = [entry for entry in config["authority"]["provisioners"] if isinstance(entry, dict)]
        names |= {entry["name"]: entry.get("type", "") for entry in entries if isinstance(entry.get("name"), str)}
    return names
