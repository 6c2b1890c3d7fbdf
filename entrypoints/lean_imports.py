"""Libraries, loaded without those of their modules that this program does not use.

Where a library imports such a module at its top, a stand-in takes the module's place meanwhile, and loads the real one
should anything of it be wanted after all (docs/decisions/0001).
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OF_ATTRS: Mapping[str, Mapping[str, Any]] = {
    "attr.validators": {},
    "attrs.validators": {},
    "platform": {"python_implementation": lambda: sys.implementation.name},
}
OF_CATTRS: Mapping[str, Mapping[str, Any]] = {
    "urllib.parse": {"quote_from_bytes": lambda *args: import_module("urllib.parse").quote_from_bytes(*args)},
}
OF_FIRE: Mapping[str, Mapping[str, Any]] = {
    "asyncio": {"iscoroutinefunction": lambda _: False},
    "ctypes": {},
    "fire.completion": {},
    "fire.console.console_io": {},
    "fire.docstrings": {},
    "fire.formatting": {},
    "fire.helptext": {},
    "fire.interact": {},
    "gettext": {"gettext": lambda text: text, "ngettext": lambda one, many, n: one if n == 1 else many},
    "shutil": {"get_terminal_size": lambda: os.terminal_size((80, 24))},
    "subprocess": {},
}
OF_HTTP: Mapping[str, Mapping[str, Any]] = {
    "calendar": {},
    "importlib.metadata": {"version": lambda name: import_module("importlib.metadata").version(name)},
}
"""The modules that are left out, each with what is asked of it at once; `OF_HTTP` is of http.client and urllib3."""


class _StandIn(ModuleType):
    """Stands in for a module until something of it is wanted that is not at hand."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


@contextmanager
def leaving_out(parts: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Have stand-ins for the modules in `parts` that are not loaded yet; later imports get the real ones.

    Args:
        parts: The modules' names, each with attributes that its stand-in has at hand.
    """
    stand_ins = {name: _StandIn(name) for name in parts if name not in sys.modules}
    for name, stand_in in stand_ins.items():
        vars(stand_in).update(parts[name])
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


def import_without(library: str, parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Import a library with stand-ins for the modules in `parts` (see `leaving_out`)."""
    with leaving_out(parts):
        import_module(library)
