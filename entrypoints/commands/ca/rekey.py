"""`step-ott ca rekey`: a certificate with another key in the place of an old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.machine.clock import SystemClock
from adapters.output.key_pair import KeyPairFiles
from domain.enroll.rekeying import read_rekeying_options
from domain.settings.setting import naming_sources
from entrypoints.command_line.argv import take_certificate_and_key
from entrypoints.command_line.enroll_options import REKEY_OPTIONS
from entrypoints.process import is_own
from entrypoints.use_cases.rekeying import CertificateRekeying
from entrypoints.use_cases.renewal import tell_undue
from entrypoints.wiring.kept_files import keep_key
from entrypoints.wiring.renewal import run_daemon, wire_ca_ports, wire_new_keys, wire_renewable_files, wire_services
from entrypoints.wiring.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.enroll.rekeying import RekeyingOptions
    from domain.settings.setting import Settings


def run(positional: Sequence[str], flags: Settings) -> int:
    """Give a certificate another key, once or again and again."""
    certificate, key = take_certificate_and_key(positional, "ca rekey")
    now = SystemClock().now()

    def read(given: Settings) -> RekeyingOptions:
        return read_rekeying_options(certificate, key, given, now)

    settings, step_path = read_settings(REKEY_OPTIONS, flags, read)
    options = read(settings)
    with naming_sources(settings):
        ports = wire_ca_ports(options.renewal.minting, step_path)
        is_daemon = "daemon" in options.renewal.settings
        replaces = is_daemon or "force" in options.renewal.settings
        given = [] if options.given_key is None else [options.given_key.path]
        is_last = is_own() and not is_daemon and not options.renewal.services.has_any
        keep_key(options.out_certificate, key, *given)
        pair = KeyPairFiles(options.out_certificate, options.out_key, replaces, takes_after=True, is_last=is_last)
        new_keys = wire_new_keys(options.given_key, ports)
        rekeying = CertificateRekeying(
            options, ports, new_keys, pair, wire_renewable_files(options.renewal, key, ports)
        )
        services = wire_services(options.renewal.services)
        if is_daemon:
            return run_daemon(rekeying, options.renewal.schedule, ports, services)
        if tell_undue(rekeying, options.renewal.schedule, ports):
            return 0
        rekeying.renew()
        ports.minting.notices.inform(f"✔ Certificate: {options.out_certificate}")
        if options.out_key is not None:
            ports.minting.notices.inform(f"✔ Private Key: {options.out_key}")
        elif options.out_certificate == certificate and given:
            ports.minting.notices.warn(f"{certificate} is now for the key in {given[0]}; {key} is not its key any more")
        services.notify()
    return 0
