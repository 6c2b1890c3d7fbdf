"""How the CA's answer is predicted: gather the token, the CSR and the CA's settings, then judge by pure rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.ca_rules.case import Case, SshWishes
from domain.ca_rules.endpoint import Endpoint
from domain.report.check_result import Outcome
from domain.report.worded_value import WordedValue
from domain.token.go_jws import read_go_jws
from domain.verify.forecast import Forecast, Verdict, foretell
from entrypoints.use_cases.inspect import read_source

if TYPE_CHECKING:
    from domain.certificates.ports import Certificates, Signatures
    from domain.ports import Clock, InputFiles
    from domain.provisioners.authority import PublishedAuthority
    from domain.verify.options import VerifyOptions

MAX_CSR_BYTES = 1 << 20

ACCEPTED_UNLESS_USED = "the CA would accept it, unless it has been used"
SUMMARIES = {
    Verdict.ACCEPTED: "the CA would accept it",
    Verdict.REFUSED: "the CA would refuse it",
    Verdict.UNKNOWN: "what the CA would say cannot be predicted from here",
}


def foretell_answer(
    source: str,
    options: VerifyOptions,
    authority: PublishedAuthority,
    files: InputFiles,
    certificates: Certificates,
    signatures: Signatures,
    clock: Clock,
) -> Forecast:
    """Return what the CA would say to the token in `source`: a token, a file, or - for standard input.

    Raises:
        InputError: the token or the CSR cannot be read.
        AuthorityError, NetworkError: the CA's settings cannot be had.
    """
    token = read_source(source, files, read_go_jws)
    csr = None
    if options.csr is not None:
        with options.naming("csr"):
            csr = certificates.read_request(files.read(options.csr, MAX_CSR_BYTES))
    provisioners = authority.provisioners()
    case = Case(
        token=token,
        endpoint=options.endpoint,
        settings=authority.settings(),
        now=clock.now(),
        certificates=certificates,
        signatures=signatures,
        csr=csr,
        wishes=SshWishes(
            cert_type=options.text("cert-type") or "",
            key_id=options.text("key-id") or "",
            principals=options.texts("principal"),
        ),
    )
    return foretell(case, provisioners)


def describe_forecast(forecast: Forecast, endpoint: Endpoint) -> dict[str, Any]:
    """Return the forecast as facts by name, the verdict last."""
    outcomes = [finding.outcome for finding in forecast.findings]
    is_open = forecast.verdict is Verdict.ACCEPTED and forecast.depends_on_use
    return {
        "request": endpoint.value,
        "rules": list(forecast.findings),
        "failed": outcomes.count(Outcome.FAILED),
        "not_checkable": outcomes.count(Outcome.UNCHECKED),
        "may_have_been_used": WordedValue(
            forecast.depends_on_use, "yes; only the CA knows" if forecast.depends_on_use else "no"
        ),
        "verdict": forecast.verdict.value,
        "summary": ACCEPTED_UNLESS_USED if is_open else SUMMARIES[forecast.verdict],
    }
