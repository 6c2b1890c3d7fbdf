"""`step-ott ca bootstrap`: a step path for a CA that is known by its address and its root's fingerprint."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from adapters.machine.terminal import Stderr, Terminal
from adapters.output.file_group import FileGroup
from domain.settings.authority import read_authority_options
from domain.settings.bootstrap import read_bootstrap
from domain.settings.setting import layer, naming_sources
from entrypoints.command_line.argv import parse_environment, take_none
from entrypoints.command_line.ca_options import CA_BOOTSTRAP_OPTIONS
from entrypoints.process import is_own
from entrypoints.use_cases.bootstrap import BootstrapPorts, bootstrap
from entrypoints.wiring.authority import wire_root_source
from entrypoints.wiring.settings import open_step_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.settings.ports import TrustStore
    from domain.settings.setting import Settings


def run(positional: Sequence[str], flags: Settings) -> int:
    """Set it up; what is configured already has no say in it."""
    take_none(positional, "ca bootstrap")
    settings = layer(flags, parse_environment(os.environ, CA_BOOTSTRAP_OPTIONS))
    with naming_sources(settings):
        options = read_authority_options(settings)
        plan = read_bootstrap(options)
        step_path = open_step_path(os.environ, None)
        step_path.base = os.path.abspath(step_path.base)  # defaults.json is read from any folder
        trust = _wire_trust_store() if options.flag("install") else None
        ports = BootstrapPorts(
            roots=wire_root_source(options, os.environ),
            step_path=step_path,
            output=FileGroup(is_last=is_own() and trust is None),
            confirmer=Terminal(),
            notices=Stderr(sys.stderr),
            trust=trust,
        )
        bootstrap(plan, ports, force=options.flag("force"))
    return 0


def _wire_trust_store() -> TrustStore:
    from adapters.machine.trust_store import SystemTrustStore  # noqa: PLC0415  # only where it is wanted

    return SystemTrustStore(sys.platform, os.environ)
