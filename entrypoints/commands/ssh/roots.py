"""`step-ott ssh roots`: the keys by which the CA signs SSH certificates."""

from collections.abc import Sequence

from domain.enroll.ssh_files import format_key
from domain.errors import AuthorityError
from domain.formats import json_text
from domain.settings.authority import read_authority_options
from domain.settings.print_form import JSON, REPORT_FORMS, choose_form
from domain.settings.setting import Settings, drop_absent, naming_sources
from entrypoints.command_line.argv import take_none
from entrypoints.command_line.ssh_options import SSH_ROOTS_OPTIONS
from entrypoints.wiring.authority import wire_online
from entrypoints.wiring.output import print_text
from entrypoints.wiring.settings import read_settings, wire_files


def run(positional: Sequence[str], flags: Settings) -> int:
    """Print the keys for certificates of users, or of hosts, a line each."""
    take_none(positional, "ssh roots")
    settings, step_path = read_settings(SSH_ROOTS_OPTIONS, flags, read_authority_options)
    form = choose_form(settings, REPORT_FORMS)
    given = drop_absent(settings)
    with naming_sources(settings):
        authority = wire_online(read_authority_options(settings), step_path, wire_files())
        user_keys, host_keys = authority.list_ssh_keys()
        keys, whose = (host_keys, "host") if "host" in given else (user_keys, "user")
        if not keys:
            what = f"the CA at {authority.url()} has no key for certificates of {whose}s"
            raise AuthorityError(what, "set up SSH at the CA: step ca init --ssh")
        try:
            lines = [format_key(key) for key in keys]
        except ValueError as error:
            what = f"the CA at {authority.url()} cannot be used: one of its SSH keys is not a key"
            raise AuthorityError(what, "check --ca-url and the CA's log") from error
    if form == JSON:
        return print_text(json_text.serialize({"type": whose, "keys": lines}) + "\n")
    return print_text("".join(f"{line}\n" for line in lines))
