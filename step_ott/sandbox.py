"""A throw-away CA for tests: a real step-ca where there is one, else the rules by which `verify` judges."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import attrs

from adapters.ca.step_ca import find_free_port, find_step_ca, serve
from domain.ca_rules.endpoint import Endpoint
from domain.errors import AuthorityError, UsageError
from domain.formats.terminal_text import show_line
from domain.report.check_result import CheckResult, Outcome, failed
from step_ott.ca import CA
from step_ott.offline_ca import OfflineCA
from step_ott.sandbox_request import Answer, plan_spending, put_request
from step_ott.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from step_ott.any_ca import AnyCA
    from step_ott.arguments import Source
    from step_ott.issuers.jwk import JwkIssuer

HOST = "127.0.0.1"
ATTEMPTS = 3
"""How often a step-ca is started whose port somebody else may take first."""

WAYS = ("auto", "served", "in-process")


class TokenRefusedError(AssertionError):
    """The CA would not take a token: a test that expected it to has failed.

    Attributes:
        findings: What the rules say, those that hold as well.
        answer: What a real CA said, empty where the rules alone judged.
    """

    def __init__(self, what: str, findings: tuple[CheckResult, ...], answer: str) -> None:
        super().__init__(what)
        self.findings = findings
        self.answer = answer

    def __reduce__(self) -> tuple[type[TokenRefusedError], tuple[str, tuple[CheckResult, ...], str]]:
        """Return how it is made again, in another process."""
        return type(self), (str(self), self.findings, self.answer)


@attrs.frozen
class Taken:
    """What came of a token that was taken.

    Attributes:
        findings: What the rules say of it.
        certificate: What the CA issued for it, in PEM, or for SSH as OpenSSH's line; empty where the rules alone
            judged, and after a revocation.
    """

    findings: tuple[CheckResult, ...]
    certificate: str = ""


class SandboxCA:
    """A CA with one JWK provisioner, for a test to get tokens from and to spend them at.

    Attributes:
        path: Its step path: STEPPATH for a program that is run.
        url: Its address; nothing listens there unless `is_served`.
        root: The file of its root certificate.
        provisioner: The name of its provisioner, whose tokens may be for X.509 and SSH.
        password: Of the provisioner's key.
        is_served: Whether a real step-ca answers.
        ca: The CA for the program under test: asked over HTTPS where it is served, else read from its ca.json.
    """

    provisioner = "sandbox@example.com"

    def __init__(self, path: Path, url: str, *, is_served: bool) -> None:
        self.path = path
        self.url = url
        self.root = path / "certs" / "root_ca.crt"
        self.password = (path / "secrets" / "password").read_bytes().strip()
        self.is_served = is_served
        self._written = OfflineCA(path / "config" / "ca.json", url=url)
        self.ca: AnyCA = CA(url, root=self.root) if is_served else self._written
        self._spent: set[str] = set()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<step_ott.SandboxCA {self.url}, {'served' if self.is_served else 'judged in process'}>"

    @cached_property
    def issuer(self) -> JwkIssuer:
        """The issuer of its provisioner's tokens."""
        return self.ca.issuer(self.provisioner, password=self.password)

    def take(
        self,
        token: str,
        *,
        csr: Source | None = None,
        public_key: Source | None = None,
        endpoint: Endpoint | None = None,
    ) -> Taken:
        """Spend a token at the CA, once, as whoever it was made for would.

        Args:
            token: The token.
            csr: The X.509 request to show with it. None for a new one for the token's own names.
            public_key: The SSH public key to show with it, a line. None for a new one.
            endpoint: What it is spent for. None for what its audience says.

        Raises:
            TokenRefusedError: the CA does not take it, or nobody here can tell whether it would.
            UsageError, InputError: an argument is none of these, or a bound token comes without its CSR.
        """
        spending = plan_spending(token, endpoint, csr, public_key)
        spending.check()
        said = verify(token, self._written, spending.endpoint, csr=csr if spending.endpoint is Endpoint.SIGN else None)
        with self._lock:
            was_spent = spending.token in self._spent
            self._spent.add(str(spending.token))
        spent = failed("use", "it has been used", "mint a token for each request")
        findings = (*said.findings, spent) if was_spent else said.findings
        if self.is_served:
            answer = put_request(self.url, self._written.roots(), spending)
            if answer.is_taken:
                return Taken(findings, answer.certificate)
            raise _refuse(findings, answer)
        if was_spent or not said.accepted:
            raise _refuse(findings, None)
        return Taken(findings)


@contextmanager
def open_sandbox(make_folder: Callable[[], Path], way: str = "auto") -> Iterator[SandboxCA]:
    """Give a sandbox CA until the block ends.

    Args:
        make_folder: Returns a new and empty folder each time.
        way: "served" by a real step-ca, "in-process" by the rules alone, or "auto": served where there is one.

    Raises:
        UsageError: the way is none of these, or there is no step-ca.
        AuthorityError: step-ca does not come up.
    """
    if way not in WAYS:
        raise UsageError(f"step_ott_sandbox = {way} is not known", f"write one of {', '.join(WAYS)}")
    program = None if way == "in-process" else find_step_ca(os.environ)
    if program is None:
        if way == "served":
            raise UsageError("step_ott_sandbox = served, and no step-ca is here", "install it, or name it by STEP_CA")
        yield SandboxCA(*_write(make_folder()), is_served=False)
        return
    with ExitStack() as stack:
        yield _serve(stack, program, make_folder)


def _serve(stack: ExitStack, program: str, make_folder: Callable[[], Path]) -> SandboxCA:
    """Return a sandbox that is served until the stack is closed."""
    from adapters.ca.root_file import read_certificates
    from domain.ca.url import parse_ca_url

    for attempt in range(1, ATTEMPTS + 1):
        path, url = _write(make_folder())
        root = read_certificates((path / "certs" / "root_ca.crt").read_bytes())[0]
        try:
            stack.enter_context(serve(program, os.fspath(path), parse_ca_url(url), root))
        except AuthorityError as error:
            if attempt == ATTEMPTS or "address already in use" not in error.what:
                raise
            shutil.rmtree(path, ignore_errors=True)
        else:
            return SandboxCA(path, url, is_served=True)
    raise AssertionError  # the last attempt returned or raised


def _write(folder: Path) -> tuple[Path, str]:
    """Write a sandbox there, and return its step path and the address that it is for."""
    from adapters.machine.clock import SystemClock
    from adapters.output.sandbox import write_sandbox
    from domain.sandbox import SandboxPlan

    plan = SandboxPlan(HOST, find_free_port(), [HOST, "localhost"], SandboxCA.provisioner)
    write_sandbox(os.fspath(folder), plan, SystemClock().now())
    return folder, str(plan.ca_url())


def _refuse(findings: tuple[CheckResult, ...], answer: Answer | None) -> TokenRefusedError:
    """Return the error that says what is wrong with the token."""
    said = "" if answer is None else show_line(f"{answer.status} {answer.message}")
    faults = [f"{one.rule}: {one.reason}" for one in findings if one.outcome is Outcome.FAILED]
    if answer is None and not faults:
        unknown = [f"{one.rule}: {one.reason}" for one in findings if one.outcome is Outcome.UNCHECKED]
        what = f"without a step-ca nobody can tell whether it takes the token: {'; '.join(unknown)}"
        return TokenRefusedError(what, findings, said)
    whole = "; ".join([said, *faults] if said else faults)
    return TokenRefusedError(f"the CA refuses the token: {whole}", findings, said)
