"""The part of the composition root that opens private keys: in files, in envelopes, and in devices."""

from __future__ import annotations

import os
import threading
from importlib import import_module
from typing import TYPE_CHECKING

from adapters.interruption import wait_for
from adapters.key_store import KeyContainers
from adapters.passwords import FilePassword
from domain.errors import KeyFormatError, UsageError
from domain.key_source import NebulaKeyFile
from entrypoints.certificate_wiring import open_certificates
from entrypoints.late_loading import defer

if TYPE_CHECKING:
    from adapters.pkcs11_keys import Pkcs11Keys
    from domain.jwk import PublicJwk
    from domain.key_source import DeviceKey, KeyFile, SealedKey
    from domain.ports import InputFiles, KeyStore, Passwords, Signer


def wire_key_store(files: InputFiles) -> KeyStore:
    """Return the key store over the formats that `adapters` reads."""
    return _AllKeys(files)


class _AllKeys:
    """Private keys of every kind; what only some kinds need is loaded when there is one to open."""

    def __init__(self, files: InputFiles) -> None:
        self.files = files
        self.containers = _wire_containers(files)

    def open(self, source: KeyFile | SealedKey | DeviceKey, passwords: Passwords) -> Signer:
        if not isinstance(source, NebulaKeyFile):
            return self.containers.open(source, passwords)
        from adapters.jws import make_signer  # noqa: PLC0415
        from adapters.nebula_keys import NebulaKeys  # noqa: PLC0415

        keys = NebulaKeys(
            files=self.files,
            open_other=self.containers.open_data,
            make_signer=make_signer,
            make_xeddsa_signer=_make_xeddsa_signer,
        )
        return keys.open(source, passwords)


def _make_xeddsa_signer(private_key: bytes) -> Signer:
    try:
        from adapters.xeddsa import make_xeddsa_signer  # noqa: PLC0415
    except ImportError as error:
        from entrypoints.extras import tell_how_to_add  # noqa: PLC0415

        raise KeyFormatError(
            "an X25519 key signs by libsodium, and PyNaCl is not installed", tell_how_to_add("pynacl")
        ) from error
    return make_xeddsa_signer(private_key, os.urandom)


def _wire_containers(files: InputFiles) -> KeyContainers:
    return KeyContainers(
        files=files,
        check_jwe=defer("adapters.jwe", "parse_jwe"),
        open_jwe=_open_jwe,
        load_pem=_load_pem,
        load_jwk=defer("adapters.jwk_keys", "load_jwk_key"),
        make_signer=defer("adapters.jws", "make_signer"),
        open_device=lambda source, passwords: _wire_devices(files).open(source, passwords),
    )


def _wire_devices(files: InputFiles) -> Pkcs11Keys:
    """Return the opener of keys in devices.

    Raises:
        UsageError: the extra that it needs is not installed.
    """
    try:
        from adapters.pkcs11_keys import Pkcs11Keys  # noqa: PLC0415
        from adapters.pkcs11_modules import find_token  # noqa: PLC0415
    except ImportError as error:
        from entrypoints.extras import tell_how_to_add  # noqa: PLC0415

        raise UsageError(
            f"keys in devices need python-pkcs11, which cannot be loaded ({error})", tell_how_to_add("python-pkcs11")
        ) from error
    from adapters.jws import load_public_key, verify  # noqa: PLC0415

    def holds(public: PublicJwk, message: bytes, signature: bytes) -> bool:
        try:
            key = load_public_key(public)
        except ValueError:  # such as a point that is not on its curve
            return False
        return verify(key, public.algorithm, message, signature)

    return Pkcs11Keys(
        find_token=find_token,
        read_pin=lambda path, whose: next(FilePassword(files, path, "pin-source").candidates(whose)),
        read_certificate=lambda der: open_certificates().read_chain(der)[0].public,
        verify=holds,
        wait_for=wait_for,
    )


def _open_jwe(text: str, password: bytes) -> bytes:
    from adapters.jwe import open_jwe  # noqa: PLC0415

    # Deriving the key takes long and leaves the interpreter to others: what comes next is loaded meanwhile.
    threading.Thread(target=import_module, args=("adapters.jws",), daemon=True).start()
    return wait_for(lambda: open_jwe(text, password))


def _load_pem(data: bytes, password: bytes | None) -> object | None:
    from adapters.key_formats import load_pem_key  # noqa: PLC0415

    return load_pem_key(data, None) if password is None else wait_for(lambda: load_pem_key(data, password))
