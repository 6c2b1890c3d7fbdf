"""`step-ott ca root`: the root certificate of a CA, by its fingerprint."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from domain.formats.pem import encode_pem
from domain.settings.authority import read_authority_options
from domain.settings.root_fingerprint import read_root_fingerprint
from domain.settings.setting import naming_sources
from entrypoints.command_line.argv import take_output_file
from entrypoints.command_line.ca_options import CA_ROOT_OPTIONS
from entrypoints.wiring.authority import require_ca_url, wire_root_source
from entrypoints.wiring.output_file import print_or_write
from entrypoints.wiring.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.settings.setting import Settings


def run(positional: Sequence[str], flags: Settings) -> int:
    """Print it, or write it to a file."""
    path = take_output_file(positional, "ca root")
    settings, _ = read_settings(CA_ROOT_OPTIONS, flags, read_authority_options)
    with naming_sources(settings):
        options = read_authority_options(settings)
        ca_url, fingerprint = require_ca_url(options), read_root_fingerprint(options)
        der = wire_root_source(options, os.environ).find(ca_url, fingerprint)
        return print_or_write(encode_pem("CERTIFICATE", der).decode(), path, settings, "The root certificate")
