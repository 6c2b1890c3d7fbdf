"""The composition root of the commands that get certificates: which adapter is behind each port."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from adapters.ca.requests import HttpsRequests
from adapters.jose.jws import StepCaSignatures
from adapters.keys.new_key import LocalNewKeys
from adapters.machine.input_files import LocalFiles
from adapters.machine.terminal import Stderr, Terminal
from adapters.output.key_pair import KeyPairFiles
from domain.settings.devices import check_key_sources
from entrypoints.use_cases.certificates import EnrollPorts
from entrypoints.wiring.authority import wire_online
from entrypoints.wiring.late_adapters import LateIdentityProvider
from entrypoints.wiring.token import assemble_ports

if TYPE_CHECKING:
    from domain.ports import Configuration
    from domain.token.options import TokenOptions


def wire_enroll_ports(options: TokenOptions, step_path: Configuration, pair: KeyPairFiles) -> EnrollPorts:
    """Return the real adapters for one certificate.

    Raises:
        UsageError: an option is missing that this needs.
        InputError: the root cannot be read.
    """
    notices = Stderr(sys.stderr)
    files = LocalFiles(notices.inform)
    check_key_sources(options)
    authority = wire_online(options, step_path, files)
    provider = LateIdentityProvider(options, notices, os.environ)
    return EnrollPorts(
        minting=assemble_ports(options, authority, files, Terminal(), notices, provider),
        roots=authority.client.roots,
        requests=HttpsRequests(authority.client),
        new_keys=LocalNewKeys(),
        signatures=StepCaSignatures(),
        pair=pair,
    )
