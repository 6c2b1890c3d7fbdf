"""`step-ott ca revoke`: a certificate that is renewed no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.certificates.reader import CertificateReader
from adapters.machine.clock import SystemClock
from domain.enroll.revocation import read_revocation_options
from domain.errors import UsageError
from domain.settings.setting import naming_sources
from entrypoints.command_line.enroll_options import REVOKE_OPTIONS
from entrypoints.use_cases.inspect import read_source
from entrypoints.use_cases.revocation import revoke_by_certificate, revoke_by_provisioner, revoke_by_token
from entrypoints.use_cases.serial_number import find_serial
from entrypoints.wiring.renewal import wire_ca_ports
from entrypoints.wiring.settings import read_settings, wire_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.enroll.revocation import RevocationOptions
    from domain.ports import Configuration
    from domain.settings.setting import Settings
    from entrypoints.use_cases.ca_ports import CaPorts


def run(positional: Sequence[str], flags: Settings) -> int:
    """Revoke a certificate."""
    if len(positional) > 1:
        raise UsageError("ca revoke takes one serial number", "revoke them one by one")
    serial = positional[0] if positional else None

    def read(given: Settings) -> RevocationOptions:
        return read_revocation_options(serial, given)

    settings, step_path = read_settings(REVOKE_OPTIONS, flags, read)
    options = read(settings)
    with naming_sources(settings):
        ports, revoked = revoke(options, step_path)
        ports.minting.notices.inform(f"Certificate with Serial Number {revoked} has been revoked.")
    return 0


def revoke(options: RevocationOptions, step_path: Configuration) -> tuple[CaPorts, str]:
    """Revoke a certificate in the way that the options say; return its serial number, with the ports."""
    now = SystemClock().now()
    if options.certificate is not None:
        minting = options.holding(options.certificate, now)
        ports = wire_ca_ports(minting, step_path)
        return ports, revoke_by_certificate(minting, options.reason, ports)
    serial = find_serial(options.serial or "", wire_files(), CertificateReader())
    minting = options.minting(serial, now)
    if options.token is None:
        ports = wire_ca_ports(minting, step_path)
        revoke_by_provisioner(minting, options.reason, ports)
        return ports, serial
    with minting.naming("token", options.token):
        token = read_source(options.token, wire_files(), str.strip)
    ports = wire_ca_ports(minting, step_path, token)
    revoke_by_token(serial, token, options.reason, ports)
    return ports, serial
