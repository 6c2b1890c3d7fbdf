"""The composition root: the one place that knows ports and adapters both.

Adapters whose libraries are slow to load are imported where the path that needs them begins.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from adapters.clock import SystemClock, SystemRandomness
from adapters.declared_authority import DeclaredAuthority
from adapters.input_files import LocalFiles
from adapters.key_store import KeyContainers
from adapters.passwords import FilePassword, TypedPassword
from adapters.root_file import RootFile
from adapters.step_path import StepPath
from adapters.terminal import Stderr, Terminal
from adapters.token_files import StandardOutput, TokenFile
from domain.errors import UsageError
from domain.provisioners.jwk import JwkProvisioner
from entrypoints.minting import Ports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.sandbox import SandboxFolder
    from domain.ports import Authority, Passwords, Signer
    from domain.token_options import TokenOptions


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
    output_file = options.text("output-file")
    return Ports(
        clock=SystemClock(),
        randomness=SystemRandomness(),
        files=files,
        keys=wire_key_store(files),
        passwords=_wire_passwords(options, files, terminal),
        authority=_wire_authority(options, step_path, files),
        prompter=terminal,
        notices=Stderr(sys.stderr),
        sink=TokenFile(output_file, options.flag("force")) if output_file else StandardOutput(),
        fingerprint=_fingerprint_bound_request,
    )


def wire_key_store(files: LocalFiles) -> KeyContainers:
    """Return the key store over the formats that `adapters` reads."""
    return KeyContainers(
        files=files,
        check_jwe=_check_jwe,
        open_jwe=_open_jwe,
        load_pem=_load_pem_key,
        load_jwk=_load_jwk_key,
        make_signer=_make_signer,
    )


def _wire_passwords(options: TokenOptions, files: LocalFiles, terminal: Terminal) -> Passwords:
    for name in ("provisioner-password-file", "password-file"):
        path = options.text(name)
        if path is not None:
            return FilePassword(files, path, options.spell(name))
    return TypedPassword(terminal)


def _wire_authority(options: TokenOptions, step_path: StepPath, files: LocalFiles) -> Authority:
    if not options.flag("offline"):
        return _wire_online(options, step_path, files)
    path = options.text("ca-config") or step_path.default_ca_config()
    if "ca-config" in options.settings or os.path.exists(path):
        return _wire_ca_json(path, options, files)
    return _wire_declared(path, options, step_path, files)


def _wire_online(options: TokenOptions, step_path: StepPath, files: LocalFiles) -> Authority:
    if options.ca_url is None:
        raise UsageError(
            "--ca-url is missing", "give it, set STEP_CA_URL, or run 'step ca bootstrap'; --offline needs none"
        )
    root = _find_root(options, step_path, files)
    certificates, fingerprint = root.certificates(), root.fingerprint()
    from adapters.ca_https import HttpsAuthority  # noqa: PLC0415
    from adapters.provisioner_json import read_provisioners  # noqa: PLC0415

    return HttpsAuthority(
        ca_url=options.ca_url,
        roots=certificates,
        fingerprint=fingerprint,
        request_timeout=options.request_timeout,
        timeout=options.timeout,
        read_provisioners=read_provisioners,
    )


def _wire_ca_json(path: str, options: TokenOptions, files: LocalFiles) -> Authority:
    from adapters.ca_json import CaJson, read_ca_config  # noqa: PLC0415
    from adapters.provisioner_json import read_provisioners, structure  # noqa: PLC0415

    own_root = options.text("root") if options.is_given("root") else None

    def fingerprint_root(configured: str) -> str:
        if own_root is not None:
            return RootFile(files, own_root, options.spell("root")).fingerprint()
        return RootFile(files, configured, f"the root in {path},").fingerprint()

    return CaJson(
        path=path,
        config=read_ca_config(files, path, structure),
        ca_url=options.ca_url if options.is_given("ca-url") else None,
        fingerprint_root=fingerprint_root,
        read_provisioners=read_provisioners,
    )


def _wire_declared(path: str, options: TokenOptions, step_path: StepPath, files: LocalFiles) -> Authority:
    name, wanted = options.text("provisioner"), {"provisioner": "issuer", "key": "key", "ca-url": "ca-url"}
    missing = [f"--{shown}" for option, shown in wanted.items() if option not in options.settings]
    if name is None or options.ca_url is None or missing:
        raise UsageError(
            f"there is no {path}, so --offline needs {', '.join(missing)} as well",
            "give them, or name a ca.json by --ca-config",
        )
    root = _find_root(options, step_path, files)
    return DeclaredAuthority(options.ca_url, root.fingerprint, JwkProvisioner(name, kid=options.text("kid") or ""))


def _find_root(options: TokenOptions, step_path: StepPath, files: LocalFiles) -> RootFile:
    path = options.text("root")
    if path is not None:
        return RootFile(files, path, options.spell("root"))
    path = step_path.default_root()
    if not os.path.exists(path):
        raise UsageError(f"--root is missing, and there is no {path}", "give it, or run 'step ca bootstrap'")
    return RootFile(files, path, "the root")


def _fingerprint_bound_request(data: bytes, is_ssh: bool) -> str:
    from adapters.bound_requests import fingerprint_bound_request  # noqa: PLC0415

    return fingerprint_bound_request(data, is_ssh)


def _check_jwe(text: str) -> None:
    from adapters.jwe import parse_jwe  # noqa: PLC0415

    parse_jwe(text)


def _open_jwe(text: str, password: bytes) -> bytes:
    from adapters.jwe import open_jwe  # noqa: PLC0415

    # Deriving the key takes long and leaves the interpreter to others: what comes next is loaded meanwhile.
    threading.Thread(target=import_module, args=("adapters.jws",), daemon=True).start()
    return open_jwe(text, password)


def _load_pem_key(data: bytes, password: bytes | None) -> object | None:
    from adapters.key_formats import load_pem_key  # noqa: PLC0415

    return load_pem_key(data, password)


def _load_jwk_key(jwk: Mapping[str, Any]) -> object:
    from adapters.key_formats import load_jwk_key  # noqa: PLC0415

    return load_jwk_key(jwk)


def _make_signer(key: object, jwk: dict[str, Any] | None) -> Signer:
    from adapters.jws import make_signer  # noqa: PLC0415

    return make_signer(key, jwk)


def wire_sandbox() -> SandboxFolder:
    """Return the writer of sandboxes."""
    from adapters.jwe import seal_jwk  # noqa: PLC0415
    from adapters.jws import generate_jwk  # noqa: PLC0415
    from adapters.sandbox import SandboxFolder  # noqa: PLC0415

    return SandboxFolder(generate_jwk=generate_jwk, seal_jwk=seal_jwk)
