"""How a certificate is got: a key, a request by it, a token for that very request, and the CA's answer to both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.case import Case
from domain.ca_rules.endpoint import Endpoint
from domain.enroll.answer import check_issued, read_issued_chain
from domain.enroll.refusal import check_forecast, explain_refusal
from domain.enroll.request import ask_to_sign
from domain.formats.pem import encode_pem
from domain.provisioners.credential import IssuedToken
from domain.token.go_jws import read_go_jws
from domain.token.user_data import parse_document
from domain.verify.forecast import foretell
from entrypoints.use_cases.mint import MAX_DOCUMENT_BYTES, gather_evidence, make_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.certificates.ports import Signatures
    from domain.enroll.options import CertificateOptions
    from domain.enroll.ports import CaRequests, NewKeys, PairSink
    from domain.enroll.request import CertificateTerms
    from domain.provisioners.authority import PublishedAuthority
    from domain.provisioners.credential import Ports
    from domain.verify.forecast import Forecast


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EnrollPorts:
    """Everything outside that getting a certificate uses.

    Attributes:
        minting: What its token is minted through.
        roots: The DER of those that are trusted.
        requests: What the CA is asked through.
        pair: Where certificate and key go.
    """

    minting: Ports[PublishedAuthority]
    roots: Sequence[bytes]
    requests: CaRequests
    new_keys: NewKeys
    signatures: Signatures
    pair: PairSink


def obtain_certificate(options: CertificateOptions, ports: EnrollPorts) -> None:
    """Get the certificate that `options` ask for, and deliver it with its key."""
    ports.pair.check()
    terms = complete_terms(options, ports)
    key = ports.new_keys.make(options.key_kind)
    evidence = gather_evidence(options.minting, ports.minting)
    if isinstance(evidence, IssuedToken):
        request = options.minting.request
        token = evidence.token
        csr = key.request(request.subject, request.sans or (request.subject,))
    else:
        request = evidence.request
        csr = key.request(request.subject, request.sans or (request.subject,))
        request = attrs.evolve(request, cnf=ports.minting.certificates.fingerprint_request(csr))
        token = make_token(attrs.evolve(evidence, request=request), ports.minting.clock, ports.minting.randomness)
    ports.pair.deliver(sign(csr, token, terms, ports), key.serialize(None))


def sign(csr: bytes, token: str, terms: CertificateTerms, ports: EnrollPorts) -> bytes:
    """Return the chain, PEM, that the CA signs for a CSR by a token.

    Raises:
        ForeseenRefusalError: it would refuse; it was not asked.
        AuthorityError: it refuses, or answers with something else.
    """
    forecast = foretell_signing(csr, token, terms, ports)
    check_forecast(forecast)
    answer = ports.requests.put(ask_to_sign(csr.decode(), token, terms))
    if not answer.is_granted:
        raise explain_refusal(answer, forecast)
    certificates = ports.minting.certificates
    chain, now = read_issued_chain(answer, certificates.read_chain), ports.minting.clock.now()
    for caution in check_issued(chain, certificates.read_request(csr), ports.roots, now, terms):
        ports.minting.notices.warn(caution)
    return b"".join(encode_pem("CERTIFICATE", certificate.der) for certificate in chain)


def foretell_signing(csr: bytes, token: str, terms: CertificateTerms, ports: EnrollPorts) -> Forecast:
    """Return what the CA would say to a CSR and a token."""
    authority, certificates = ports.minting.authority, ports.minting.certificates
    provisioners = authority.provisioners()
    case = Case(
        token=read_go_jws(token),
        endpoint=Endpoint.SIGN,
        settings=authority.settings(),
        now=ports.minting.clock.now(),
        certificates=certificates,
        signatures=ports.signatures,
        csr=certificates.read_request(csr),
        not_before=terms.not_before,
        not_after=terms.not_after,
    )
    return foretell(case, provisioners)


def complete_terms(options: CertificateOptions, ports: EnrollPorts) -> CertificateTerms:
    """Return the terms with what stands in the file of template data."""
    set_file = options.settings.get("set-file")
    if set_file is None:
        return options.terms
    path = str(set_file.value)
    with options.minting.naming("set-file", path):
        document = parse_document(ports.minting.files.read(path, MAX_DOCUMENT_BYTES))
    return attrs.evolve(options.terms, template_data={**document, **options.terms.template_data})
