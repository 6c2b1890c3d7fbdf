"""The part of the composition root for `doctor`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

import attrs

from adapters.certificates.reader import CertificateReader
from adapters.jose.jws import StepCaSignatures
from adapters.machine.clock import SystemClock
from adapters.machine.file_system import LocalFileSystem
from adapters.machine.input_files import LocalFiles, RememberedFiles
from adapters.machine.terminal import SilentTerminal, Stderr
from domain.errors import MissingSettingError
from domain.mint.judge_options import ANY_SUBJECT, read_token_options
from domain.settings.devices import check_key_sources
from domain.token.options import TokenOptions
from entrypoints.command_line.argv import complete_settings
from entrypoints.command_line.options import TOKEN_OPTIONS
from entrypoints.use_cases.doctor_state import Ports
from entrypoints.wiring.authority import find_root, wire_authority, wire_published_authority
from entrypoints.wiring.late_adapters import SilentIdentityProvider
from entrypoints.wiring.settings import open_step_path
from entrypoints.wiring.token import assemble_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.machine.step_path import StepPath
    from domain.ca.url import CaUrl
    from domain.doctor.ports import CaVisitor
    from domain.ports import Configuration, InputFiles
    from domain.provisioners.authority import ListingAuthority
    from domain.settings.setting import Settings
    from entrypoints.use_cases import mint as minting


def wire_diagnosis(given: Settings) -> Ports:
    """Return the real adapters for `doctor`.

    Args:
        given: The settings of `token` that flags and environment give.
    """
    files, clock = RememberedFiles(LocalFiles(Stderr(sys.stderr).inform)), SystemClock()
    context = None if "context" not in given else str(given["context"].value) or None

    def judge(settings: Settings) -> TokenOptions:
        options = read_token_options(ANY_SUBJECT, settings, clock.now())
        return attrs.evolve(options, request=attrs.evolve(options.request, subject=""))

    def read_given() -> TokenOptions:
        try:
            return judge(given)
        except MissingSettingError:  # configuration may have it
            return judge({name: given[name] for name in ("ca-url", "root") if name in given})

    def read_root(options: TokenOptions, step_path: Configuration) -> tuple[str, Sequence[bytes]]:
        root = find_root(options, cast("StepPath", step_path), files)
        named_by = options.spell("root") if options.flag("root") else "the usual place"
        return f"{root.path} ({named_by})", root.certificates()

    return Ports(
        clock=clock,
        certificates=CertificateReader(),
        signatures=StepCaSignatures(),
        file_system=LocalFileSystem(),
        whence="STEPPATH" if os.environ.get("STEPPATH") else "in the home folder",
        open_step_path=lambda: open_step_path(os.environ, context),
        read_given=read_given,
        read_settings=lambda values: judge(complete_settings(given, values, TOKEN_OPTIONS)),
        find_root=read_root,
        find_authority=lambda options, step_path: wire_authority(options, cast("StepPath", step_path), files),
        find_visitor=_wire_visitor,
        find_minting=lambda options, authority: _wire_minting(options, authority, files),
        find_published=lambda options, step_path: wire_published_authority(options, cast("StepPath", step_path), files),
    )


def _wire_minting(options: TokenOptions, authority: ListingAuthority, files: InputFiles) -> minting.Ports:
    check_key_sources(options)
    return assemble_ports(options, authority, files, SilentTerminal(), Stderr(None), SilentIdentityProvider())


def _wire_visitor(options: TokenOptions, ca_url: CaUrl, roots: Sequence[bytes]) -> CaVisitor:
    from adapters.ca.visit import HttpsCaVisitor  # noqa: PLC0415

    times = {"request_timeout": options.request_timeout, "timeout": options.timeout}
    return HttpsCaVisitor(ca_url, roots, clock=SystemClock(), **times)
