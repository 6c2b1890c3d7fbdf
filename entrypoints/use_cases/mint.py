"""How a token is minted: gather, decide, sign, emit. Knows ports and the domain, no adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.errors import InputError, WrongPasswordError
from domain.formats import base64url
from domain.mint.cautions import list_cautions
from domain.mint.judge_options import ANY_SUBJECT
from domain.mint.selection import select_provisioners
from domain.provisioners.credential import Credential, IssuedToken, take_any
from domain.provisioners.types import list_own_options
from domain.settings.passwords import explain_outranked
from domain.token.claims import Issuer, TokenRequest, UnsignedToken, compose_token
from domain.token.kind import Kind
from domain.token.user_data import parse_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from domain.ca.url import CaUrl
    from domain.certificates.ports import Certificates
    from domain.keys.ports import Passwords, Signer
    from domain.ports import Clock, InputFiles, Randomness
    from domain.provisioners.authority import ListingAuthority
    from domain.provisioners.base import Provisioner
    from domain.provisioners.credential import Ports, Sources
    from domain.settings.authority import AuthorityOptions
    from domain.token.options import TokenOptions

MAX_DOCUMENT_BYTES = 1 << 20


@attrs.frozen(eq=False, repr=False, slots=False)
class Evidence:
    """What a token is made of: the complete request, who vouches for it, and the key that signs.

    Attributes:
        check_request: Refuses what nobody vouches for (see `domain.provisioners.credential.Credential`).
    """

    request: TokenRequest
    issuer: Issuer
    signer: Signer
    check_request: Callable[[TokenRequest], None] = take_any


def mint_token(options: TokenOptions, ports: Ports[ListingAuthority]) -> None:
    """Mint the token that `options` ask for and deliver it."""
    ports.sink.check()
    ports.sink.deliver(issue_token(options, ports))


def issue_token(options: TokenOptions, ports: Ports[ListingAuthority]) -> str:
    """Return the token that `options` ask for; it goes nowhere."""
    evidence = gather_evidence(options, ports)
    if isinstance(evidence, IssuedToken):
        return evidence.token
    return make_token(evidence, ports.clock, ports.randomness)


def make_token(evidence: Evidence, clock: Clock, randomness: Randomness) -> str:
    """Return the token that the evidence grants: decided by pure rules, then signed.

    Raises:
        UsageError: the token's window is out of bounds by now, or the key's certificate does not vouch for it.
    """
    evidence.check_request(evidence.request)
    now, jti = clock.now(), randomness.token_id()
    unsigned = compose_token(evidence.request, evidence.issuer, evidence.signer.public, now=now, jti=jti)
    return sign_token(unsigned, evidence.signer)


def gather_evidence(options: TokenOptions, ports: Ports[ListingAuthority]) -> Evidence | IssuedToken:
    """Read the user's files, ask the CA, and open the key, in this order: the cheapest first."""
    request = complete_request(options, ports)
    listed = ports.authority.provisioners()
    fingerprint = ports.authority.root_fingerprint()  # of several roots, the one that the CA has just been verified by
    provisioner = choose_provisioner(listed, options, ports)
    passwords = _WatchedPasswords(ports.passwords)
    credential = open_credential(provisioner, options, attrs.evolve(ports, passwords=passwords))
    ports.notices.inform(f"✔ Provisioner: {provisioner.label()}")
    for caution in list_cautions(options, provisioner, credential, ports.authority, passwords.consulted):
        ports.notices.warn(caution)
    if isinstance(credential, IssuedToken):
        return credential
    return combine_evidence(
        request, describe_issuer(provisioner, credential, ports.authority.url(), fingerprint), credential
    )


def describe_issuer(provisioner: Provisioner, credential: Credential, ca_url: CaUrl, fingerprint: str) -> Issuer:
    """Return who vouches for the tokens of a credential; `fingerprint` is that of the CA's root."""
    return Issuer(
        name=provisioner.name,
        kid=credential.kid,
        ca_url=ca_url,
        root_fingerprint=fingerprint,
        fragment=provisioner.audience_fragment,
        header=credential.header,
    )


def combine_evidence(request: TokenRequest, issuer: Issuer, credential: Credential) -> Evidence:
    """Return what a token is made of whose parts are known."""
    if credential.subject is not None:
        request = attrs.evolve(request, subject=credential.subject)
    return Evidence(request, issuer, credential.signer, credential.check_request)


