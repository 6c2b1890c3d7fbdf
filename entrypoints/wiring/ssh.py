"""The composition root of the commands for SSH certificates: which adapter is behind each port."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from adapters.ca.requests import HttpsRequests
from adapters.jose.jws import StepCaSignatures
from adapters.keys.passwords import FilePassword, TypedPassword
from adapters.keys.ssh_keys import LocalSshKeys
from adapters.machine.input_files import LocalFiles, RememberedFiles
from adapters.machine.terminal import Stderr, Terminal
from domain.errors import naming
from domain.settings.devices import check_key_sources
from entrypoints.use_cases.inspect import read_source
from entrypoints.use_cases.ssh_tokens import SshPorts
from entrypoints.wiring.authority import wire_online
from entrypoints.wiring.certificates import wire_by_token
from entrypoints.wiring.late_adapters import LateIdentityProvider
from entrypoints.wiring.token import assemble_ports

if TYPE_CHECKING:
    from domain.keys.ports import Passwords
    from domain.ports import Configuration
    from domain.settings.setting import Setting, Settings
    from domain.token.options import TokenOptions


def wire_ssh_ports(
    options: TokenOptions, step_path: Configuration, given: Setting | None = None
) -> tuple[SshPorts, str | None]:
    """Return the real adapters for one request about SSH, and the token that is given for it, if any.

    Args:
        options: How a token is minted.
        step_path: The user's.
        given: What gives a token, or says where it is; None where one is minted.

    Raises:
        UsageError: an option is missing that this needs.
        InputError: the root or the token cannot be read.
    """
    notices = Stderr(sys.stderr)
    files = RememberedFiles(LocalFiles(notices.inform))  # a password may be read for two keys
    check_key_sources(options)
    token = None if given is None else _read_token(given, files)
    authority = (
        wire_online(options, step_path, files) if token is None else wire_by_token(token, options, step_path, files)
    )
    provider = LateIdentityProvider(options, notices, os.environ)
    notices.inform(f"✔ CA: {authority.url()}")
    return SshPorts(
        minting=assemble_ports(options, authority, files, Terminal(), notices, provider),
        requests=HttpsRequests(authority.client),
        new_keys=LocalSshKeys(),
        signatures=StepCaSignatures(),
    ), token


def _read_token(given: Setting, files: RememberedFiles) -> str:
    text = str(given.value)
    with naming(given.shown(text), text):
        return read_source(text, files, str.strip)


def wire_new_password(settings: Settings, ports: SshPorts) -> Passwords | None:
    """Return where the password of a new key comes from, None where it gets none."""
    if "no-password" in settings:
        return None
    setting = settings.get("password-file")
    if setting is None:
        return TypedPassword(ports.minting.prompter)
    path = str(setting.value)
    return FilePassword(ports.minting.files, path, setting.shown(path))
