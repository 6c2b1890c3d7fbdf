"""`step-ott ca sign`: the CA's certificate for a certificate signing request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.machine.clock import SystemClock
from adapters.output.key_pair import KeyPairFiles
from domain.enroll.options import read_certificate_options
from domain.errors import UsageError, name_file, naming
from domain.settings.setting import naming_sources
from entrypoints.command_line.enroll_options import SIGN_OPTIONS
from entrypoints.process import is_own
from entrypoints.use_cases.certificates import MAX_CSR_BYTES, sign_request
from entrypoints.wiring.certificates import wire_enroll_ports
from entrypoints.wiring.settings import read_settings, wire_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.enroll.options import CertificateOptions
    from domain.settings.setting import Settings


def run(positional: Sequence[str], flags: Settings) -> int:
    """Get a certificate for a CSR, and write it."""
    if len(positional) != 2:
        raise UsageError("ca sign takes a file with the CSR, and a file for the certificate", "name both")
    csr_file, certificate_file = positional
    now = SystemClock().now()

    def read(given: Settings) -> CertificateOptions:
        return read_certificate_options(None, given, now, others={"the CSR": csr_file})

    settings, step_path = read_settings(SIGN_OPTIONS, flags, read)
    options = read(settings)
    with naming_sources(settings):
        pair = KeyPairFiles(certificate_file, None, "force" in options.settings, is_last=is_own())
        pair.check()
        with naming(name_file(csr_file)):
            csr = wire_files().read(csr_file, MAX_CSR_BYTES)
        ports, token = wire_enroll_ports(options, step_path, pair)
        with naming(name_file(csr_file)):
            sign_request(csr, options, ports, token)
        ports.minting.notices.inform(f"✔ Certificate: {certificate_file}")
    return 0
