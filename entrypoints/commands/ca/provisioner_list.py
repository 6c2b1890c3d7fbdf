"""`step-ott ca provisioner list`: the provisioners of a CA."""

from collections.abc import Sequence

from domain.formats.json_text import print_as_go
from domain.settings.authority import read_authority_options
from domain.settings.setting import Settings, naming_sources
from entrypoints.command_line.argv import take_none
from entrypoints.command_line.enroll_options import ONLINE_OPTIONS
from entrypoints.wiring.authority import wire_online
from entrypoints.wiring.output import print_text
from entrypoints.wiring.settings import read_settings, wire_files


def run(positional: Sequence[str], flags: Settings) -> int:
    """Print them as a JSON list, as the CA has them."""
    take_none(positional, "ca provisioner list")
    settings, step_path = read_settings(ONLINE_OPTIONS, flags, read_authority_options)
    with naming_sources(settings):
        listed = wire_online(read_authority_options(settings), step_path, wire_files()).list_provisioners()
    return print_text(f"{print_as_go(listed)}\n")
