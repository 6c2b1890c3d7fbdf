"""`step-ott batch`: a token for each line of a list."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from adapters.batch.line_source import LineSource
from adapters.batch.progress import ProgressBar
from adapters.batch.worker_pool import WorkerPool
from adapters.machine.clock import SystemClock, SystemRandomness
from adapters.output.batch_rows import RowWriter
from adapters.process.interruption import Interruption
from domain.batch.line import MAX_LINE_BYTES
from domain.batch.options import count_workers, read_batch_options
from domain.errors import OutputError, UsageError
from domain.provisioners.credential import IssuedToken
from domain.settings.setting import naming_sources
from entrypoints.command_line.options import BATCH_OPTIONS
from entrypoints.use_cases.batch import Totals, run_batch
from entrypoints.use_cases.mint import gather_evidence
from entrypoints.use_cases.mint_lines import LineMinter
from entrypoints.wiring.settings import read_settings, wire_files
from entrypoints.wiring.token import wire_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.machine.step_path import StepPath
    from domain.batch.certificate_options import FleetOptions
    from domain.batch.options import BatchOptions
    from domain.batch.ports import BatchSink
    from domain.settings.setting import Settings

LINES_AT_ONCE, PIPED_LINES_AT_ONCE, SLOW_LINES_AT_ONCE = 512, 64, 16
"""How many lines a worker gets at a time: into a file; into a pipe, whose tokens should not be old when they are read;
and where signing is slow. The more they are, the less a worker waits, and the later their tokens come."""

PORTION_BYTES = 1 << 20
"""About the most that the tokens made of them may take, whatever stands in each."""


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
        totals = _mint_lines(options, step_path)
    return 1 if totals.refused else 0


def _mint_lines(options: BatchOptions, step_path: StepPath) -> Totals:
    """Open the key, ask the CA, each once, and mint for every line (see `run_batch`).

    Raises:
        UsageError: an option is missing, the list has fewer lines than are to be left out, or the provisioner makes
            no tokens of its own.
        InputError, AuthorityError, NetworkError: what minting needs cannot be had.
    """
    interruption = Interruption()
    workers = 0 if options.fleet is not None else count_workers(options, _count_cores())
    files = wire_files()
    reader = LineSource(options.source, longest=MAX_LINE_BYTES, at_once=1, open_file=files.open)
    reader.check_begin(options.resume_from)
    rows = _wire_rows(options, reader)
    if options.fleet is not None:
        return _certify_lines(options, options.fleet, reader, rows, step_path, interruption)
    sink = _wire_sink(options, rows)
    evidence = gather_evidence(options.defaults, wire_ports(options.defaults, step_path))
    if isinstance(evidence, IssuedToken):
        raise _refuse_issued()
    minter = LineMinter(options.defaults, evidence, SystemClock(), SystemRandomness())
    reader.at_once = _count_lines_at_once(minter, rows)
    workforce = WorkerPool(workers, interruption.held_back, is_apart=not os.isatty(rows.descriptor))
    gc.enable()  # a batch is not a short run
    gc.freeze()  # what there is by now stays, and forked workers share its memory
    with interruption.answered():
        return run_batch(options, minter, reader, workforce, sink, ProgressBar(sys.stderr))


def _certify_lines(
    options: BatchOptions,
    fleet: FleetOptions,
    reader: LineSource,
    rows: RowWriter,
    step_path: StepPath,
    interruption: Interruption,
) -> Totals:
    """Get a certificate for every line (see `run_certificates`)."""
    from entrypoints.wiring.fleet import certify_lines  # noqa: PLC0415  # not where tokens are printed

    totals = certify_lines(fleet, options.resume_from, reader, rows, step_path, interruption)
    if totals is None:
        raise _refuse_issued()
    return totals


def _refuse_issued() -> UsageError:
    return UsageError("this provisioner's tokens are made elsewhere, one for all", "choose another provisioner")


def _count_lines_at_once(minter: LineMinter, rows: RowWriter) -> int:
    """Return how many lines a worker gets at a time, fewer where tokens are long."""
    swiftly = LINES_AT_ONCE if rows.is_file else PIPED_LINES_AT_ONCE
    most = swiftly if minter.is_swift else SLOW_LINES_AT_ONCE
    return max(1, min(most, PORTION_BYTES // minter.token_length))


def _count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # not on Linux


def _wire_rows(options: BatchOptions, reader: LineSource) -> RowWriter:
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError) as error:
        raise OutputError("standard output is closed", "run it again with one") from error
    rows = RowWriter(descriptor)
    if rows.is_file and os.path.sameopenfile(descriptor, reader.descriptor):
        raise UsageError("the list of subjects is also where the tokens would be written", "write them elsewhere")
    if options.resume_from > 1:
        rows.check_end()
    return rows


def _wire_sink(options: BatchOptions, rows: RowWriter) -> BatchSink:
    if options.output_dir is None:
        return rows
    from adapters.output.token_folder import TokenFolder  # noqa: PLC0415  # not where there is none

    folder = TokenFolder(options.output_dir, rows)
    folder.prepare(may_hold_files=options.resume_from > 1)
    return folder
