"""How a certificate is got: a key, a request by it, a token for that very request, and the CA's answer to both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.case import Case
from domain.ca_rules.endpoint import Endpoint
from domain.enroll.answer import check_issued, read_issued_chain
from domain.enroll.names import choose_names, names_itself
from domain.enroll.refusal import BUSY, check_forecast, explain_refusal
from domain.enroll.request import ask_to_sign
from domain.errors import LostAnswerError, NetworkError
from domain.formats.pem import encode_pem
from domain.mint.csr_names import name_by_request
from domain.provisioners.credential import IssuedToken
from domain.settings.setting import exclude
from domain.token.go_jws import read_go_jws
from domain.token.user_data import parse_document
from domain.verify.forecast import foretell
from entrypoints.use_cases.mint import MAX_DOCUMENT_BYTES, gather_evidence, make_token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from domain.certificates.ports import Signatures
    from domain.enroll.answer import CaAnswer
    from domain.enroll.key_kind import KeyKind
    from domain.enroll.options import CertificateOptions
    from domain.enroll.ports import CaRequests, NewKeys, PairSink
    from domain.enroll.request import CertificateTerms
    from domain.keys.ports import Passwords
    from domain.provisioners.authority import PublishedAuthority
    from domain.provisioners.credential import Ports
    from domain.token.claims import TokenRequest
    from domain.verify.forecast import Forecast
    from entrypoints.use_cases.mint import Evidence

PAUSES = (0.5, 2.0)
"""Seconds before each further attempt by a new token, where the CA is busy or its answer was lost."""

MAX_CSR_BYTES = 1 << 20
KEY_PURPOSE = "the new private key"


class Patience:
    """How long a CA is waited for that cannot sign just now.

    Attributes:
        pauses: Seconds before each further attempt by a new token.
        outlasts: What is waited for to pass, beside an answer that it is busy.
    """

    def __init__(self, pauses: Sequence[float], outlasts: type[NetworkError] | tuple[type[NetworkError], ...]) -> None:
        self.pauses = pauses
        self.outlasts = outlasts


BRIEF = Patience(PAUSES, LostAnswerError)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SigningPorts:
    """Everything outside that a signed certificate takes.

    Attributes:
        minting: What its token is minted through.
        roots: The DER of those that are trusted.
        requests: What the CA is asked through.
        new_keys: Where its key comes from.
    """

    minting: Ports[PublishedAuthority]
    roots: Sequence[bytes]
    requests: CaRequests
    new_keys: NewKeys
    signatures: Signatures


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EnrollPorts(SigningPorts):
    """Everything outside that getting a certificate uses.

    Attributes:
        pair: Where certificate and key go.
        key_passwords: What the new key is encrypted by, None for nothing.
    """

    pair: PairSink
    key_passwords: Passwords | None = None


class GivenToken:
    """A token that the user has: there is no other one.

    Attributes:
        token: It.
        claims: Those of it, as the CA reads them.
    """

    can_be_renewed = False
    is_given = True

    def __init__(self, token: str) -> None:
        self.token = token
        self.claims: Mapping[str, Any] = read_go_jws(token).claims

    def make(self, fingerprint: str | None) -> str:  # noqa: ARG002  # which is in it, or not
        """Return it."""
        return self.token


class IssuedElsewhere(GivenToken):
    """A token that a machine, a person or a cluster was given for this run."""

    is_given = False


class MintedTokens:
    """Tokens that are minted here, each bound to the request that it is for.

    Attributes:
        evidence: What they are made of.
        ports: What they are minted through.
    """

    can_be_renewed = True
    is_given = False

    def __init__(self, evidence: Evidence, ports: Ports[PublishedAuthority]) -> None:
        self.evidence = evidence
        self.ports = ports

    def make(self, fingerprint: str | None) -> str:
        """Return a new one, for the CSR or SSH key of this fingerprint, None for any; Nebula's are bound to none."""
        is_bound = "nebula" not in self.evidence.issuer.header
        request = attrs.evolve(self.evidence.request, cnf=fingerprint if is_bound else None)
        return make_token(attrs.evolve(self.evidence, request=request), self.ports.clock, self.ports.randomness)


