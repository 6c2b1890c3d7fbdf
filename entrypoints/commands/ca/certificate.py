"""`step-ott ca certificate`: a key, and the CA's certificate for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.machine.clock import SystemClock
from adapters.output.key_pair import KeyPairFiles
from domain.enroll.options import read_certificate_options
from domain.errors import UsageError
from domain.settings.devices import is_device_uri
from domain.settings.setting import naming_sources
from entrypoints.command_line.enroll_options import CERTIFICATE_OPTIONS
from entrypoints.process import is_own
from entrypoints.use_cases.certificates import obtain_certificate
from entrypoints.wiring.certificates import wire_enroll_ports
from entrypoints.wiring.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.enroll.options import CertificateOptions
    from domain.settings.setting import Settings


def run(positional: Sequence[str], flags: Settings) -> int:
    """Get a certificate, and write it and its key."""
    if len(positional) != 3:
        what = "ca certificate takes a subject, a file for the certificate, and a file for its key"
        raise UsageError(what, "name all three")
    subject, certificate_file, key_file = positional
    now = SystemClock().now()

    def read(given: Settings) -> CertificateOptions:
        return read_certificate_options(subject, given, now, key_file)

    settings, step_path = read_settings(CERTIFICATE_OPTIONS, flags, read)
    options = read(settings)
    with naming_sources(settings):
        written_key = None if is_device_uri(key_file) else key_file
        pair = KeyPairFiles(certificate_file, written_key, "force" in options.settings, is_last=is_own())
        pair.check()
        ports, token = wire_enroll_ports(options, step_path, pair)
        obtain_certificate(options, ports, token)
        ports.minting.notices.inform(f"✔ Certificate: {certificate_file}")
        if written_key is not None:
            ports.minting.notices.inform(f"✔ Private Key: {written_key}")
    return 0
