"""`step-ott ca health`: whether the CA is well."""

from collections.abc import Sequence

from domain.errors import AuthorityError
from domain.settings.authority import read_authority_options
from domain.settings.setting import Settings, naming_sources
from entrypoints.command_line.argv import take_none
from entrypoints.command_line.enroll_options import ONLINE_OPTIONS
from entrypoints.wiring.authority import wire_online
from entrypoints.wiring.output import print_text
from entrypoints.wiring.settings import read_settings, wire_files

HEALTHY = "ok"


def run(positional: Sequence[str], flags: Settings) -> int:
    """Print how the CA says that it is."""
    take_none(positional, "ca health")
    settings, step_path = read_settings(ONLINE_OPTIONS, flags, read_authority_options)
    with naming_sources(settings):
        authority = wire_online(read_authority_options(settings), step_path, wire_files())
        status = authority.health()
        if status != HEALTHY:
            raise AuthorityError(f"the CA at {authority.url()} says that it is {status!r}", "look at its log")
    return print_text(f"{status}\n")
