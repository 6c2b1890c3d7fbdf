"""`step-ott ca roots` and `step-ott ca federation`: certificates that the CA names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.formats.pem import encode_pem
from domain.settings.authority import read_authority_options
from domain.settings.setting import naming_sources
from entrypoints.command_line.argv import take_output_file
from entrypoints.command_line.ca_options import CA_ROOTS_OPTIONS
from entrypoints.wiring.authority import wire_online
from entrypoints.wiring.output_file import print_or_write
from entrypoints.wiring.settings import read_settings, wire_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.settings.setting import Settings


def run_roots(positional: Sequence[str], flags: Settings) -> int:
    """Print the root certificates of the CA, or write them to a file."""
    return _run("roots", "The root certificate bundle", positional, flags)


def run_federation(positional: Sequence[str], flags: Settings) -> int:
    """Print the root certificates of the CA's federation, or write them to a file."""
    return _run("federation", "The federation certificate bundle", positional, flags)


def _run(bundle: str, what: str, positional: Sequence[str], flags: Settings) -> int:
    path = take_output_file(positional, f"ca {bundle}")
    settings, step_path = read_settings(CA_ROOTS_OPTIONS, flags, read_authority_options)
    with naming_sources(settings):
        authority = wire_online(read_authority_options(settings), step_path, wire_files())
        blocks = [encode_pem("CERTIFICATE", der) for der in authority.list_certificates(bundle)]
        return print_or_write(b"".join(blocks).decode(), path, settings, what)
