"""`step-ott ssh revoke`: the end of an SSH certificate's renewals."""

from collections.abc import Sequence

from adapters.certificates.reader import CertificateReader
from domain.enroll.ssh_renewal import SshRevocationOptions, read_ssh_revocation_options
from domain.errors import UsageError
from domain.mint.judge_options import ANY_SUBJECT
from domain.settings.setting import Settings, naming_sources
from entrypoints.command_line.ssh_options import SSH_REVOKE_OPTIONS
from entrypoints.use_cases.serial_number import find_serial
from entrypoints.use_cases.ssh_certificates import revoke_ssh_certificate
from entrypoints.wiring.settings import read_settings, wire_files
from entrypoints.wiring.ssh import wire_ssh_ports


def run(positional: Sequence[str], flags: Settings) -> int:
    """Revoke a certificate, and say so."""
    if len(positional) > 1:
        raise UsageError("ssh revoke takes one serial number", "leave the others out")
    named = positional[0] if positional else None

    def read(given: Settings) -> SshRevocationOptions:
        return read_ssh_revocation_options(None if named is None else ANY_SUBJECT, given)

    settings, step_path = read_settings(SSH_REVOKE_OPTIONS, flags, read)
    read(settings)
    with naming_sources(settings):
        serial = None if named is None else find_serial(named, wire_files(), CertificateReader(), is_ssh=True)
        options = read_ssh_revocation_options(serial, settings)
        ports, token = wire_ssh_ports(options.minting, step_path, options.settings.get("token"))
        revoked = revoke_ssh_certificate(options, ports, token)
    ports.minting.notices.inform(f"SSH Certificate with Serial Number {revoked} has been revoked.")
    return 0
