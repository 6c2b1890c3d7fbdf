"""`step-ott doctor`: why minting fails here, or why the CA refuses the token."""

import os
from collections.abc import Sequence

from domain.report.check_result import Outcome
from domain.settings.print_form import REPORT_FORMS, choose_form
from domain.settings.setting import Settings, layer
from entrypoints.command_line.argv import parse_environment, take_none
from entrypoints.command_line.options import DOCTOR_OPTIONS, TOKEN_OPTIONS
from entrypoints.use_cases.doctor import diagnose, list_facts
from entrypoints.wiring.doctor import LocalSetup
from entrypoints.wiring.output import print_report


def run(positional: Sequence[str], flags: Settings) -> int:
    """Print what was found, and return 1 where something fails."""
    take_none(positional, "doctor")
    form = choose_form(layer(flags, parse_environment(os.environ, DOCTOR_OPTIONS)), REPORT_FORMS)
    findings = diagnose(LocalSetup(layer(flags, parse_environment(os.environ, TOKEN_OPTIONS))))
    print_report(list_facts(findings, form), form)
    return 1 if any(finding.outcome is Outcome.FAILED for finding in findings) else 0
