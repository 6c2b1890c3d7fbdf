"""`step-ott verify`: whether the CA would accept a token."""

from collections.abc import Sequence

from adapters.certificates.reader import CertificateReader
from adapters.jose.jws import StepCaSignatures
from adapters.machine.clock import SystemClock
from domain.settings.print_form import REPORT_FORMS, choose_form
from domain.settings.setting import Settings, naming_sources
from domain.verify.forecast import Verdict
from domain.verify.options import read_verify_options
from entrypoints.command_line.argv import take_token
from entrypoints.command_line.options import VERIFY_OPTIONS
from entrypoints.use_cases.verify import describe_forecast, foretell_answer
from entrypoints.wiring.authority import wire_published_authority
from entrypoints.wiring.output import print_report
from entrypoints.wiring.settings import read_settings, wire_files


def run(positional: Sequence[str], flags: Settings) -> int:
    """Print the forecast, and return 1 unless the CA would accept the token."""
    source = take_token(positional, "verify")
    settings, step_path = read_settings(VERIFY_OPTIONS, flags, lambda given: read_verify_options(source, given))
    form = choose_form(settings, REPORT_FORMS)
    options = read_verify_options(source, settings)
    files = wire_files()
    with naming_sources(settings):
        authority = wire_published_authority(options, step_path, files)
        ports = authority, files, CertificateReader(), StepCaSignatures(), SystemClock()
        forecast = foretell_answer(source, options, *ports)
    print_report(describe_forecast(forecast, options.endpoint), form)
    return 0 if forecast.verdict is Verdict.ACCEPTED else 1
