"""Functions of adapters whose modules are slow to load, loaded when they are called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def defer(module: str, name: str) -> Callable[..., Any]:
    """Return a function of an adapter whose module is imported when it is called for the first time."""

    def call(*arguments: Any) -> Any:
        return getattr(import_module(module), name)(*arguments)

    return call
