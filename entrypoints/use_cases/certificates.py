"""How a certificate is got: a key, a request by it, a token for that very request, and the CA's answer to both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.endpoint import Endpoint
from domain.enroll.answer import check_issued, read_issued_chain
from domain.enroll.names import choose_names, names_itself
from domain.enroll.request import ask_to_sign
from domain.formats.pem import encode_pem
from domain.mint.csr_names import name_by_request
from domain.settings.setting import exclude
from entrypoints.use_cases.mint import gather_evidence, read_set_file
from entrypoints.use_cases.spending import BRIEF, Court, PublishedRules, SpendingPorts, spend
from entrypoints.use_cases.tokens import GivenToken, open_evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.enroll.key_kind import KeyKind
    from domain.enroll.options import CertificateOptions
    from domain.enroll.ports import NewKeys, PairSink
    from domain.enroll.request import CertificateTerms
    from domain.keys.ports import Passwords
    from domain.token.claims import TokenRequest
    from entrypoints.use_cases.spending import Patience
    from entrypoints.use_cases.tokens import Tokens

MAX_CSR_BYTES = 1 << 20
KEY_PURPOSE = "the new private key"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SigningPorts(SpendingPorts):
    """Everything outside that a signed certificate takes.

    Attributes:
        roots: The DER of those that are trusted.
        new_keys: Where its key comes from.
    """

    roots: Sequence[bytes]
    new_keys: NewKeys


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EnrollPorts(SigningPorts):
    """Everything outside that getting a certificate uses.

    Attributes:
        pair: Where certificate and key go.
        key_passwords: What the new key is encrypted by, None for nothing.
    """

    pair: PairSink
    key_passwords: Passwords | None = None


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


def sign(
    csr: bytes,
    tokens: Tokens,
    terms: CertificateTerms,
    ports: SigningPorts,
    *,
    rules: PublishedRules | None = None,
    patience: Patience = BRIEF,
    is_brief: bool = False,
) -> bytes:
    """Return the chain, PEM, that the CA signs for a CSR by a token.

    Args:
        csr: PEM or DER.
        tokens: Give a token.
        terms: What else is asked for.
        ports: The outside.
        rules: Those of the CA, None where it is to be asked for them.
        patience: How long a CA that is busy is waited for.
        is_brief: Whether a refusal without a reason is told without what may be the reason.

    Raises:
        ForeseenRefusalError: it would refuse; it was not asked.
        AuthorityError: it refuses, or answers with something else.
        NetworkError: there is no answer.
    """
    certificates, notices = ports.minting.certificates, ports.minting.notices
    request = certificates.read_request(csr)
    asked = {"csr": request, "not_before": terms.not_before, "not_after": terms.not_after}
    court = Court(Endpoint.SIGN, rules or PublishedRules(ports.minting.authority), ports, **asked)
    pem = encode_pem("CERTIFICATE REQUEST", request.der).decode()  # what stands beside it in a file stays here
    cnf = certificates.fingerprint_request(csr)
    spent = spend(tokens, lambda token: ask_to_sign(pem, token, terms), court, cnf, patience, is_brief=is_brief)
    answer = spent.answer
    chain, now = read_issued_chain(answer, certificates.read_chain), ports.minting.clock.now()
    roots = [root for der in ports.roots for root in certificates.read_chain(der)]
    for caution in check_issued(chain, request, roots, now, terms):
        notices.warn(caution)
    return b"".join(encode_pem("CERTIFICATE", certificate.der) for certificate in chain)


def complete_terms(options: CertificateOptions, ports: SigningPorts) -> CertificateTerms:
    """Return the terms with what stands in the file of template data."""
    set_file = options.settings.get("set-file")
    if set_file is None:
        return options.terms
    document = read_set_file(str(set_file.value), options.minting, ports.minting.files)
    return attrs.evolve(options.terms, template_data={**document, **options.terms.template_data})


def _read_password(ports: EnrollPorts) -> bytes | None:
    return None if ports.key_passwords is None else next(iter(ports.key_passwords.candidates(KEY_PURPOSE)))
