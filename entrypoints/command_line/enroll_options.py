"""The rows of the table of options for commands that ask the CA for more than a token's makings."""

from collections.abc import Sequence

from entrypoints.command_line.options import AUTHORITY_OPTIONS, Option

NOT_ONLINE = frozenset({"offline", "ca-config"})
"""Options of which nothing is left where the CA itself is asked."""

ONLINE_OPTIONS: Sequence[Option] = tuple(option for option in AUTHORITY_OPTIONS if option.name not in NOT_ONLINE)
"""Which CA is asked, and how long."""
