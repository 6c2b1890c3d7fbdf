"""The table of commands that spend tokens, and of those that ask the CA about itself."""

from collections.abc import Sequence

from entrypoints.command_line.commands import ASK, Command
from entrypoints.command_line.enroll_options import ONLINE_OPTIONS

CA_HEALTH = Command(
    "ca health",
    "ask the CA whether it is well",
    "",
    'Prints "ok" where the CA answers that it is well. The exit status is 1 where it does not.',
    ONLINE_OPTIONS,
    (("Is the CA well?", "ca health"), ("Another one", "ca health --ca-url ca.example.com --root root_ca.crt")),
    ASK,
)

ENROLL_COMMANDS: Sequence[Command] = (CA_HEALTH,)
