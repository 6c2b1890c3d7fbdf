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
    from collections.abc import Callable, Iterator, Mapping


class _Later:
    """A function or a class of a module that loads once it is called, or asked about."""

    def __init__(self, module: str, name: str) -> None:
        self._path = module, name

    def __call__(self, *args: Any, **named: Any) -> Any:
        return _load(*self._path)(*args, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(_load(*self._path), name)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, _load(*self._path))


def _load(module: str, name: str) -> Any:
    """Return what the module itself, and no stand-in for it, has by this name."""
    if isinstance(sys.modules.get(module), _StandIn):
        sys.modules.pop(module, None)
    return getattr(import_module(module), name)


def _put_off(module: str, names: str) -> dict[str, Mapping[str, Any]]:
    """Return the row of a module of which those `names`, with spaces between them, are imported by name."""
    return {module: {name: _Later(module, name) for name in names.split()}}


def _is_coroutine_function(function: object) -> bool:
    from inspect import iscoroutinefunction  # noqa: PLC0415  # Fire has loaded it

    return iscoroutinefunction(function)


def _translated(name: str, plain: Callable[..., str]) -> Callable[..., str]:
    """Return what translates as `gettext` does once a program has loaded that, and is `plain` until then."""

    def translate(*texts: Any) -> str:
        module = sys.modules.get("gettext")
        return plain(*texts) if module is None or isinstance(module, _StandIn) else str(getattr(module, name)(*texts))

    return translate


_CODE_FLAGS = (
    "OPTIMIZED", "NEWLOCALS", "VARARGS", "VARKEYWORDS", "NESTED", "GENERATOR", "NOFREE", "COROUTINE",
    "ITERABLE_COROUTINE", "ASYNC_GENERATOR",
)  # fmt: skip
"""What the bits of a code object's flags say, the lowest first, as `inspect` has them of `dis`."""

OF_ATTRS: Mapping[str, Mapping[str, Any]] = {
    **_put_off("attr._version_info", "VersionInfo"),
    "attr.validators": {},
    "attrs.validators": {},
    "dis": {"COMPILER_FLAG_NAMES": {1 << place: flag for place, flag in enumerate(_CODE_FLAGS)}},
    "platform": {"python_implementation": lambda: sys.implementation.name},
    "tokenize": {},
}
OF_CATTRS: Mapping[str, Mapping[str, Any]] = _put_off("urllib.parse", "quote_from_bytes")
OF_CRYPTOGRAPHY: Mapping[str, Mapping[str, Any]] = {
    **_put_off("cryptography.hazmat.backends.openssl.backend", "backend"),
    **_put_off(
        "cryptography.hazmat.primitives.serialization.ssh",
        "SSHCertPrivateKeyTypes SSHCertPublicKeyTypes SSHCertificate SSHCertificateBuilder SSHCertificateType "
        "SSHPrivateKeyTypes SSHPublicKeyTypes load_ssh_private_key load_ssh_public_identity load_ssh_public_key "
        "ssh_key_fingerprint",
    ),
    "random": {},
}
OF_FIRE: Mapping[str, Mapping[str, Any]] = {
    "asyncio": {"iscoroutinefunction": _is_coroutine_function},
    "ctypes": {},
    "fire.completion": {},
    "fire.console.console_io": {},
    "fire.docstrings": {},
    "fire.formatting": {},
    "fire.helptext": {},
    "fire.interact": {},
    "gettext": {
        "gettext": _translated("gettext", lambda text: text),
        "ngettext": _translated("ngettext", lambda one, many, n: one if n == 1 else many),
    },
    "shlex": {},
    "shutil": {"get_terminal_size": lambda: os.terminal_size((80, 24))},
    "subprocess": {},
}
OF_HTTP: Mapping[str, Mapping[str, Any]] = {
    "calendar": {},
    **_put_off("importlib.metadata", "version"),
}
"""The modules that are left out, each with what is asked of it at once. `OF_ATTRS` is of `inspect` and `linecache` too,
`OF_HTTP` of http.client and urllib3. Many modules import `cryptography`: its row counts as long as a command runs."""


class _StandIn(ModuleType):
    """Stands in for a module until something of it is wanted that is not at hand."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _load(self.__name__, name)


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
