"""What the user asks the commands for SSH certificates for, judged before any file or network counts."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from domain.enroll.key_kind import KeyKind, read_key_kind
from domain.enroll.reason_code import read_reason_code
from domain.enroll.ssh_request import SshTerms
from domain.errors import MissingSettingError, UsageError
from domain.formats.moment import Moment, parse_moment
from domain.mint.judge_options import check_subject, judge_signing
from domain.settings.authority import (
    AuthorityOptions,
    check_texts,
    judge_pairs,
    list_texts,
    parse_option,
    read_authority_options,
)
from domain.settings.setting import Origin, Setting, Settings, check_unicode, counts, drop_absent, exclude
from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from domain.token.options import TokenOptions
from domain.token.user_data import parse_assignment
from domain.token.validity import check_certificate_window

NEEDS = {"no-password": "insecure", "insecure": "no-password", "host-id": "host"}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SshRevocationOptions:
    """One revocation, as the user's settings describe it.

    Attributes:
        minting: How its token is minted.
        serial: Of the certificate, in decimal; empty for that of --sshpop-cert.
        reason: Why, in words.
        reason_code: Why, by RFC 5280, 5.3.1.
        token: One that is there, or where it is, None where one is minted.
        settings: All of them.
    """

    minting: TokenOptions
    serial: str
    reason: str
    reason_code: int
    token: str | None
    settings: Settings


def read_ssh_revocation_options(serial: str | None, settings: Settings) -> SshRevocationOptions:
    """Return the revocation that the settings describe.

    Raises:
        UsageError: they do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    check_texts(given)
    judge_pairs(given, {}, EXCLUDES)
    if serial is None and "sshpop-cert" not in given:
        raise MissingSettingError("the serial number is missing", "give it, or the certificate with --sshpop-cert")
    subject = "" if serial is None else check_subject(serial, Kind.SSH_REVOKE)
    code = given.get("reason-code")
    return SshRevocationOptions(
        minting=read_minting(TokenRequest(kind=Kind.SSH_REVOKE, subject=subject), given),
        serial=subject,
        reason=str(given["reason"].value) if "reason" in given else "",
        reason_code=0 if code is None else read_reason_code(str(code.value), code.spelled),
        token=str(given["token"].value) if "token" in given else None,
        settings=given,
    )


_WORDS = ("the certificate", "the key")
"""What errors call the two files that are named by no option."""

OF_NEW_KEY = ("kty", "curve", "size")
_OF_MINTING = (
    "provisioner", "kid", "key", "kms", "x5c-cert", "x5c-key", "x5c-chain", "x5c-insecure", "nebula-cert", "nebula-key",
    "k8ssa-token-path", "provisioner-password-file", "console", "sshpop-cert", "sshpop-key",
)  # fmt: skip
"""Options by which a token is minted, which one that is there needs none of."""

EXCLUDES = (
    ("no-password", "password-file"),
    ("host", "add-user"),
    ("sign", "add-user"),
    *(("sign", name) for name in OF_NEW_KEY),
    *(("token", name) for name in _OF_MINTING),
)

NOT_OF_TOKEN = frozenset(
    {
        "add-user", "comment", "force", "host", "host-id", "insecure", "no-agent", "no-password", "not-after",
        "not-before", "out", "principal", "reason", "reason-code", "set", "set-file", "sign", "token", *OF_NEW_KEY,
    }
)  # fmt: skip
"""Options that say nothing of how the token is signed that is minted on the way."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SshCertificateOptions:
    """One request for an SSH certificate, as the user's settings describe it.

    Attributes:
        minting: How its token is minted.
        terms: What is asked for, but for what stands in files that are not read yet.
        key_kind: What key is made for it, None where there is one.
        settings: All of them.
    """

    minting: TokenOptions
    terms: SshTerms
    key_kind: KeyKind | None
    settings: Settings

    @property
    def token(self) -> str | None:
        """A token that is there, or where it is, None where one is minted."""
        return str(self.settings["token"].value) if "token" in self.settings else None

    @property
    def adds_user(self) -> bool:
        """Whether a second key is made, by whose certificate a host makes the user."""
        return "add-user" in self.settings

    @property
    def add_user_comment(self) -> str:
        """What stands behind that key and its certificate."""
        return f"{name_principals(self.terms.key_id, is_host=False)[0]}-provisioner"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SshRenewalOptions:
    """One request about a certificate that is there, by its own key.

    Attributes:
        minting: How its token is minted.
        certificate, key: The files of the two.
        out: Where what is new goes, empty for where the old one is.
        settings: All of them.
    """

    minting: TokenOptions
    certificate: str
    key: str
    out: str
    settings: Settings


def read_ssh_renewal_options(kind: Kind, certificate: str, key: str, settings: Settings) -> SshRenewalOptions:
    """Return the request that the settings describe.

    Args:
        kind: A renewal or a rekeying.
        certificate: The file of the certificate.
        key: That of its key.
        settings: The settings.

    Raises:
        UsageError: they do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    check_texts(given)
    judge_pairs(given, NEEDS, EXCLUDES)
    named = {"sshpop-cert": certificate, "sshpop-key": key}
    more = {name: Setting(path, Origin.FLAG, what) for (name, path), what in zip(named.items(), _WORDS, strict=True)}
    seals = kind is Kind.SSH_REKEY and "no-password" not in given
    minting = read_minting(TokenRequest(kind=kind, subject=""), given, seals=seals, more=more)
    out = str(given["out"].value) if "out" in given else ""
    return SshRenewalOptions(minting=minting, certificate=certificate, key=key, out=out, settings=given)


