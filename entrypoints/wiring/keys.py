"""The part of the composition root that opens private keys: in files, in envelopes, and in devices."""

from __future__ import annotations

import os
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from adapters.batch.interruption import wait_for
from adapters.keys.passwords import FilePassword
from adapters.keys.store import KeyContainers
from domain.errors import KeyFormatError, UsageError
from entrypoints.wiring.certificates import open_certificates
from entrypoints.wiring.late_loading import defer

if TYPE_CHECKING:
    from adapters.keys.pkcs11 import Pkcs11Keys
    from domain.keys.jwk import PublicJwk
    from domain.keys.ports import KeyStore, Signer
    from domain.ports import InputFiles


def wire_key_store(files: InputFiles) -> KeyStore:
    """Return the key store over the formats that `adapters` reads; what only some keys need is loaded for these."""
    return KeyContainers(
        files=files,
        check_jwe=defer("adapters.jose.jwe", "parse_jwe"),
        open_jwe=_open_jwe,
        load_pem=_load_pem,
        load_jwk=defer("adapters.keys.jwk", "load_jwk_key"),
        make_signer=_make_signer,
        open_device=lambda source, passwords: _wire_devices(files).open(source, passwords),
    )


def _load_pem(data: bytes, password: bytes | None) -> object | None:
    if b"-----BEGIN NEBULA " in data:
        from adapters.keys.nebula import load_nebula_key  # noqa: PLC0415

        return load_nebula_key(data)
    from adapters.keys.formats import load_pem_key  # noqa: PLC0415

    return load_pem_key(data, None) if password is None else wait_for(lambda: load_pem_key(data, password))


def _make_signer(key: object, jwk: dict[str, Any] | None) -> Signer:
    if isinstance(key, bytes):
        return _make_xeddsa_signer(key)
    from adapters.jose.jws import make_signer  # noqa: PLC0415

    return make_signer(key, jwk)


def _make_xeddsa_signer(private_key: bytes) -> Signer:
    try:
        from adapters.jose.xeddsa import make_xeddsa_signer  # noqa: PLC0415
    except ImportError as error:
        from entrypoints.wiring.extras import tell_how_to_add  # noqa: PLC0415

        raise KeyFormatError(
            "an X25519 key signs by libsodium, and PyNaCl is not installed", tell_how_to_add("pynacl")
        ) from error
    return make_xeddsa_signer(private_key, os.urandom)


def _wire_devices(files: InputFiles) -> Pkcs11Keys:
    """Return the opener of keys in devices.

    Raises:
        UsageError: the extra that it needs is not installed.
    """
    try:
        from adapters.keys.pkcs11 import Pkcs11Keys  # noqa: PLC0415
        from adapters.keys.pkcs11_modules import find_token  # noqa: PLC0415
    except ImportError as error:
        from entrypoints.wiring.extras import tell_how_to_add  # noqa: PLC0415

        raise UsageError(
            f"keys in devices need python-pkcs11, which cannot be loaded ({error})", tell_how_to_add("python-pkcs11")
        ) from error
    from adapters.jose.jws import load_public_key, verify  # noqa: PLC0415

    def holds(public: PublicJwk, message: bytes, signature: bytes) -> bool:
        try:
            key = load_public_key(public)
        except ValueError:  # such as a point that is not on its curve
            return False
        return verify(key, public.algorithm, message, signature)

    return Pkcs11Keys(
        find_token=find_token,
        read_pin=lambda path, whose: next(FilePassword(files, path, f"pin-source {path}").candidates(whose)),
        read_certificate=lambda der: open_certificates().read_chain(der)[0].public,
        verify=holds,
        wait_for=wait_for,
    )


def _open_jwe(text: str, password: bytes) -> bytes:
    from adapters.jose.jwe import open_jwe  # noqa: PLC0415

    # Deriving the key takes long and leaves the interpreter to others: what comes next is loaded meanwhile.
    threading.Thread(target=import_module, args=("adapters.jose.jws",), daemon=True).start()
    return wait_for(lambda: open_jwe(text, password))
