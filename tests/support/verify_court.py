"""Two judges of one token: the rules of `verify`, and the real step-ca; what they say must be the same."""

import time
from collections.abc import Callable, Mapping, Sequence
from http.client import RemoteDisconnected
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.certificates.reader import CertificateReader
from adapters.jose.jws import StepCaSignatures
from adapters.machine.input_files import LocalFiles
from domain.ca.settings import AuthoritySettings
from domain.ca_rules.case import Case, SshWishes
from domain.ca_rules.endpoint import Endpoint
from domain.errors import InputError
from domain.provisioners.base import Provisioner
from domain.report.check_result import Outcome
from domain.settings.authority import read_authority_options
from domain.settings.setting import Origin, Setting
from domain.token.go_jws import read_go_jws
from domain.verify.forecast import ESSENTIAL, Forecast, Verdict, foretell
from entrypoints.wiring.authority import wire_published_authority
from entrypoints.wiring.settings import open_step_path
from tests.support.ca_client import Answer, CaClient, connect
from tests.support.forged_tokens import Forged
from tests.support.provisioned_ca import ProvisionedCa

ATTEMPTS = 20
"""How often a token is made anew whose verdict changed while it was on its way."""

CERTIFICATES, SIGNATURES = CertificateReader(), StepCaSignatures()


@attrs.frozen
class Published:
    """What a CA says of itself."""

    settings: AuthoritySettings
    provisioners: Sequence[Provisioner]


@attrs.frozen
class Court:
    """The real CA, and what is known of it from both sides."""

    client: CaClient
    online: Published
    offline: Published

    def ask(self, forged: Forged, token: str) -> Answer:
        """Show the token to the CA; where Go panics it drops the connection, which is answered by the status 0."""
        try:
            return self._post(forged, token)
        except RemoteDisconnected:
            return Answer(0, {})

    def _post(self, forged: Forged, token: str) -> Answer:
        if forged.endpoint is Endpoint.RENEW:
            return self.client.post("/1.0/renew", bearer=_write_header(token))
        members: dict[str, Any] = {"ott": token, **forged.wishes}
        if forged.csr is not None:
            members["csr"] = forged.csr.public_bytes(Encoding.PEM).decode()
        if forged.endpoint in (Endpoint.REVOKE, Endpoint.SSH_REVOKE):
            members |= {"serial": str(forged.claims.get("sub", "1")), "passive": True}
        return self.client.post(f"/1.0/{forged.endpoint.value.replace('-', '/')}", **members)


def judge(forged: Forged, token: str, published: Published, now: int) -> Forecast | None:
    """Return what we say of the token, None where it cannot even be read."""
    try:
        read = read_go_jws(token)
    except InputError:
        return None
    csr = None if forged.csr is None else CERTIFICATES.read_request(forged.csr.public_bytes(Encoding.DER))
    wishes = SshWishes(
        cert_type=forged.wishes.get("certType", ""),
        key_id=forged.wishes.get("keyID", ""),
        principals=tuple(forged.wishes.get("principals", ())),
    )
    return foretell(Case(
        token=read, endpoint=forged.endpoint, settings=published.settings, now=now, certificates=CERTIFICATES,
        signatures=SIGNATURES, csr=csr, wishes=wishes,
    ), published.provisioners)  # fmt: skip


def _write_header(token: str) -> str:
    """Return a token as a header can carry it: in one line, its bytes as they are."""
    return token.replace("\r", " ").replace("\n", " ").strip(" \t").encode("utf-8", "surrogatepass").decode("latin-1")


def open_court(ca: ProvisionedCa) -> Court:
    """Return the court at a CA."""
    return Court(connect(ca.ca), read_published(ca.environment), read_published(ca.environment, "offline"))


def read_published(environment: Mapping[str, str], *flags: str) -> Published:
    """Return what the CA says of itself, as `verify` reads it."""
    step_path = open_step_path(environment, None)
    given = {name: Setting(True, Origin.FLAG, f"--{name}") for name in flags}
    url = Setting(step_path.defaults()["ca-url"][0], Origin.CONFIGURATION, "ca-url")
    options = read_authority_options(given | {"ca-url": url})
    authority = wire_published_authority(options, step_path, LocalFiles())
    provisioners = authority.provisioners()
    return Published(authority.settings(), provisioners)


def verdict_of(forecast: Forecast | None) -> Verdict:
    """Return the verdict; a token that cannot be read is refused."""
    return Verdict.REFUSED if forecast is None else forecast.verdict


def is_open(forecast: Forecast | None) -> bool:
    """Return whether the verdict is unknown by nothing but settings that are not public."""
    if forecast is None or forecast.verdict is not Verdict.UNKNOWN:
        return False
    rules = {one.rule for one in forecast.findings if one.outcome is Outcome.UNCHECKED and one.rule in ESSENTIAL}
    return rules <= {"empty principal", "issued long ago", "ssh duration"}


def compare(court: Court, make: Callable[[], Forged]) -> None:
    """Have a token judged by us, before and after the CA's own judgement, and see that both agree.

    By what the CA publishes we may say "unknown" of what is not public; by its ca.json we may not.

    Raises:
        AssertionError: they do not.
    """
    for _ in range(ATTEMPTS):
        forged = make()
        token = forged.write()
        before = judge(forged, token, court.online, time.time_ns())
        answer = court.ask(forged, token)
        now = time.time_ns()
        after = judge(forged, token, court.online, now)
        if verdict_of(before) is verdict_of(after):
            break
    else:
        pytest.fail("the verdict never stood still")
    said = Verdict.ACCEPTED if 200 <= answer.status < 300 else Verdict.REFUSED
    offline = judge(forged, token, court.offline, now)
    for forecast in [offline] if is_open(after) else [after, offline]:
        failing = [] if forecast is None else [one for one in forecast.findings if one.outcome is Outcome.FAILED]
        assert verdict_of(forecast) is said, (said, answer.body, failing, forecast)
