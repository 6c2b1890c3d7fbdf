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
from domain.errors import UsageError
from entrypoints.authority_wiring import wire_authority, wire_published_authority
from entrypoints.identity_wiring import LateIdentityProvider
from entrypoints.minting import Ports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adapters.certificates import CertificateReader
    from adapters.sandbox import SandboxFolder
    from domain.certificate import Certificate, CertificateRequest, SshCertificate
    from domain.jwk import PublicJwk
    from domain.ports import Certificates, InputFiles, Passwords
    from domain.token_options import TokenOptions
    from domain.verify_options import VerifyOptions
    from entrypoints.verifying import VerifyPorts


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
    files, terminal = LocalFiles(), Terminal()
    output_file, notices = options.text("output-file"), Stderr(sys.stderr)
    return Ports(
        clock=SystemClock(),
        randomness=SystemRandomness(),
        files=files,
        keys=wire_key_store(files),
        certificates=wire_certificates(),
        passwords=_wire_passwords(options, files, terminal),
        authority=wire_authority(options, step_path, files),
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


def wire_key_store(files: InputFiles) -> KeyContainers:
    """Return the key store over the formats that `adapters` reads."""
    return KeyContainers(
        files=files,
        check_jwe=_late("adapters.jwe", "parse_jwe"),
        open_jwe=_open_jwe,
        load_pem=_late("adapters.key_formats", "load_pem_key"),
        load_jwk=_late("adapters.key_formats", "load_jwk_key"),
        make_signer=_late("adapters.jws", "make_signer"),
    )


def _wire_passwords(options: TokenOptions, files: LocalFiles, terminal: Terminal) -> Passwords:
    for name in ("provisioner-password-file", "password-file"):
        path = options.text(name)
        if path is not None:
            return FilePassword(files, path, options.spell(name))
    return TypedPassword(terminal)


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


def _open_certificates() -> CertificateReader:
    from adapters.certificates import CertificateReader  # noqa: PLC0415
    from adapters.jws import read_public  # noqa: PLC0415

    return CertificateReader(read_public)


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
