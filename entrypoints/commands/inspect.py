"""`step-ott inspect`: what a token is for."""

import os
from collections.abc import Sequence

from adapters.certificates.reader import CertificateReader
from adapters.machine.clock import SystemClock
from domain.settings.print_form import REPORT_FORMS, choose_form
from domain.settings.setting import Settings, layer
from entrypoints.command_line.argv import parse_environment, take_token
from entrypoints.command_line.options import INSPECT_OPTIONS
from entrypoints.use_cases.inspect import describe_token
from entrypoints.wiring.output import print_report
from entrypoints.wiring.settings import wire_files


def run(positional: Sequence[str], flags: Settings) -> int:
    """Print what the token says."""
    form = choose_form(layer(flags, parse_environment(os.environ, INSPECT_OPTIONS)), REPORT_FORMS)
    source = take_token(positional, "inspect")
    facts = describe_token(source, wire_files(), CertificateReader(), SystemClock())
    return print_report(facts, form)
