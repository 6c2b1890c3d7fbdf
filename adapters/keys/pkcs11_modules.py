"""PKCS#11 modules, initialised in the process that uses them, and the tokens that they have, on `python-pkcs11`."""

import os

import pkcs11
from pkcs11 import TokenFlag
from pkcs11._pkcs11 import lib as Module  # noqa: N812  # it is a class

from domain.errors import InputError
from domain.keys.pkcs11_uri import Pkcs11Uri

DEFAULT_MODULE = "p11-kit-proxy.so"
"""The module of p11-kit, which gives access to all that are installed; step takes it where the URI names none."""

_modules: dict[str, tuple[int, Module]] = {}
"""Modules by their path, each with the process that initialised it."""

_inherited: list[Module] = []
"""Modules of the process that this one was forked from, kept: letting go of one would finalise it."""


def find_token(uri: Pkcs11Uri) -> pkcs11.Token:
    """Return the one token that the URI names.

    Raises:
        InputError: the module cannot be loaded, or no token or several are what the URI says.
    """
    module = _load_module(uri.module_path or DEFAULT_MODULE)
    present = [token for token in module.get_tokens() if TokenFlag.TOKEN_INITIALIZED in token.flags]
    found = [token for token in present if _fits(token, uri)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{token.label!r} (serial {_name_serial(token)})" for token in found or present)
    if found:
        raise InputError(f"several tokens match: {listed}", "tell them apart by serial")
    raise InputError("there is no such token", f"the module has {listed or 'none'}")


def _load_module(path: str) -> Module:
    """Return the module, initialised in this process."""
    known = _modules.get(path)
    if known is not None and known[0] == os.getpid():
        return known[1]
    try:
        module = Module(path)
    except pkcs11.PKCS11Error as error:
        module = known[1] if known is not None else _borrow_module(path, error)  # it has survived the fork
    if known is not None:
        _inherited.append(known[1])
    _modules[path] = (os.getpid(), module)
    return module


def _borrow_module(path: str, failure: pkcs11.PKCS11Error) -> Module:
    """Return the module where other code of this process has initialised it, or say why it cannot be loaded."""
    try:
        return pkcs11.lib(path)
    except pkcs11.PKCS11Error:
        reason = str(failure) or type(failure).__name__
        raise InputError(
            f"the PKCS#11 module {path} cannot be loaded: {reason}", "name the device's module by module-path"
        ) from failure


def _fits(token: pkcs11.Token, uri: Pkcs11Uri) -> bool:
    pairs = (
        (uri.token, token.label),
        (uri.serial, _name_serial(token)),
        (uri.manufacturer, token.manufacturer_id),
        (uri.model, token.model),
        (uri.slot_id, token.slot.slot_id),
    )
    return all(wanted is None or wanted == there for wanted, there in pairs)


def _name_serial(token: pkcs11.Token) -> str:
    return token.serial.decode("utf-8", "replace").rstrip("\0 ")
