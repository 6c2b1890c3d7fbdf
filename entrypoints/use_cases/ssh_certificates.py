"""How SSH certificates are got, renewed, rekeyed and revoked: a token for each, and the CA's answer to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import attrs

from domain.ca.settings import ProvisionerClaims
from domain.ca_rules.endpoint import Endpoint
from domain.enroll.ssh_answer import (
    FORCE_COMMAND,
    WantedSsh,
    asks_for,
    check_like_before,
    check_same_times,
    check_ssh_certificate,
    fingerprint_wire,
    list_critical_options,
    list_long_lives,
    list_other_names,
    list_other_times,
    list_unasked,
    read_granted_moment,
    read_ssh_certificate,
    refuse_differences,
    refuse_unreadable,
)
from domain.enroll.ssh_files import format_line
from domain.enroll.ssh_request import (
    ask_to_rekey_ssh,
    ask_to_renew_ssh,
    ask_to_revoke_ssh,
    ask_to_sign_ssh,
    check_binding,
)
from domain.errors import InputError, UsageError
from domain.token.reader import read_ssh_options, read_text, read_texts
from domain.verify.lookup import find_provisioner
from entrypoints.use_cases.mint import MAX_DOCUMENT_BYTES, read_set_file
from entrypoints.use_cases.spending import spend
from entrypoints.use_cases.ssh_tokens import open_ssh_court, open_ssh_tokens
from entrypoints.use_cases.tokens import GivenToken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from domain.ca_rules.case import Case
    from domain.certificates.x509_and_ssh import SshCertificate, SshPublicKey
    from domain.enroll.request import CaRequest
    from domain.enroll.ssh_options import SshCertificateOptions
    from domain.enroll.ssh_renewal import SshRevocationOptions
    from domain.enroll.ssh_request import SshTerms
    from domain.provisioners.base import Provisioner
    from domain.token.options import TokenOptions
    from entrypoints.use_cases.spending import SpentToken
    from entrypoints.use_cases.ssh_tokens import SshPorts
    from entrypoints.use_cases.tokens import Tokens


@attrs.frozen(kw_only=True, eq=False, repr=False)
class IssuedSsh:
    """An SSH certificate that the CA has signed.

    Attributes:
        add_user: The certificate by which a host makes the user, None where none was asked for or granted.
        differences: What the CA decided otherwise than was asked for, a phrase each.
    """

    certificate: SshCertificate
    add_user: SshCertificate | None = None
    differences: Sequence[str] = ()


def obtain_ssh_certificate(
    options: SshCertificateOptions,
    public_key: SshPublicKey,
    ports: SshPorts,
    *,
    token: str | None = None,
    add_user_key: SshPublicKey | None = None,
) -> IssuedSsh:
    """Return the CA's certificate for a public key.

    Args:
        options: What is asked for.
        public_key: The key.
        ports: What is outside.
        token: One that is there, None to mint one that is bound to the key.
        add_user_key: A key that may make the user on hosts, None for none.

    Raises:
        ForeseenRefusalError: the CA would refuse; it was not asked.
        AuthorityError: it refuses, or answers with something else.
    """
    terms, tokens = complete_terms(options, ports), open_ssh_tokens(options.minting, ports, token)
    return sign_ssh_key(public_key, tokens, terms, ports, add_user_key)


def sign_ssh_key(
    public_key: SshPublicKey,
    tokens: Tokens,
    terms: SshTerms,
    ports: SshPorts,
    add_user_key: SshPublicKey | None = None,
) -> IssuedSsh:
    """Return the CA's certificate for a public key by a token (see `obtain_ssh_certificate`)."""
    cnf = ports.minting.certificates.fingerprint_ssh_key(format_line(public_key.wire, ""))
    if isinstance(tokens, GivenToken):
        check_binding(tokens.claims, cnf)

    def make_request(token: str) -> CaRequest:
        return ask_to_sign_ssh(public_key.wire, token, terms, add_user_key.wire if add_user_key else "")

    court = open_ssh_court(Endpoint.SSH_SIGN, terms, ports)
    spent = spend(tokens, make_request, court, cnf)
    terms = _add_granted(terms, read_ssh_options(spent.case.token.claims) or {})
    later = asks_for(terms.not_before)
    wanted = _describe_wanted(spent, fingerprint_wire(public_key.wire), is_host=terms.is_host, later=later)
    certificate = _take_certificate(spent, wanted, ports)
    add_user, differences = None, []
    if add_user_key is not None and spent.answer.members.get("addUserCrt"):
        wanted = _describe_wanted(spent, fingerprint_wire(add_user_key.wire), is_host=False, later=later)
        add_user = _take_certificate(spent, wanted, ports, "addUserCrt")
        check_same_times(add_user, certificate)
        differences += [f"for adding the user {what}" for what in list_critical_options(add_user, FORCE_COMMAND)]
    provisioner, _ = find_provisioner(spent.case, court.rules.provisioners)
    differences += _judge_terms(certificate, terms, provisioner, spent.case)
    return IssuedSsh(certificate=certificate, add_user=add_user, differences=differences)


