"""How a certificate is renewed: by the certificate itself, shown by TLS, or by a renewal token where that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from domain.ca_rules.endpoint import Endpoint
from domain.certificates.x509_and_ssh import check_client_use, check_validity
from domain.enroll.answer import check_renewed, read_issued_chain
from domain.enroll.refusal import check_forecast, explain_refusal
from domain.enroll.renewal import foretell_by_certificate, format_seconds
from domain.enroll.request import ask_to_renew
from domain.errors import StepOttError
from domain.formats.pem import encode_pem
from domain.provisioners.renewal import ISSUER, Renewal
from domain.provisioners.x5c import OpenedChain
from domain.settings.devices import uses_device
from entrypoints.use_cases.ca_ports import foretell_token
from entrypoints.use_cases.mint import combine_evidence, describe_issuer, make_token

if TYPE_CHECKING:
    from domain.certificates.x509_and_ssh import Certificate
    from domain.enroll.answer import CaAnswer
    from domain.enroll.ports import PairSink
    from domain.enroll.renewal import RenewalOptions, Schedule
    from domain.ports import Randomness
    from domain.token.options import TokenOptions
    from entrypoints.use_cases.ca_ports import CaPorts
    from entrypoints.use_cases.renewable_files import RenewableFiles


class Renewable(Protocol):
    """What gets a new certificate for an old one, and delivers it."""

    action: str
    """What is done to the certificate: "renewed" or "rekeyed"."""

    @property
    def leaf(self) -> Certificate:
        """The newest certificate."""
        ...

    def read_again(self) -> None:
        """Take what its files hold by now, which others may have written."""
        ...

    def renew(self) -> None:
        """Get the next one."""
        ...


class OpenedCertificate:
    """A certificate that is replaced again and again.

    Attributes:
        opened: The newest one, with its key.
        files: Those that have it.
    """

    opened: OpenedChain
    files: RenewableFiles

    @property
    def leaf(self) -> Certificate:
        """The newest certificate."""
        return self.opened.certificates[0]

    def read_again(self) -> None:
        """Take what the files hold by now."""
        self.opened = self.files.read()


class CertificateRenewal(OpenedCertificate):
    """A certificate that can be renewed again and again."""

    action = "renewed"

    def __init__(self, options: RenewalOptions, ports: CaPorts, pair: PairSink, files: RenewableFiles) -> None:
        """Open the certificate.

        Raises:
            InputError: a file cannot be read, or it is not the certificate's key.
            UsageError: the schedule does not fit the certificate's life.
            OutputError: a new certificate could not be delivered.
        """
        self.options, self.ports, self.pair, self.files = options, ports, pair, files
        self.opened = open_renewable(options, ports, files)
        pair.check()

    def renew(self) -> None:
        """Get a new certificate, and deliver it."""
        self.ports.requests.start_over()
        chain = renew(self.opened, self.options, self.ports)
        self.pair.deliver(chain, None, self.files.hold(self.opened))
        self.files.move(self.options.out_certificate)
        self.opened = OpenedChain(self.ports.minting.certificates.read_chain(chain), self.opened.signer)


def open_renewable(options: RenewalOptions, ports: CaPorts, files: RenewableFiles) -> OpenedChain:
    """Return the certificate and its key.

    Raises:
        InputError: one cannot be read, or it is not the certificate's key.
        UsageError: the schedule does not fit the certificate's life.
    """
    opened = files.read()
    leaf = opened.certificates[0]
    options.schedule.check(leaf.not_before, leaf.not_after, options.settings)
    for caution in opened.cautions:
        ports.minting.notices.warn(caution)
    return opened


def tell_undue(renewable: Renewable, schedule: Schedule, ports: CaPorts) -> bool:
    """Return whether it is too early for a renewal, and say so."""
    clock, notices = ports.minting.clock, ports.minting.notices
    now = clock.now()
    if schedule.is_due(renewable.leaf.not_after, now, draw(ports.minting.randomness)):
        return False
    notices.inform(f"certificate not {renewable.action}: expires in {format_seconds(renewable.leaf.not_after - now)}")
    return True


def draw(randomness: Randomness) -> float:
    """Return a number from 0 to less than 1."""
    return int(randomness.token_id()[:13], 16) / 16**13


def renew(opened: OpenedChain, options: RenewalOptions, ports: CaPorts) -> bytes:
    """Return the chain, PEM, that the CA gives for a certificate, of the same key and names.

    Raises:
        InputError: the certificate cannot be renewed.
        ForeseenRefusalError: the CA would refuse; it was not asked.
        AuthorityError: it refuses, or answers with something else.
    """
    leaf = opened.certificates[0]
    has_expired = ports.minting.clock.now() >= leaf.not_after
    if options.by_token or has_expired or uses_device(options.minting):
        answer = _ask_by_token(opened, options, ports)
    else:
        answer = _ask_by_certificate(opened, options, ports)
    return read_renewed(answer, opened, leaf.key_fingerprint, ports)


def read_renewed(answer: CaAnswer, opened: OpenedChain, key_fingerprint: str, ports: CaPorts) -> bytes:
    """Return the chain, PEM, in an answer, which stands for the certificate but is for this key.

    Raises:
        AuthorityError: it is something else.
    """
    read_chain = ports.minting.certificates.read_chain
    certificates = read_issued_chain(answer, read_chain)
    roots = [root for der in ports.roots for root in read_chain(der)]
    check_renewed(certificates, opened.certificates[0], key_fingerprint, roots, ports.minting.clock.now())
    return b"".join(encode_pem("CERTIFICATE", certificate.der) for certificate in certificates)


def check_presentable(opened: OpenedChain, options: TokenOptions, ports: CaPorts) -> None:
    """Check that the CA takes the certificate from who shows it by TLS.

    Raises:
        InputError: it would not.
    """
    leaf = opened.certificates[0]
    with options.naming("x5c-cert"):
        check_client_use(leaf)
        check_validity(leaf.not_before, leaf.not_after, ports.minting.clock.now())


def explain_by_certificate(answer: CaAnswer, opened: OpenedChain, ports: CaPorts) -> StepOttError:
    """Return the error for a refusal of who has shown a certificate: the CA is asked for what it publishes."""
    try:
        provisioners = ports.minting.authority.provisioners()
    except StepOttError:
        provisioners = None
    return explain_refusal(
        answer, foretell_by_certificate(opened.certificates[0], provisioners, ports.minting.clock.now())
    )


def _ask_by_certificate(opened: OpenedChain, options: RenewalOptions, ports: CaPorts) -> CaAnswer:
    check_presentable(opened, options.minting, ports)
    answer = ports.requests.presenting(opened.certificates, opened.signer).put(ask_to_renew())
    if not answer.is_granted:
        raise explain_by_certificate(answer, opened, ports)
    return answer


def _ask_by_token(opened: OpenedChain, options: RenewalOptions, ports: CaPorts) -> CaAnswer:
    renewal, clock = Renewal(ISSUER), ports.minting.clock
    credential = renewal.vouch(opened, options.minting, clock.now())
    for caution in credential.cautions[len(opened.cautions) :]:
        ports.minting.notices.warn(caution)
    issuer = describe_issuer(renewal, credential, ports.minting.authority.url(), "")
    token = make_token(combine_evidence(options.minting.request, issuer, credential), clock, ports.minting.randomness)
    forecast = foretell_token(token, Endpoint.RENEW, ports)
    check_forecast(forecast)
    answer = ports.requests.put(ask_to_renew(token))
    if not answer.is_granted:
        raise explain_refusal(answer, forecast)
    return answer
