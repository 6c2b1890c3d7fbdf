"""Which option names the file with the signing key's password (step CLI, utils/cautils/token_generator.go)."""

from collections.abc import Sequence

from domain.settings.authority import AuthorityOptions
from domain.settings.devices import uses_device
from domain.settings.setting import Origin

PASSWORD_FILES = ("provisioner-password-file", "password-file")
"""The options that name such a file; the first goes before the second, wherever each comes from."""


def choose_password_file(options: AuthorityOptions) -> str | None:
    """Return the option whose file is read where a password is wanted, None where none is named.

    To a device only a flag's file goes: a provisioner's usual password is not a PIN, and wrong ones lock devices.
    """
    named = [name for name in PASSWORD_FILES if name in options.settings]
    return next((name for name in named if options.is_flag(name) or not uses_device(options)), None)


def list_outranked(options: AuthorityOptions) -> Sequence[str]:
    """Return the options whose file a person named for this run, and that another one's file goes before.

    Where a device is used, a variable's file is not meant for it (see `choose_password_file`).
    """
    chosen = choose_password_file(options)
    least = Origin.FLAG if uses_device(options) else Origin.ENVIRONMENT
    others = [name for name in PASSWORD_FILES if name in options.settings and name != chosen]
    return [] if chosen is None else [name for name in others if options.settings[name].origin >= least]


def explain_outranked(options: AuthorityOptions) -> str:
    """Return what to say beside a password that does not do, of the file that was named too; else nothing."""
    chosen, outranked = choose_password_file(options), list_outranked(options)
    if chosen is None or not outranked:
        return ""
    flag = "" if options.is_flag(chosen) else f"; --{chosen} on the command line takes precedence over both"
    return f"; {options.spell(outranked[0])} is not used, because {options.spell(chosen)} takes precedence{flag}"
