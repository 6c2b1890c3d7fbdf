"""The composition root: which adapter stands behind each port.

Adapters whose libraries are slow to load are imported where the path that needs them begins.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from adapters.clock import SystemClock, SystemRandomness
from adapters.input_files import LocalFiles
from adapters.key_store import KeyContainers
from adapters.passwords import FilePassword, TypedPassword
from adapters.step_path import StepPath
from adapters.terminal import Stderr, Terminal
from adapters.token_files import StandardOutput, TokenFile
from domain.device_options import check_key_sources, uses_device
from domain.errors import KeyFormatError, UsageError
from domain.key_source import NebulaKeyFile
from entrypoints.authority_wiring import wire_authority, wire_published_authority
from entrypoints.identity_wiring import LateIdentityProvider
from entrypoints.minting import Ports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adapters.certificates import CertificateReader
    from adapters.pkcs11_keys import Pkcs11Keys
    from adapters.sandbox import SandboxFolder
    from domain.certificate import Certificate, CertificateRequest, SshCertificate
    from domain.instance_metadata import MetadataAnswer, MetadataRequest, MetadataService
    from domain.jwk import PublicJwk
    from domain.key_source import DeviceKey, KeyFile, SealedKey
    from domain.nebula_certificate import NebulaCertificate
    from domain.ports import Certificates, InputFiles, InstanceMetadata, KeyStore, Passwords, Signer
    from domain.token_options import TokenOptions
    from domain.verify_options import VerifyOptions
    from entrypoints.verifying import VerifyPorts


NEBULA_EXTRA = "install it with: pip install 'step-ott[nebula]'"
"""What to do where the extra is missing that X25519 keys need."""


def open_step_path(environment: Mapping[str, str], context: str | None) -> StepPath:
    """Return the step path of this environment.

    Raises:
        UsageError: neither STEPPATH nor HOME says where it is.
    """
    base = environment.get("STEPPATH")
    if not base:
        home = environment.get("HOME") or os.path.expanduser("~")
        if not os.path.isabs(home):
            raise UsageError("there is no home folder to look for .step in", "set STEPPATH or HOME")
        base = os.path.join(home, ".step")
    return StepPath(LocalFiles(), os.path.normpath(base), context)


def wire_ports(options: TokenOptions, step_path: StepPath) -> Ports:
    """Return the real adapters for a request.

    Raises:
        UsageError: an option is missing that this way of minting needs.
        InputError: ca.json or the root cannot be read.
    """
    check_key_sources(options)
    files, terminal = LocalFiles(), Terminal()
    output_file, notices = options.text("output-file"), Stderr(sys.stderr)
    return Ports(
        clock=SystemClock(),
        randomness=SystemRandomness(),
        files=files,
        keys=wire_key_store(files),
        certificates=wire_certificates(),
        passwords=wire_password_file(options, files) or TypedPassword(terminal),
        authority=wire_authority(options, step_path, files),
        metadata=wire_metadata(),
        identity_provider=LateIdentityProvider(options, notices),
        prompter=terminal,
        notices=notices,
        sink=TokenFile(output_file, options.flag("force")) if output_file else StandardOutput(),
        fingerprint=_late("adapters.bound_requests", "fingerprint_bound_request"),
    )


def wire_verify_ports(options: VerifyOptions, step_path: StepPath) -> VerifyPorts:
    """Return the real adapters for foretelling what a CA will say.

    Raises:
        UsageError: an option is missing that this needs.
        InputError: ca.json or the root cannot be read.
    """
    from adapters.jws import StepCaSignatures  # noqa: PLC0415
    from entrypoints.verifying import VerifyPorts  # noqa: PLC0415

    files = LocalFiles()
    return VerifyPorts(
        clock=SystemClock(),
        files=files,
        authority=wire_published_authority(options, step_path, files),
        certificates=wire_certificates(),
        signatures=StepCaSignatures(),
    )


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
        raise KeyFormatError("an X25519 key signs by libsodium, and PyNaCl is not installed", NEBULA_EXTRA) from error
    return make_xeddsa_signer(private_key, os.urandom)


def _wire_containers(files: InputFiles) -> KeyContainers:
    return KeyContainers(
        files=files,
        check_jwe=_late("adapters.jwe", "parse_jwe"),
        open_jwe=_open_jwe,
        load_pem=_late("adapters.key_formats", "load_pem_key"),
        load_jwk=_late("adapters.key_formats", "load_jwk_key"),
        make_signer=_late("adapters.jws", "make_signer"),
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
        raise UsageError(
            f"keys in devices need python-pkcs11, which cannot be loaded ({error})", "pip install 'step-ott[pkcs11]'"
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
        read_certificate=lambda der: _open_certificates().read_chain(der)[0].public,
        verify=holds,
    )


def wire_password_file(options: TokenOptions, files: InputFiles) -> Passwords | None:
    """Return the file that the password of the signing key stands in, None where none is named.

    To a device only a flag's file goes: a provisioner's usual password is no PIN, and wrong ones lock devices.
    """
    for name in ("provisioner-password-file", "password-file"):
        path = options.text(name)
        if path is not None and (options.is_flag(name) or not uses_device(options)):
            return FilePassword(files, path, options.spell(name))
    return None


def wire_certificates() -> Certificates:
    """Return the reader of certificates."""
    return _LateCertificates()


class _LateCertificates:
    """The reader of certificates, loaded when there are some to read."""

    def read_chain(self, data: bytes) -> Sequence[Certificate]:
        return _open_certificates().read_chain(data)

    def read_ssh(self, data: bytes) -> SshCertificate:
        return _open_certificates().read_ssh(data)

    def read_request(self, data: bytes) -> CertificateRequest:
        from adapters.certificate_requests import read_request  # noqa: PLC0415

        return read_request(data)

    def read_public_keys(self, data: bytes) -> Sequence[PublicJwk]:
        from adapters.certificate_requests import read_public_keys  # noqa: PLC0415
        from adapters.jws import read_public  # noqa: PLC0415

        return read_public_keys(data, read_public)

    def read_nebula(self, data: bytes) -> NebulaCertificate:
        from adapters.nebula_certificates import read_nebula  # noqa: PLC0415

        return read_nebula(data)


def _open_certificates() -> CertificateReader:
    from adapters.certificates import CertificateReader  # noqa: PLC0415
    from adapters.jws import read_public  # noqa: PLC0415

    return CertificateReader(read_public)


def wire_metadata() -> InstanceMetadata:
    """Return the metadata services where the clouds have them, or where the environment says that they are."""
    return _LateMetadata()


class _LateMetadata:
    """The metadata services, whose client is loaded when one is asked."""

    def __init__(self) -> None:
        self._client: InstanceMetadata | None = None

    def ask(self, service: MetadataService, request: MetadataRequest) -> MetadataAnswer:
        if self._client is None:
            self._client = _open_metadata()
        return self._client.ask(service, request)


def _open_metadata() -> InstanceMetadata:
    from adapters.https_client import describe_fault, run_within  # noqa: PLC0415
    from adapters.instance_metadata import HttpMetadata, find_address  # noqa: PLC0415

    return HttpMetadata(
        find_address=lambda service: find_address(service, os.environ),
        run_within=run_within,
        describe_fault=describe_fault,
    )


def _late(module: str, name: str) -> Callable[..., Any]:
    """Return a function of an adapter whose module is imported when it is called for the first time."""

    def call(*arguments: Any) -> Any:
        return getattr(import_module(module), name)(*arguments)

    return call


def _open_jwe(text: str, password: bytes) -> bytes:
    from adapters.jwe import open_jwe  # noqa: PLC0415

    # Deriving the key takes long and leaves the interpreter to others: what comes next is loaded meanwhile.
    threading.Thread(target=import_module, args=("adapters.jws",), daemon=True).start()
    return open_jwe(text, password)


def wire_sandbox() -> SandboxFolder:
    """Return the writer of sandboxes."""
    from adapters.jwe import seal_jwk  # noqa: PLC0415
    from adapters.jws import generate_jwk  # noqa: PLC0415
    from adapters.sandbox import SandboxFolder  # noqa: PLC0415

    return SandboxFolder(generate_jwk=generate_jwk, seal_jwk=seal_jwk)
