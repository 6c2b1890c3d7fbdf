"""What each command does: its words and flags are read and judged, its ports wired, and the work begun."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from domain.errors import UsageError
from domain.settings.setting import layer, naming_sources
from entrypoints import __version__
from entrypoints.command_line.argv import parse_environment
from entrypoints.command_line.commands import (
    BATCH,
    COMPLETION,
    DOCTOR,
    INSPECT,
    SANDBOX,
    TOKEN,
    VERIFY,
    VERSION,
    Command,
)
from entrypoints.command_line.help import PROGRAM
from entrypoints.wiring.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.settings.setting import Settings
    from entrypoints.command_line.dispatch import Run


def print_text(text: str) -> int:
    """Write `text` to stdout, and return the exit status 0."""
    from adapters.output.streams import write_stdout  # noqa: PLC0415

    write_stdout(text)
    return 0


def _run_token(positional: Sequence[str], flags: Settings) -> int:
    from adapters.machine.clock import SystemClock  # noqa: PLC0415
    from domain.mint.judge_options import read_token_options  # noqa: PLC0415
    from entrypoints.use_cases.mint import mint_token  # noqa: PLC0415
    from entrypoints.wiring.token import wire_ports  # noqa: PLC0415

    if len(positional) > 1:
        raise UsageError(
            f"there is more than one subject: {', '.join(map(repr, positional))}", "give one; names go to --san"
        )
    subject = positional[0] if positional else None
    now = SystemClock().now()
    settings, step_path = read_settings(TOKEN.options, flags, lambda given: read_token_options(subject, given, now))
    options = read_token_options(subject, settings, now)
    with naming_sources(settings):
        mint_token(options, wire_ports(options, step_path))
    return 0


def _run_batch(positional: Sequence[str], flags: Settings) -> int:
    from adapters.machine.clock import SystemClock  # noqa: PLC0415
    from domain.batch.options import read_batch_options  # noqa: PLC0415
    from entrypoints.wiring.batch import run_wired_batch  # noqa: PLC0415

    if len(positional) > 1:
        raise UsageError(f"batch takes one file, and not {positional[1]!r} as well", "put all subjects into one")
    if not positional and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("the file with the subjects is missing", "name it, or - to type them")
    source, now = positional[0] if positional else "-", SystemClock().now()
    settings, step_path = read_settings(BATCH.options, flags, lambda given: read_batch_options(source, given, now))
    options = read_batch_options(source, settings, now)
    with naming_sources(settings):
        totals = run_wired_batch(options, step_path)
    return 1 if totals.refused else 0


def _run_inspect(positional: Sequence[str], flags: Settings) -> int:
    from adapters.certificates.reader import CertificateReader  # noqa: PLC0415
    from adapters.machine.clock import SystemClock  # noqa: PLC0415
    from adapters.machine.input_files import LocalFiles  # noqa: PLC0415
    from adapters.machine.terminal import Stderr  # noqa: PLC0415
    from domain.settings.print_form import REPORT_FORMS, choose_form  # noqa: PLC0415
    from entrypoints.use_cases.inspect import describe_token  # noqa: PLC0415

    form = choose_form(layer(flags, parse_environment(os.environ, INSPECT.options)), REPORT_FORMS)
    source = _take_token(positional, INSPECT)
    facts = describe_token(source, LocalFiles(Stderr(sys.stderr).inform), CertificateReader(), SystemClock())
    return _print_report(facts, form)


def _run_verify(positional: Sequence[str], flags: Settings) -> int:
    from domain.settings.print_form import REPORT_FORMS, choose_form  # noqa: PLC0415
    from domain.verify.forecast import Verdict  # noqa: PLC0415
    from domain.verify.options import read_verify_options  # noqa: PLC0415
    from entrypoints.use_cases.verify import describe_forecast, foretell_answer  # noqa: PLC0415
    from entrypoints.wiring.token import wire_verify_ports  # noqa: PLC0415

    source = _take_token(positional, VERIFY)
    settings, step_path = read_settings(VERIFY.options, flags, lambda given: read_verify_options(source, given))
    form = choose_form(settings, REPORT_FORMS)
    options = read_verify_options(source, settings)
    with naming_sources(settings):
        forecast = foretell_answer(source, options, wire_verify_ports(options, step_path))
    _print_report(describe_forecast(forecast, options.endpoint), form)
    return 0 if forecast.verdict is Verdict.ACCEPTED else 1


def _run_doctor(positional: Sequence[str], flags: Settings) -> int:
    from domain.report.finding import Outcome  # noqa: PLC0415
    from domain.settings.print_form import REPORT_FORMS, choose_form  # noqa: PLC0415
    from entrypoints.use_cases.doctor import diagnose, list_facts  # noqa: PLC0415
    from entrypoints.wiring.doctor import wire_diagnosis  # noqa: PLC0415

    _take_none(positional, DOCTOR)
    form = choose_form(layer(flags, parse_environment(os.environ, DOCTOR.options)), REPORT_FORMS)
    findings = diagnose(wire_diagnosis(layer(flags, parse_environment(os.environ, TOKEN.options))))
    _print_report(list_facts(findings, form), form)
    return 1 if any(finding.outcome is Outcome.FAILED for finding in findings) else 0


def _run_sandbox(positional: Sequence[str], flags: Settings) -> int:
    from adapters.machine.clock import SystemClock  # noqa: PLC0415
    from adapters.output.sandbox import write_sandbox  # noqa: PLC0415
    from adapters.process.interruption import Interruption  # noqa: PLC0415
    from domain.sandbox import read_sandbox_plan  # noqa: PLC0415

    name = _take_one(positional, SANDBOX, "folder", "name an empty or a new one")
    plan = read_sandbox_plan(flags)
    with Interruption().answered():  # what is written by then is taken back
        folder = write_sandbox(name, plan, SystemClock().now())
    shown = shlex.quote(folder)
    return print_text(
        f"step-ca {shown}/config/ca.json    # serves it at {plan.ca_url()}\n"
        f"STEPPATH={shown} {PROGRAM} token internal.example.com    # mints; add --offline without the CA\n"
    )


def _run_completion(positional: Sequence[str], _: Settings) -> int:
    from entrypoints.command_line.completion.shells import SCRIPTS  # noqa: PLC0415

    listed = ", ".join(SCRIPTS)
    shell = _take_one(positional, COMPLETION, "shell", f"the shells are {listed}")
    if shell not in SCRIPTS:
        raise UsageError(f"there is no completion for {shell!r}", f"the shells are {listed}")
    return print_text(SCRIPTS[shell])


def _run_version(positional: Sequence[str], _: Settings) -> int:
    _take_none(positional, VERSION)
    return print_text(f"{PROGRAM} {__version__}\n")


def _take_none(positional: Sequence[str], command: Command) -> None:
    """Refuse any positional word."""
    if positional:
        raise UsageError(f"{command.name} takes no {positional[0]!r}", "leave it out")


def _take_one(positional: Sequence[str], command: Command, what: str, fix: str) -> str:
    """Return the only positional word."""
    if len(positional) != 1:
        raise UsageError(f"{command.name} takes one {what}", fix)
    return positional[0]


def _take_token(positional: Sequence[str], command: Command) -> str:
    """Return the only positional word, which is a token or says where one is."""
    fix = "give it as it is, as a file, or - for standard input"
    word = _take_one(positional, command, "token", fix)
    if not word.strip():
        raise UsageError("the token is empty", fix)
    return word


def _print_report(facts: Mapping[str, Any], form: str, note: str = "") -> int:
    from entrypoints.use_cases.report import choose_canvas, choose_paint, fit_encoding, render  # noqa: PLC0415

    text = render(facts, form, note, choose_paint(), choose_canvas())
    return print_text(fit_encoding(text, form, getattr(sys.stdout, "encoding", None)))


RUNS: Mapping[str, Run] = {
    TOKEN.name: _run_token,
    BATCH.name: _run_batch,
    INSPECT.name: _run_inspect,
    VERIFY.name: _run_verify,
    DOCTOR.name: _run_doctor,
    SANDBOX.name: _run_sandbox,
    COMPLETION.name: _run_completion,
    VERSION.name: _run_version,
}
