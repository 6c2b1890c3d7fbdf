"""`step-ott ca renew`: a new certificate in the place of an old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.machine.clock import SystemClock
from adapters.output.key_pair import KeyPairFiles
from domain.enroll.renewal import read_renewal_options
from domain.settings.setting import naming_sources
from entrypoints.command_line.argv import take_certificate_and_key
from entrypoints.command_line.enroll_options import RENEW_OPTIONS
from entrypoints.process import is_own
from entrypoints.use_cases.renewal import CertificateRenewal, tell_undue
from entrypoints.wiring.kept_files import keep_key
from entrypoints.wiring.renewal import run_daemon, wire_ca_ports, wire_renewable_files, wire_services
from entrypoints.wiring.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.enroll.renewal import RenewalOptions
    from domain.settings.setting import Settings


def run(positional: Sequence[str], flags: Settings) -> int:
    """Renew a certificate, once or again and again."""
    certificate, key = take_certificate_and_key(positional, "ca renew")
    now = SystemClock().now()

    def read(given: Settings) -> RenewalOptions:
        return read_renewal_options(certificate, key, given, now)

    settings, step_path = read_settings(RENEW_OPTIONS, flags, read)
    options = read(settings)
    with naming_sources(settings):
        ports = wire_ca_ports(options.minting, step_path)
        is_daemon = "daemon" in options.settings
        target = options.out_certificate
        is_last = is_own() and not is_daemon and not options.services.has_any
        keep_key(target, key)
        sink = KeyPairFiles(target, None, is_daemon or "force" in options.settings, takes_after=True, is_last=is_last)
        renewal = CertificateRenewal(options, ports, sink, wire_renewable_files(options, key, ports))
        services = wire_services(options.services)
        if is_daemon:
            return run_daemon(renewal, options.schedule, ports, services)
        if tell_undue(renewal, options.schedule, ports):
            return 0
        renewal.renew()
        ports.minting.notices.inform(f"Your certificate has been saved in {target}.")
        services.notify()
    return 0