Tokens = GivenToken | MintedTokens


def obtain_certificate(options: CertificateOptions, ports: EnrollPorts, token: str | None = None) -> None:
    """Get the certificate that `options` ask for, and deliver it with its key.

    Args:
        options: What is asked for.
        ports: The outside.
        token: The one that is to be spent, None where one is minted.
    """
    ports.pair.check()
    terms, password = complete_terms(options, ports), _read_password(ports)
    request = options.minting.request
    tokens: Tokens
    if token is not None:
        tokens = GivenToken(token)
        if names_itself(tokens.claims) and request.sans:
            raise exclude("token", "san", options.settings)
    else:
        tokens = open_tokens(options, ports)
    deliver_pair(request, options.key_kind, terms, tokens, ports, password)


def deliver_pair(
    request: TokenRequest,
    key_kind: KeyKind,
    terms: CertificateTerms,
    tokens: Tokens,
    ports: EnrollPorts,
    password: bytes | None = None,
) -> None:
    """Make a key, get a certificate for it, and deliver both.

    Args:
        request: The names that are wanted; of tokens that are minted here, their own count.
        key_kind: What key is made.
        terms: What else is asked for.
        tokens: Those by which it is asked for.
        ports: The outside.
        password: What the key is encrypted by, None for nothing.
    """
    if isinstance(tokens, GivenToken):
        names = choose_names(tokens.claims, request.subject, request.sans)
        common_name, sans = names.common_name, names.sans
    else:
        request = tokens.evidence.request
        common_name, sans = request.subject, request.sans or (request.subject,)
    key = ports.new_keys.make(key_kind)
    csr = key.request(common_name, sans)
    ports.pair.deliver(sign(csr, tokens, terms, ports), key.serialize(password))


def sign_request(csr: bytes, options: CertificateOptions, ports: EnrollPorts, token: str | None = None) -> None:
    """Get the certificate for a CSR, PEM or DER, and deliver it; the rest is as for `obtain_certificate`.

    Raises:
        InputError: it is not one CSR by its own key, or names nothing.
    """
    ports.pair.check()
    terms = complete_terms(options, ports)
    certificates = ports.minting.certificates
    certificates.fingerprint_request(csr)
    request = name_by_request(options.minting.request, certificates.read_request(csr))
    named = attrs.evolve(options, minting=attrs.evolve(options.minting, request=request))
    tokens = GivenToken(token) if token is not None else open_tokens(named, ports)
    ports.pair.deliver(sign(csr, tokens, terms, ports), None)


def open_tokens(options: CertificateOptions, ports: SigningPorts) -> Tokens:
    """Return the tokens that the options ask for."""
    return open_evidence(gather_evidence(options.minting, ports.minting), ports.minting)


def open_evidence(evidence: Evidence | IssuedToken, minting: Ports[PublishedAuthority]) -> Tokens:
    """Return the tokens that are made of the evidence, or the one that it is."""
    if isinstance(evidence, IssuedToken):
        return IssuedElsewhere(evidence.token)
    return MintedTokens(evidence, minting)


class PublishedRules:
    """What a CA goes by, as it publishes it; asked for once."""

    def __init__(self, authority: PublishedAuthority) -> None:
        self.provisioners = authority.provisioners()
        self.settings = authority.settings()


