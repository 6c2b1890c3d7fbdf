"""Fire finds the command and binds its arguments; it gets only spellings that it cannot misread.

Plain Fire would turn words into Python values, keep the last of a repeated flag, and print what a
command returns. So words are read by `entrypoints.command_line.argv` first, Fire sees Python literals alone, and the
functions that it calls do nothing but take down what is to be done.
"""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from domain.settings.setting import Origin, Setting, Settings, Value

Run = Callable[[Sequence[str], Settings], int]

_DEFERRED = ("asyncio", "ctypes", "subprocess")
"""What Fire imports at its top and does not use here; together they take longer than all the rest."""


class _DeferredModule(ModuleType):
    """Stands in for a module until something of it is wanted."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def dispatch(command: str, positional: Sequence[str], settings: Settings, runs: Mapping[str, Run]) -> int:
    """Have Fire choose `command` among `runs`, then run it and return its exit status."""
    taken: list[Callable[[], int]] = []

    def take_down(run: Run) -> Callable[..., None]:
        def bind(words: tuple[str, ...], flags: dict[str, tuple[Value, str]]) -> None:
            bound = {name: Setting(value, Origin.FLAG, spelled) for name, (value, spelled) in flags.items()}
            taken.append(lambda: run(words, bound))

        return bind

    flags = {name: (setting.value, setting.spelled) for name, setting in settings.items()}
    _import_fire().Fire(
        {name: take_down(run) for name, run in runs.items()},
        command=[command, f"--words={tuple(positional)!r}", f"--flags={flags!r}"],
    )
    return taken[0]()


def _import_fire() -> Any:
    """Import Fire without what it does not use here; later imports of those modules get the real ones."""
    stubs = {name: _DeferredModule(name) for name in _DEFERRED if name not in sys.modules}
    if "asyncio" in stubs:
        vars(stubs["asyncio"])["iscoroutinefunction"] = inspect.iscoroutinefunction
    sys.modules |= stubs
    try:
        return import_module("fire")
    finally:
        for name, stub in stubs.items():
            if sys.modules.get(name) is stub:
                del sys.modules[name]
