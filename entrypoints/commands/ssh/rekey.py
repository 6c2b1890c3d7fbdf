"""`step-ott ssh rekey`: a new key in the place of that of an SSH host certificate, and a certificate for it."""

from collections.abc import Sequence

from adapters.output.ssh_files import SshFiles
from domain.enroll.ssh_renewal import SshRenewalOptions, read_ssh_renewal_options
from domain.settings.setting import Settings, naming_sources
from domain.token.kind import Kind
from entrypoints.command_line.argv import take_certificate_and_key
from entrypoints.command_line.ssh_options import SSH_REKEY_OPTIONS
from entrypoints.commands.ssh.certificate import tell_files
from entrypoints.process import is_own
from entrypoints.use_cases.ssh_files import name_rekeyed_files, write_rekeyed_ssh
from entrypoints.wiring.kept_files import keep_inputs
from entrypoints.wiring.settings import read_settings
from entrypoints.wiring.ssh import wire_new_password, wire_ssh_ports


def run(positional: Sequence[str], flags: Settings) -> int:
    """Get a certificate for a new key, and write both."""
    certificate, key = take_certificate_and_key(positional, "ssh rekey")

    def read(given: Settings) -> SshRenewalOptions:
        return read_ssh_renewal_options(Kind.SSH_REKEY, certificate, key, given)

    settings, step_path = read_settings(SSH_REKEY_OPTIONS, flags, read)
    options = read(settings)
    with naming_sources(settings):
        names = name_rekeyed_files(options)
        keep_inputs([names.private_key, names.public_key], [certificate])
        keep_inputs([names.certificate, names.public_key], [key])
        ports, _ = wire_ssh_ports(options.minting, step_path)
        files = SshFiles(replace="force" in options.settings, is_last=is_own())
        names = write_rekeyed_ssh(options, files, wire_new_password(options.settings, ports), ports)
    for line in tell_files(names):
        ports.minting.notices.inform(line)
    return 0
