"""`step-ott batch`: a token for each line of a list."""

import sys
from collections.abc import Sequence

from adapters.machine.clock import SystemClock
from domain.batch.options import read_batch_options
from domain.errors import UsageError
from domain.settings.setting import Settings, naming_sources
from entrypoints.command_line.options import BATCH_OPTIONS
from entrypoints.wiring.batch import run_wired_batch
from entrypoints.wiring.settings import read_settings


def run(positional: Sequence[str], flags: Settings) -> int:
    """Mint the tokens, and return 1 where a line was refused."""
    if len(positional) > 1:
        raise UsageError(f"batch takes one file, and not {positional[1]!r} as well", "put all subjects into one")
    if not positional and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("the file with the subjects is missing", "name it, or - to type them")
    source, now = positional[0] if positional else "-", SystemClock().now()
    settings, step_path = read_settings(BATCH_OPTIONS, flags, lambda given: read_batch_options(source, given, now))
    options = read_batch_options(source, settings, now)
    with naming_sources(settings):
        totals = run_wired_batch(options, step_path)
    return 1 if totals.refused else 0
