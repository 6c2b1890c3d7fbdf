"""`step-ott token`: a token."""

from collections.abc import Sequence

from adapters.machine.clock import SystemClock
from domain.errors import UsageError
from domain.mint.judge_options import read_token_options
from domain.settings.setting import Settings, naming_sources
from entrypoints.command_line.options import TOKEN_OPTIONS
from entrypoints.use_cases.mint import mint_token
from entrypoints.wiring.settings import read_settings
from entrypoints.wiring.token import wire_ports


def run(positional: Sequence[str], flags: Settings) -> int:
    """Mint a token and deliver it."""
    if len(positional) > 1:
        raise UsageError(
            f"there is more than one subject: {', '.join(map(repr, positional))}", "give one; names go to --san"
        )
    subject = positional[0] if positional else None
    now = SystemClock().now()
    settings, step_path = read_settings(TOKEN_OPTIONS, flags, lambda given: read_token_options(subject, given, now))
    options = read_token_options(subject, settings, now)
    with naming_sources(settings):
        mint_token(options, wire_ports(options, step_path))
    return 0