def read_ssh_certificate_options(key_id: str, settings: Settings, now: int) -> SshCertificateOptions:
    """Return the request that the settings describe.

    Args:
        key_id: The certificate's key identifier.
        now: Nanoseconds since the epoch, UTC.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    _judge(key_id, given)
    is_host = "host" in given
    principals = list_texts(given, "principal")
    if not principals and "token" not in given:
        principals = name_principals(key_id, is_host=is_host)
    begin, end = _read_moment(given, "not-before"), _read_moment(given, "not-after")
    check_certificate_window(begin, end, now)
    terms = SshTerms(
        is_host=is_host,
        key_id=key_id,
        principals=principals,
        not_before=begin,
        not_after=end,
        template_data=dict(parse_assignment(text, given["set"].spelled) for text in list_texts(given, "set")),
    )
    request = TokenRequest(
        kind=Kind.SSH_HOST if is_host else Kind.SSH_USER,
        subject=key_id,
        principals=principals,
        cert_not_before=begin,
        cert_not_after=end,
    )
    return SshCertificateOptions(
        minting=read_minting(request, given, seals="sign" not in given and "no-password" not in given),
        terms=terms,
        key_kind=None if "sign" in given else read_key_kind(given),
        settings=given,
    )


def read_minting(
    request: TokenRequest, given: Settings, *, seals: bool = False, more: Mapping[str, Setting] | None = None
) -> TokenOptions:
    """Return how a token for the request is minted.

    Args:
        request: What it is to authorise.
        given: The settings, with those of the command that say nothing of that.
        seals: Whether a new key is encrypted by the password in --password-file.
        more: Settings that the command's words stand for.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    check_texts(given)
    signing = {name: given[name] for name in given.keys() - NOT_OF_TOKEN} | {**(more or {})}
    if seals and "password-file" in signing:
        if "provisioner-password-file" in signing:
            del signing["password-file"]
        else:  # it opens the signing key where that wants a password, as in step, and has its use where not
            signing["password-file"] = attrs.evolve(signing["password-file"], origin=Origin.CONFIGURATION)
    judge_signing(signing, request.kind)
    authority: AuthorityOptions = read_authority_options(signing)
    return TokenOptions(
        request=request,
        ca_url=authority.ca_url,
        timeout=authority.timeout,
        request_timeout=authority.request_timeout,
        settings=signing,
    )


def name_principals(key_id: str, *, is_host: bool) -> tuple[str, ...]:
    """Return the names that a certificate is for where none are given (step CLI, createPrincipalsFromSubject).

    A host's is the key identifier. A user's are the name of a system's user that is made of what stands before its
    last @, that part as it is, and all of it, each once.
    """
    if is_host:
        return (key_id,)
    local, at, _ = key_id.rpartition("@")
    name = "".join(map(_sanitize, _lower(local if at else key_id)))
    is_new = bool(at) and _lower(local) != name
    return (name, *([local] if is_new else []), *([key_id] if key_id != name else []))


def _lower(text: str) -> str:
    """Return a text in small letters, each by itself (Go, strings.ToLower)."""
    return "".join(character.lower()[0] for character in text)


def _sanitize(character: str) -> str:
    """Return what a character becomes in the name of a system's user (step-ca, SanitizeSSHUserPrincipal)."""
    if character == ".":
        return ""
    return character if "a" <= character <= "z" or "0" <= character <= "9" or character == "-" else "_"


def _judge(key_id: str, given: Settings) -> None:
    if not key_id:
        raise MissingSettingError("the key identifier is empty", "name the user or host that the certificate is for")
    check_unicode(key_id, "the key identifier")
    if any(character in key_id for character in "\n\r\0"):
        raise UsageError("the key identifier has a line break in it", "leave it out: it ends the lines of .pub files")
    check_texts(given)
    judge_pairs(given, NEEDS, EXCLUDES)
    if counts(given, "add-user") and len(list_texts(given, "principal")) > 1:
        raise exclude("add-user", "principal", given)


def _read_moment(given: Settings, name: str) -> Moment | None:
    return parse_option(given, name, lambda text: parse_moment(text, given[name].spelled))
