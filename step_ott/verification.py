"""Whether a CA would take a token, as a value with what each of its rules says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn

import attrs

from domain.ca_rules.endpoint import Endpoint
from domain.errors import UsageError
from domain.formats.terminal_text import show_line
from domain.report.check_result import CheckResult, Outcome
from domain.verify.forecast import Forecast, Verdict
from domain.verify.options import read_verify_options
from entrypoints.use_cases.report import list_members
from entrypoints.use_cases.verify import describe_forecast, foretell_answer
from step_ott.any_ca import AnyCA
from step_ott.arguments import check_text, check_texts
from step_ott.ports import GivenFiles
from step_ott.token_arguments import add_token, choose_clock
from step_ott.wording import name_arguments, setting_of, speaking_python

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from domain.settings.setting import Setting
    from step_ott.arguments import Source


@attrs.frozen(repr=False)
class Verification:
    """What a CA would say to a token. It is neither true nor false: ask `accepted`, or look at `verdict`.

    Attributes:
        endpoint: Where the token would be shown.
        verdict: Accepted; refused, where a rule fails; or unknown, where an essential one cannot be judged from here.
        findings: What each rule says, in the CA's order; its texts can be printed, whatever the token is like.
        may_have_been_used: Whether the CA takes the token only if nobody used it before, which it alone knows.
        summary: The verdict in words.
    """

    endpoint: Endpoint
    verdict: Verdict
    findings: tuple[CheckResult, ...]
    may_have_been_used: bool
    summary: str
    _exact: Forecast

    @property
    def accepted(self) -> bool:
        """Whether the CA would accept the token, as far as can be known; False for an unknown verdict too."""
        return self.verdict is Verdict.ACCEPTED

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The findings for which the CA would refuse it."""
        return tuple(finding for finding in self.findings if finding.outcome is Outcome.FAILED)

    def members(self) -> dict[str, Any]:
        """Return a dict of one's own, as `step-ott verify --format json` prints it, which `json.dumps` takes."""
        return list_members(describe_forecast(self._exact, self.endpoint))

    def __bool__(self) -> NoReturn:
        raise TypeError("a Verification is neither true nor false: ask its .accepted, or look at its .verdict")

    def __repr__(self) -> str:
        return f"<step_ott.Verification {self.verdict.value} for {self.endpoint.value}: {self.summary}>"


def verify(  # noqa: PLR0913  # each of them says one thing
    token: str,
    ca: AnyCA,
    endpoint: Endpoint,
    *,
    csr: Source | None = None,
    cert_type: Literal["user", "host"] | None = None,
    key_id: str | None = None,
    principals: Iterable[str] = (),
    at: datetime | timedelta | None = None,
) -> Verification:
    """Return whether a CA would take a token, by the rules of step-ca; the token is shown to nobody and not used up.

    Args:
        token: The token, or a row of `step-ott batch` with one in it; never the path of a file.
        ca: A running CA, which is asked for its provisioners and roots, or its ca.json, which knows of more rules.
        endpoint: Where the token would be shown, such as `Endpoint.SIGN`.
        csr: The signing request to be shown with it, PEM or DER; for `Endpoint.SIGN` alone.
        cert_type: The type of the SSH certificate that will be asked for; for `Endpoint.SSH_SIGN` alone, as are
        key_id: its key identifier, and
        principals: the names that it will be for.
        at: When it would be shown: a datetime with a time zone, or a timedelta from now; None for now.

    Raises:
        UsageError: an argument is none of these, or says nothing of such a request.
        InputError: the token or the CSR cannot be read, or the CA's configuration cannot.
        NetworkError: the CA cannot be reached.
        AuthorityError: its answer cannot be used.
    """
    from adapters.certificates.reader import CertificateReader
    from adapters.jose.jws import StepCaSignatures

    with speaking_python():
        if not isinstance(ca, AnyCA):
            raise UsageError(f"ca= is a {type(ca).__name__}", "give a step_ott.CA or step_ott.OfflineCA")
        if not isinstance(endpoint, Endpoint):
            raise UsageError(
                f"endpoint= is a {type(endpoint).__name__}", "give a step_ott.Endpoint such as Endpoint.SIGN"
            )
        files = GivenFiles()
        source = add_token(files, token)
        options = read_verify_options("", _list_settings(files, endpoint, csr, cert_type, key_id, principals))
        clock = choose_clock(at)
        with ca.asking() as authority:
            ports = authority, files, CertificateReader(), StepCaSignatures(), clock
            forecast = foretell_answer(source, options, *ports)
    told = Forecast(tuple(attrs.evolve(one, remedy=name_arguments(one.remedy)) for one in forecast.findings))
    shown, summary = tuple(map(_show, told.findings)), describe_forecast(told, endpoint)["summary"]
    return Verification(endpoint, told.verdict, shown, told.depends_on_use, summary, told)


def _show(finding: CheckResult) -> CheckResult:
    """Return a finding as it can be printed: texts of the token and of the CA are in it."""
    return attrs.evolve(finding, reason=show_line(finding.reason), remedy=show_line(finding.remedy))


def _list_settings(
    files: GivenFiles,
    endpoint: Endpoint,
    csr: Source | None,
    cert_type: str | None,
    key_id: str | None,
    principals: Iterable[str],
) -> dict[str, Setting]:
    """Return the question as settings of the command line."""
    given: dict[str, Any] = {"for": endpoint.value}
    if csr is not None:
        given["csr"] = files.add(csr, "csr")
    for name, value in (("cert-type", cert_type), ("key-id", key_id)):
        if value is not None:
            given[name] = check_text(value, name.replace("-", "_"))
    names = check_texts(principals, "principals")
    if names:
        given["principal"] = names
    return {name: setting_of(name, value) for name, value in given.items()}
