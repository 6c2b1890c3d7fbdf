"""`step-ott doctor`: why minting fails here, or why the CA refuses the token."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import attrs

from adapters.certificates.reader import CertificateReader
from adapters.jose.jws import StepCaSignatures
from adapters.machine.clock import SystemClock
from adapters.machine.file_system import LocalFileSystem
from adapters.machine.input_files import RememberedFiles
from adapters.machine.terminal import SilentTerminal, Stderr
from domain.errors import MissingSettingError
from domain.mint.judge_options import ANY_SUBJECT, read_token_options
from domain.report.check_result import Outcome
from domain.settings.devices import check_key_sources
from domain.settings.print_form import REPORT_FORMS, choose_form
from domain.settings.setting import layer
from entrypoints.command_line.argv import complete_settings, parse_environment, take_none
from entrypoints.command_line.options import DOCTOR_OPTIONS, TOKEN_OPTIONS
from entrypoints.use_cases.doctor import diagnose, list_facts
from entrypoints.wiring.authority import find_root, wire_authority, wire_published_authority
from entrypoints.wiring.late_adapters import SilentIdentityProvider
from entrypoints.wiring.output import print_report
from entrypoints.wiring.settings import open_step_path, wire_files
from entrypoints.wiring.token import assemble_ports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.ca.url import CaUrl
    from domain.certificates.ports import Certificates, Signatures
    from domain.doctor.ca_visit import CaVisit
    from domain.doctor.ports import FileSystem
    from domain.ports import Clock, Configuration
    from domain.provisioners.authority import ListingAuthority, PublishedAuthority
    from domain.provisioners.credential import Sources
    from domain.settings.setting import Settings
    from domain.token.options import TokenOptions


def run(positional: Sequence[str], flags: Settings) -> int:
    """Print what was found, and return 1 where something fails."""
    take_none(positional, "doctor")
    form = choose_form(layer(flags, parse_environment(os.environ, DOCTOR_OPTIONS)), REPORT_FORMS)
    findings = diagnose(LocalSetup(layer(flags, parse_environment(os.environ, TOKEN_OPTIONS))))
    print_report(list_facts(findings, form), form)
    return 1 if any(finding.outcome is Outcome.FAILED for finding in findings) else 0


class LocalSetup:
    """The machine as `token` would find it (see `domain.doctor.ports.Setup`).

    Attributes:
        given: The settings of `token` that flags and environment give.
    """

    def __init__(self, given: Settings) -> None:
        self.given = given
        self.clock: Clock = SystemClock()
        self.certificates: Certificates = CertificateReader()
        self.signatures: Signatures = StepCaSignatures()
        self.file_system: FileSystem = LocalFileSystem()
        self.whence = "STEPPATH" if os.environ.get("STEPPATH") else "in the home folder"
        self._files = RememberedFiles(wire_files())

    def open_step_path(self) -> Configuration:
        """Find the step path."""
        return open_step_path(
            os.environ, None if "context" not in self.given else str(self.given["context"].value) or None
        )

    def read_given(self) -> TokenOptions:
        """Return what flags and environment say."""
        try:
            return self._judge(self.given)
        except MissingSettingError:  # configuration may have it
            return self._judge({name: self.given[name] for name in ("ca-url", "root") if name in self.given})

    def read_settings(self, configured: Mapping[str, tuple[Any, str]]) -> TokenOptions:
        """Return all settings."""
        return self._judge(complete_settings(self.given, configured, TOKEN_OPTIONS))

    def _judge(self, settings: Settings) -> TokenOptions:
        options = read_token_options(ANY_SUBJECT, settings, self.clock.now())
        return attrs.evolve(options, request=attrs.evolve(options.request, subject=""))

    def read_root(self, options: TokenOptions, step_path: Configuration) -> tuple[str, Sequence[bytes]]:
        """Return the file of the root with what names it, and its certificates."""
        root = find_root(options, step_path, self._files)
        named_by = options.spell("root") if options.flag("root") else "the usual place"
        return f"{root.path} ({named_by})", root.certificates()

    def find_authority(self, options: TokenOptions, step_path: Configuration) -> ListingAuthority:
        """Return the CA, as `token` would ask it."""
        return wire_authority(options, step_path, self._files)

    def find_published(self, options: TokenOptions, step_path: Configuration) -> PublishedAuthority:
        """Return the CA as it says by what it judges tokens."""
        return wire_published_authority(options, step_path, self._files)

    def visit(self, options: TokenOptions, ca_url: CaUrl, roots: Sequence[bytes]) -> CaVisit:
        """Go to the address, and look."""
        from adapters.ca.visit import HttpsCaVisitor  # noqa: PLC0415

        times = {"request_timeout": options.request_timeout, "timeout": options.timeout}
        return HttpsCaVisitor(ca_url, roots, clock=self.clock, environment=os.environ, **times).visit()

    def wire_ports(self, options: TokenOptions, authority: ListingAuthority) -> Sources:
        """Return what `token` would mint through at this CA, but that nobody is asked anything."""
        check_key_sources(options)
        return assemble_ports(options, authority, self._files, SilentTerminal(), Stderr(None), SilentIdentityProvider())
