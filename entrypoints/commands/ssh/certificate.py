"""`step-ott ssh certificate`: an SSH key, and the CA's certificate for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.machine.clock import SystemClock
from adapters.output.ssh_files import SshFiles
from domain.enroll.ssh_options import read_ssh_certificate_options
from domain.errors import UsageError
from domain.settings.setting import naming_sources
from entrypoints.command_line.argv import take_pair
from entrypoints.command_line.ssh_options import SSH_CERTIFICATE_OPTIONS
from entrypoints.process import is_own
from entrypoints.use_cases.ssh_files import list_written_files, write_ssh_certificate
from entrypoints.wiring.kept_files import keep_inputs, list_read_files
from entrypoints.wiring.settings import read_settings
from entrypoints.wiring.ssh import wire_new_password, wire_ssh_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.enroll.ssh_files import SshFileNames
    from domain.enroll.ssh_options import SshCertificateOptions
    from domain.ports import Notices
    from domain.settings.setting import Settings
    from entrypoints.process import is_own
from entrypoints.use_cases.ssh_files import WrittenSsh


def run(positional: Sequence[str], flags: Settings) -> int:
    """Get a certificate, and write it, and its key where that is new."""
    key_id, key_file = take_pair(positional, "ssh certificate", "a key identifier", "the file of the key")
    if key_file in ("", "-"):
        raise UsageError(f"{key_file!r} is not a file", "name a file; one called - is ./-")
    now = SystemClock().now()

    def read(given: Settings) -> SshCertificateOptions:
        return read_ssh_certificate_options(key_id, given, now)

    settings, step_path = read_settings(SSH_CERTIFICATE_OPTIONS, flags, read)
    options = read(settings)
    with naming_sources(settings):
        files = SshFiles(replace="force" in options.settings, is_last=is_own())
        keep_inputs(list_written_files(options, key_file), list_read_files(options.settings))
        ports, token = wire_ssh_ports(options.minting, step_path, options.settings.get("token"))
        passwords = wire_new_password(options.settings, ports)
        written = write_ssh_certificate(options, key_file, files, ports, passwords=passwords, token=token)
    for line in tell_files(written.names):
        ports.minting.notices.inform(line)
    _tell_more(options, written, ports.minting.notices)
    return 0


def tell_files(names: SshFileNames, prefix: str = "") -> Iterator[str]:
    """Give a line for each file that was written, as step does."""
    told = {"Private Key": names.private_key, "Public Key": names.public_key, "Certificate": names.certificate}
    yield from (f"✔ {prefix}{what}: {path}" for what, path in told.items() if path)


def _tell_more(options: SshCertificateOptions, written: WrittenSsh, notices: Notices) -> None:
    given = options.settings
    if written.names.private_key and not options.terms.is_host and "no-agent" not in given:
        comment = ", and --comment has no effect" if "comment" in given else ""
        notices.warn(f"the certificate is not added to an SSH agent{comment}: run ssh-add, or say --no-agent")
    elif "comment" in given:
        notices.warn("--comment has no effect: nothing is added to an SSH agent")
    if "host-id" in given:
        notices.warn("--host-id has no effect: step-ca asks for no identity certificate")
    if written.add_user is not None:
        for line in tell_files(written.add_user, "Add User "):
            notices.inform(line)
    elif options.adds_user:
        notices.warn("the CA gives no certificate for --add-user")
    for difference in written.differences:
        notices.warn(f"the CA decides otherwise: {difference}")