def sign(
    csr: bytes,
    tokens: Tokens,
    terms: CertificateTerms,
    ports: SigningPorts,
    *,
    rules: PublishedRules | None = None,
    patience: Patience = BRIEF,
) -> bytes:
    """Return the chain, PEM, that the CA signs for a CSR by a token.

    Args:
        csr: PEM or DER.
        tokens: Give a token.
        terms: What else is asked for.
        ports: The outside.
        rules: Those of the CA, None where it is to be asked for them.
        patience: How long a CA that is busy is waited for.

    Raises:
        ForeseenRefusalError: it would refuse; it was not asked.
        AuthorityError: it refuses, or answers with something else.
        NetworkError: there is no answer.
    """
    certificates, notices = ports.minting.certificates, ports.minting.notices
    request = certificates.read_request(csr)
    court = _Court(csr, terms, ports, rules or PublishedRules(ports.minting.authority))
    answer, token = _ask(csr, tokens, terms, ports, court, patience)
    if not answer.is_granted:
        raise explain_refusal(answer, court.foretell(token), is_given=tokens.is_given)
    chain, now = read_issued_chain(answer, certificates.read_chain), ports.minting.clock.now()
    for caution in check_issued(chain, request, ports.roots, now, terms):
        notices.warn(caution)
    return b"".join(encode_pem("CERTIFICATE", certificate.der) for certificate in chain)


class _Court:
    """The rules for one request, by what the CA publishes."""

    def __init__(self, csr: bytes, terms: CertificateTerms, ports: SigningPorts, rules: PublishedRules) -> None:
        self.provisioners, self.settings = rules.provisioners, rules.settings
        self.csr, self.terms, self.ports = ports.minting.certificates.read_request(csr), terms, ports

    def foretell(self, token: str) -> Forecast:
        """Return what the CA says to the token by now."""
        case = Case(
            token=read_go_jws(token),
            endpoint=Endpoint.SIGN,
            settings=self.settings,
            now=self.ports.minting.clock.now(),
            certificates=self.ports.minting.certificates,
            signatures=self.ports.signatures,
            csr=self.csr,
            not_before=self.terms.not_before,
            not_after=self.terms.not_after,
        )
        return foretell(case, self.provisioners)


def _ask(
    csr: bytes, tokens: Tokens, terms: CertificateTerms, ports: SigningPorts, court: _Court, patience: Patience
) -> tuple[CaAnswer, str]:
    """Return what the CA says to the request, by a new token each time that it is busy or its answer is lost."""
    fingerprint = ports.minting.certificates.fingerprint_request(csr)
    pem = csr.decode() if csr.lstrip().startswith(b"-") else encode_pem("CERTIFICATE REQUEST", csr).decode()
    for attempt, pause in enumerate((*patience.pauses, None)):
        token = tokens.make(fingerprint)
        check_forecast(court.foretell(token), is_given=tokens.is_given)
        is_last = pause is None or not tokens.can_be_renewed
        try:
            answer = ports.requests.put(ask_to_sign(pem, token, terms))
        except patience.outlasts as error:
            if is_last:
                raise _tell_spent(error, tokens) from error
            reason = error.what
        except NetworkError as error:
            raise _tell_spent(error, tokens) from error
        else:
            is_hopeless = answer.status == 500 and attempt >= len(PAUSES)  # it may be this very request that fails
            if is_last or is_hopeless or answer.status not in BUSY:
                return answer, token
            reason = f"the CA fails with status {answer.status}"
        ports.minting.notices.warn(f"{reason}; trying again with a new token")
        ports.requests.wait(pause or 0)
    raise AssertionError


def _tell_spent(error: NetworkError, tokens: Tokens) -> NetworkError:
    """Return the error with what may have become of a token that is the user's."""
    if not tokens.is_given:
        return error
    return type(error)(f"{error.what}; the token may have been used", error.fix)


def complete_terms(options: CertificateOptions, ports: SigningPorts) -> CertificateTerms:
    """Return the terms with what stands in the file of template data."""
    set_file = options.settings.get("set-file")
    if set_file is None:
        return options.terms
    path = str(set_file.value)
    with options.minting.naming("set-file", path):
        document = parse_document(ports.minting.files.read(path, MAX_DOCUMENT_BYTES))
    return attrs.evolve(options.terms, template_data={**document, **options.terms.template_data})


def _read_password(ports: EnrollPorts) -> bytes | None:
    return None if ports.key_passwords is None else next(iter(ports.key_passwords.candidates(KEY_PURPOSE)))