def renew_ssh_certificate(options: TokenOptions, before: SshCertificate, ports: SshPorts) -> SshCertificate:
    """Return another certificate for the key of the one `before`, whose key signs the token."""
    court = open_ssh_court(Endpoint.SSH_RENEW, None, ports)
    spent = spend(open_ssh_tokens(options, ports), ask_to_renew_ssh, court)
    wanted = _describe_wanted(spent, before.key_fingerprint, is_host=before.is_host)
    certificate = _take_certificate(spent, wanted, ports)
    check_like_before(certificate, before, ports.minting.clock.now())
    return certificate


def rekey_ssh_certificate(
    options: TokenOptions, before: SshCertificate, public_key: SshPublicKey, ports: SshPorts
) -> SshCertificate:
    """Return a certificate for another key in the place of the one `before`, whose key signs the token."""
    court = open_ssh_court(Endpoint.SSH_REKEY, None, ports)
    make_request = partial(ask_to_rekey_ssh, public_key.wire)
    spent = spend(open_ssh_tokens(options, ports), make_request, court)
    wanted = _describe_wanted(spent, fingerprint_wire(public_key.wire), is_host=before.is_host)
    certificate = _take_certificate(spent, wanted, ports)
    check_like_before(certificate, before, ports.minting.clock.now())
    return certificate


def revoke_ssh_certificate(options: SshRevocationOptions, ports: SshPorts, token: str | None = None) -> str:
    """Have the CA renew no certificate of a serial number any more, and return that, in decimal.

    Args:
        options: What is asked for.
        ports: What is outside.
        token: One that is there, None to mint one.
    """
    serial = options.serial or _read_serial(options, ports)
    tokens = open_ssh_tokens(options.minting, ports, token)
    subject = read_text(tokens.claims.get("sub")) if isinstance(tokens, GivenToken) else serial
    if subject != serial:
        raise UsageError(f"the token is for serial number {subject!r}, not {serial}", "mint one for this certificate")

    def make_request(token: str) -> CaRequest:
        return ask_to_revoke_ssh(serial, token, options.reason)

    spend(tokens, make_request, open_ssh_court(Endpoint.SSH_REVOKE, None, ports))
    return serial


def _read_serial(options: SshRevocationOptions, ports: SshPorts) -> str:
    """Return the serial number of the certificate that revokes itself."""
    path = str(options.settings["sshpop-cert"].value)
    with options.minting.naming("sshpop-cert", path):
        return str(ports.minting.certificates.read_ssh(ports.minting.files.read(path, MAX_DOCUMENT_BYTES)).serial)


def complete_terms(options: SshCertificateOptions, ports: SshPorts) -> SshTerms:
    """Return the terms with what stands in the file of template data."""
    set_file = options.settings.get("set-file")
    if set_file is None:
        return options.terms
    document = read_set_file(str(set_file.value), options.minting, ports.minting.files)
    return attrs.evolve(options.terms, template_data={**document, **options.terms.template_data})


def _add_granted(terms: SshTerms, granted: Mapping[str, Any]) -> SshTerms:
    """Return the terms with what the token's `step.ssh` says where they say nothing, which counts as asked for."""
    return attrs.evolve(
        terms,
        principals=terms.principals or tuple(read_texts(granted.get("principals"))),
        not_before=terms.not_before or read_granted_moment(granted.get("validAfter")),
        not_after=terms.not_after or read_granted_moment(granted.get("validBefore")),
    )


def _describe_wanted(spent: SpentToken, key_fingerprint: str, *, is_host: bool, later: bool = False) -> WantedSsh:
    """Return what the certificate in an answer must be."""
    settings = spent.case.settings
    signers = (settings.ssh_host_keys if is_host else settings.ssh_user_keys) or ()
    return WantedSsh(key_fingerprint=key_fingerprint, is_host=is_host, signers=signers, begins_later=later)


def _take_certificate(spent: SpentToken, wanted: WantedSsh, ports: SshPorts, member: str = "crt") -> SshCertificate:
    """Return the certificate in the answer, which must be the CA's own and for the key."""
    try:
        certificate = ports.minting.certificates.read_ssh(read_ssh_certificate(spent.answer, member))
    except InputError as error:
        raise refuse_unreadable() from error
    check_ssh_certificate(certificate, wanted, ports.minting.clock.now())
    return certificate


def _judge_terms(
    certificate: SshCertificate, terms: SshTerms, provisioner: Provisioner | None, case: Case
) -> Sequence[str]:
    """Return in what the certificate differs from the terms, or goes beyond them, where the CA may decide that.

    Args:
        certificate: What the CA answers with.
        terms: What was asked for.
        provisioner: By whose rules, None where that cannot be told.
        case: The token before the CA, when it was asked.

    Raises:
        AuthorityError: it differs in what the CA may not decide.
    """
    names = list(list_other_names(certificate, terms))
    decides = provisioner is None or provisioner.is_customized or provisioner.chooses_names
    claims = (ProvisionerClaims() if provisioner is None else provisioner.claims).over(case.settings.claims)
    wrong = [*([] if decides else names), *list_other_times(certificate, terms, case.now)]
    wrong = wrong or list(list_long_lives(certificate, claims, case.now))
    if wrong:
        raise refuse_differences(wrong)
    differences = [*names, *list_unasked(certificate, terms)]
    if not asks_for(terms.not_after):
        differences += list_long_lives(certificate, claims, case.now, usual=True)
    return differences
