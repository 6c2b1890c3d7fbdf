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
from domain.settings.devices import check_key_sources
from entrypoints.use_cases.ssh_tokens import SshPorts
from entrypoints.wiring.authority import wire_online
from entrypoints.wiring.late_adapters import LateIdentityProvider
from entrypoints.wiring.token import assemble_ports

if TYPE_CHECKING:
    from domain.keys.ports import Passwords
    from domain.ports import Configuration
    from domain.settings.setting import Settings
    from domain.token.options import TokenOptions


def wire_ssh_ports(options: TokenOptions, step_path: Configuration) -> SshPorts:
    """Return the real adapters for one request about SSH.

    Raises:
        UsageError: an option is missing that this needs.
        InputError: the root cannot be read.
    """
    notices = Stderr(sys.stderr)
    files = RememberedFiles(LocalFiles(notices.inform))  # a password may be read for two keys
    check_key_sources(options)
    authority = wire_online(options, step_path, files)
    provider = LateIdentityProvider(options, notices, os.environ)
    return SshPorts(
        minting=assemble_ports(options, authority, files, Terminal(), notices, provider),
        requests=HttpsRequests(authority.client),
        new_keys=LocalSshKeys(),
        signatures=StepCaSignatures(),
    )


def wire_new_password(settings: Settings, ports: SshPorts) -> Passwords | None:
    """Return where the password of a new key comes from, None where it gets none."""
    if "no-password" in settings:
        return None
    setting = settings.get("password-file")
    if setting is None:
        return TypedPassword(ports.minting.prompter)
    path = str(setting.value)
    return FilePassword(ports.minting.files, path, setting.shown(path))
