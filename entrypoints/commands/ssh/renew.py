"""`step-ott ssh renew`: another certificate for the key of an SSH host certificate."""

from collections.abc import Sequence

from adapters.output.ssh_files import SshFiles
from domain.enroll.ssh_renewal import SshRenewalOptions, read_ssh_renewal_options
from domain.settings.setting import Settings, naming_sources
from domain.token.kind import Kind
from entrypoints.command_line.argv import take_certificate_and_key
from entrypoints.command_line.ssh_options import SSH_RENEW_OPTIONS
from entrypoints.process import is_own
from entrypoints.use_cases.ssh_files import write_renewed_ssh
from entrypoints.wiring.kept_files import keep_key
from entrypoints.wiring.settings import read_settings
from entrypoints.wiring.ssh import wire_ssh_ports


def run(positional: Sequence[str], flags: Settings) -> int:
    """Renew a certificate, and write the new one."""
    certificate, key = take_certificate_and_key(positional, "ssh renew")

    def read(given: Settings) -> SshRenewalOptions:
        return read_ssh_renewal_options(Kind.SSH_RENEW, certificate, key, given)

    settings, step_path = read_settings(SSH_RENEW_OPTIONS, flags, read)
    options = read(settings)
    with naming_sources(settings):
        keep_key(options.out or certificate, key)
        ports, _ = wire_ssh_ports(options.minting, step_path)
        path = write_renewed_ssh(options, SshFiles(replace="force" in options.settings, is_last=is_own()), ports)
    ports.minting.notices.inform(f"✔ Certificate: {path}")
    return 0