def sign_token(unsigned: UnsignedToken, signer: Signer) -> str:
    """Return the token as a compact JWS (RFC 7515, 3.1)."""
    return sign_input(unsigned.signing_input(), signer)


def sign_input(signing_input: str, signer: Signer) -> str:
    """Return the token of which all but the signature is there."""
    return f"{signing_input}.{base64url.encode(signer.sign(signing_input.encode('ascii')))}"


def open_credential(provisioner: Provisioner, options: TokenOptions, ports: Sources) -> Credential | IssuedToken:
    """Return what the provisioner signs with; an error about the password tells of files that were named in vain."""
    try:
        return provisioner.credential(options, ports)
    except WrongPasswordError as error:
        raise WrongPasswordError(f"{error.what}{explain_outranked(options)}", error.fix) from error


class _WatchedPasswords:
    """Passwords that remember whether they were wanted."""

    def __init__(self, passwords: Passwords) -> None:
        self.passwords = passwords
        self.whose = passwords.whose
        self.consulted = False

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the passwords (see `domain.keys.ports.Passwords`)."""
        self.consulted = True
        return self.passwords.candidates(purpose)


def complete_request(options: TokenOptions, ports: Sources) -> TokenRequest:
    """Return the request with what stands in the files that the user named."""
    request = options.request
    cnf_file, set_file, csr_file = (options.text(name) for name in ("cnf-file", "set-file", "csr"))
    if cnf_file is not None:
        with options.naming("cnf-file"):
            content = ports.files.read(cnf_file, MAX_DOCUMENT_BYTES)
            request = attrs.evolve(request, cnf=_fingerprint(content, request.kind, ports.certificates))
            if request.kind is Kind.SIGN and request.subject != ANY_SUBJECT:  # of a batch, whose lines have their own
                _warn_of_other_names(content, request, options, ports)
    if csr_file is not None:
        from domain.mint.csr_names import name_by_request  # noqa: PLC0415  # for these alone

        with options.naming("csr"):
            content = ports.files.read(csr_file, MAX_DOCUMENT_BYTES)
            ports.certificates.fingerprint_request(content)
            request = name_by_request(request, ports.certificates.read_request(content))
    if set_file is not None:
        request = attrs.evolve(request, user={**read_set_file(set_file, options, ports.files), **request.user})
    return request


def read_set_file(path: str, options: AuthorityOptions, files: InputFiles) -> Mapping[str, Any]:
    """Return the JSON object in the file of --set-file.

    Raises:
        InputError: it cannot be read, or is something else.
    """
    with options.naming("set-file", path):
        return parse_document(files.read(path, MAX_DOCUMENT_BYTES))


def _fingerprint(content: bytes, kind: Kind, certificates: Certificates) -> str:
    """Return the fingerprint of what a token is bound to; an error says what the option takes for other requests."""
    try:
        if kind is Kind.SIGN:
            return certificates.fingerprint_request(content)
        return certificates.fingerprint_ssh_key(content)
    except InputError as error:
        other = "with --ssh it takes an SSH public key" if kind is Kind.SIGN else "without --ssh it takes a CSR"
        raise InputError(error.what, f"{error.fix}; {other}") from error


def _warn_of_other_names(content: bytes, request: TokenRequest, options: TokenOptions, ports: Sources) -> None:
    """Warn where a CSR has other names than the token that is bound to it."""
    from domain.mint.csr_names import find_other_names  # noqa: PLC0415  # for these alone

    difference = find_other_names(request, ports.certificates.read_request(content))
    if difference:
        advice = "step-ca will refuse it with this token; --csr mints for the names of a CSR"
        ports.notices.warn(f"{options.spell('cnf-file')}: {difference}; {advice}")


def choose_provisioner(listed: Sequence[Provisioner], options: TokenOptions, ports: Sources) -> Provisioner:
    """Return the one of those that the CA has `listed` that the settings mean, or a person chooses.

    Raises:
        UsageError: there is none, nobody to ask, or the settings cannot apply to it.
    """
    left = select_provisioners(listed, options, ports.authority.source())
    question = "Which provisioner should sign the token?"
    index = ports.prompter.choose(question, [provisioner.label() for provisioner in left]) if len(left) > 1 else 0
    left[index].judge(options.settings, options.request.kind, list_own_options(left[index], options.settings))
    return left[index]
