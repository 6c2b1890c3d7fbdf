"""How a token comes about: gather, decide, sign, emit. Knows ports and the domain, no adapter."""

from collections.abc import Callable, Iterator

import attrs

from domain import base64url
from domain.claims import Issuer, TokenRequest, UnsignedToken, compose_token
from domain.errors import KeyMismatchError, UsageError
from domain.key_source import KeyFile, SealedKey
from domain.ports import (
    Authority,
    Clock,
    InputFiles,
    KeyStore,
    Notices,
    Passwords,
    Prompter,
    Randomness,
    Signer,
    TokenSink,
)
from domain.provisioners.base import OtherProvisioner, Provisioner
from domain.provisioners.jwk import JwkProvisioner
from domain.request_kind import Kind
from domain.selection import select_provisioners
from domain.token_options import TokenOptions
from domain.user_data import merge_user_data

MAX_DOCUMENT_BYTES = 1 << 20


@attrs.frozen(kw_only=True)
class Ports:
    """Everything outside that minting uses.

    Attributes:
        fingerprint: SHA-256 in unpadded base64url of the CSR (or, where the flag says so, of the SSH
            public key) in a file's content.
    """

    clock: Clock
    randomness: Randomness
    files: InputFiles
    keys: KeyStore
    passwords: Passwords
    authority: Authority
    prompter: Prompter
    notices: Notices
    sink: TokenSink
    fingerprint: Callable[[bytes, bool], str]


@attrs.frozen
class Evidence:
    """What minting gathered: the complete request, who vouches for it, and the key that signs."""

    request: TokenRequest
    issuer: Issuer
    signer: Signer


def mint_token(options: TokenOptions, ports: Ports) -> None:
    """Mint the token that `options` ask for and deliver it."""
    evidence = gather_evidence(options, ports)
    unsigned = compose_token(
        evidence.request,
        evidence.issuer,
        evidence.signer.public,
        now=ports.clock.now(),
        jti=ports.randomness.token_id(),
    )
    ports.sink.deliver(sign_token(unsigned, evidence.signer))


def gather_evidence(options: TokenOptions, ports: Ports) -> Evidence:
    """Read the user's files, ask the CA, and open the key, in this order: the cheapest first."""
    request = _complete_request(options, ports)
    fingerprint = ports.authority.root_fingerprint()
    provisioner = _choose_provisioner(options, ports)
    signer = _open_key(provisioner, options, ports)
    ports.notices.inform(f"✔ Provisioner: {provisioner.label()}")
    _warn_of_refusal(options.kind, provisioner, ports.notices)
    issuer = Issuer(
        name=provisioner.name,
        kid=provisioner.key_id or signer.public.thumbprint(),
        ca_url=ports.authority.url(),
        root_fingerprint=fingerprint,
        fragment=provisioner.audience_fragment,
    )
    return Evidence(request, issuer, signer)


@attrs.define
class _WatchedPasswords:
    """Passwords that remember whether they were wanted."""

    passwords: Passwords
    consulted: bool = False

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the passwords (see `domain.ports.Passwords`)."""
        self.consulted = True
        return self.passwords.candidates(purpose)


def _warn_of_unused_passwords(options: TokenOptions, consulted: bool, notices: Notices) -> None:
    """Say of a password file given as a flag that it made no difference."""
    given = [name for name in ("provisioner-password-file", "password-file") if options.is_flag(name)]
    for name in given[1:] if consulted else given:
        reason = f"{options.spell(given[0])} goes before it" if consulted else "the key is not encrypted"
        notices.warn(f"{options.spell(name)} is not used: {reason}")


def sign_token(unsigned: UnsignedToken, signer: Signer) -> str:
    """Return the token as a compact JWS (RFC 7515, 3.1)."""
    signing_input = unsigned.signing_input()
    return f"{signing_input}.{base64url.encode(signer.sign(signing_input.encode('ascii')))}"


def _complete_request(options: TokenOptions, ports: Ports) -> TokenRequest:
    cnf, document = options.cnf, None
    if options.cnf_file is not None:
        is_ssh = options.kind is not Kind.SIGN
        cnf = ports.fingerprint(ports.files.read(options.cnf_file, MAX_DOCUMENT_BYTES), is_ssh)
    if options.set_file is not None:
        document = ports.files.read(options.set_file, MAX_DOCUMENT_BYTES)
    return TokenRequest(
        kind=options.kind,
        subject=options.subject,
        sans=options.sans,
        principals=options.principals,
        not_before=options.not_before,
        not_after=options.not_after,
        cert_not_before=options.cert_not_before,
        cert_not_after=options.cert_not_after,
        cnf=cnf,
        user=merge_user_data(document, options.set_file or "", options.user_assignments),
    )


def _choose_provisioner(options: TokenOptions, ports: Ports) -> JwkProvisioner:
    left = select_provisioners(ports.authority.provisioners(), options)
    index = 0
    if len(left) > 1:
        index = ports.prompter.choose("Which provisioner is to make the token?", [p.label() for p in left])
    chosen = left[index]
    if isinstance(chosen, OtherProvisioner) or not isinstance(chosen, JwkProvisioner):
        reason = chosen.reason if isinstance(chosen, OtherProvisioner) else ""
        raise UsageError(f"provisioner {chosen.label()} cannot be used: {reason}", "choose another by --provisioner")
    return chosen


def _warn_of_refusal(kind: Kind, provisioner: Provisioner, notices: Notices) -> None:
    if kind not in provisioner.kinds:
        notices.warn(f"step-ca takes no {provisioner.type_name} token for {kind.path}; it will refuse this one")


def _open_key(provisioner: JwkProvisioner, options: TokenOptions, ports: Ports) -> Signer:
    """Return the signer of the provisioner's key, wherever it is; its public half is the published one."""
    source: KeyFile | SealedKey
    if options.key is not None:
        source = KeyFile(options.key, "key")
    else:
        sealed = provisioner.encrypted_key or ports.authority.encrypted_key(provisioner.kid)
        source = SealedKey(sealed, f"provisioner {provisioner.name}")
    passwords = _WatchedPasswords(ports.passwords)
    signer = ports.keys.open(source, passwords)
    _warn_of_unused_passwords(options, passwords.consulted, ports.notices)
    if provisioner.key is not None and signer.public.thumbprint() != provisioner.key.thumbprint():
        whose = f"{options.spell('key')} {options.key}" if options.key else "the key that the CA keeps"
        raise KeyMismatchError(
            f"{whose} is not the key of provisioner {provisioner.label()}",
            "give that provisioner's key, or choose another",
        )
    return signer
