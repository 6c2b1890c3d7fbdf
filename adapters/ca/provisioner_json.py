"""Provisioners as step-ca writes them in JSON, read strictly by cattrs (step-ca, authority/provisioner).

Unknown members are the CA's own business and are passed over. A provisioner of an unknown type, or one
whose members make no sense, must not hide its neighbours: it is kept as one that makes no tokens.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from adapters.ca.json_record import read_record
from domain.ca.cert_types import HOST, USER
from domain.ca.settings import USUAL_SSH_DURATIONS, ProvisionerClaims, SshDurations
from domain.formats.duration import parse_duration
from domain.formats.terminal_text import shorten
from domain.keys.jwk import THUMBPRINT_MEMBERS, read_public_jwk
from domain.provisioners.base import OtherProvisioner, Provisioner
from domain.provisioners.jwk import JwkProvisioner
from domain.provisioners.types import NAMED

MAX_NAME_LENGTH = 1_024
"""Of a name, a type or a kid; a provisioner with a longer one makes no tokens."""

TOKENLESS = {
    "acme": "clients prove to it that a name is theirs, without a token; use an ACME client such as certbot",
    "scep": "clients enrol with a challenge password, without a token; use a SCEP client",
    "wire": "it serves Wire's own clients, without a token",
}
"""Why there is no token for a type, and what its clients do instead."""


@attrs.frozen
class ListedClaims:
    """The claims that step-ott reads of a provisioner or an authority; names are step-ca's."""

    enableSSHCA: bool | None = None  # noqa: N815  # step-ca's spelling
    disableRenewal: bool | None = None  # noqa: N815  # step-ca's spelling
    allowRenewalAfterExpiry: bool | None = None  # noqa: N815  # step-ca's spelling
    minUserSSHCertDuration: str | None = None  # noqa: N815  # step-ca's spelling
    maxUserSSHCertDuration: str | None = None  # noqa: N815  # step-ca's spelling
    defaultUserSSHCertDuration: str | None = None  # noqa: N815  # step-ca's spelling
    minHostSSHCertDuration: str | None = None  # noqa: N815  # step-ca's spelling
    maxHostSSHCertDuration: str | None = None  # noqa: N815  # step-ca's spelling
    defaultHostSSHCertDuration: str | None = None  # noqa: N815  # step-ca's spelling


@attrs.frozen
class ListedProvisioner:
    """The members that step-ott reads of a provisioner; names are step-ca's."""

    type: str
    name: str
    claims: ListedClaims | None = None
    options: dict[str, Any] | None = None
    clientID: str | None = None  # noqa: N815  # step-ca's spelling
    tenantID: str | None = None  # noqa: N815  # step-ca's spelling
    key: dict[str, Any] | None = None
    encryptedKey: str | None = attrs.field(default=None, repr=False)  # noqa: N815  # step-ca's spelling


def read_provisioners(values: Sequence[Any]) -> list[Provisioner]:
    """Return the provisioners in `values`, parsed JSON, in their order."""
    return [_read_provisioner(value) for value in values]


def _read_provisioner(value: Any) -> Provisioner:
    try:
        listed = read_record(value, ListedProvisioner)
    except ValueError as error:
        members: Mapping[str, Any] = value if isinstance(value, dict) else {}
        name, type_name = (members.get(key) if isinstance(members.get(key), str) else "?" for key in ("name", "type"))
        return OtherProvisioner(shorten(str(name)), shorten(str(type_name)), _explain(error))
    if max(len(listed.name), len(listed.type)) > MAX_NAME_LENGTH:
        reason = f"its name or type has over {MAX_NAME_LENGTH} characters"
        return OtherProvisioner(shorten(listed.name), shorten(listed.type), reason)
    claims, is_customized = _read_claims(listed.claims), _is_customized(listed.options or {})
    return _read_type(listed, value, {"claims": claims, "is_customized": is_customized})


def _read_type(listed: ListedProvisioner, value: Any, common: Mapping[str, Any]) -> Provisioner:
    """Return a provisioner of one type or another; `common` is what all have."""
    name, type_name = listed.name, listed.type.lower()
    if type_name == "jwk":
        return _read_jwk(listed, common)
    if type_name in ("oidc", "aws", "azure"):
        from adapters.ca.issued_elsewhere import READERS  # noqa: PLC0415  # few CAs have them

        try:
            return READERS[type_name](name, value, common)
        except ValueError as error:
            return OtherProvisioner(name, listed.type, _explain(error), listed.clientID or "", **common)
    if type_name in NAMED:
        cls = NAMED[type_name]
        binary: dict[str, Any] = {part: _decode(value.get(member)) for part, member in cls.binary_members.items()}
        return cls(name, **binary, **common)
    if type_name in TOKENLESS:
        return OtherProvisioner(name, listed.type, TOKENLESS[type_name], is_tokenless=True, **common)
    return OtherProvisioner(name, listed.type, identifier=listed.clientID or listed.tenantID or "", **common)


def _explain(error: ValueError) -> str:
    """Return why a provisioner whose members cannot be read makes no tokens."""
    return f"its configuration makes no sense: {error}"


def read_authority_claims(value: Any) -> ProvisionerClaims:
    """Return the claims in `value`, parsed JSON, with step-ca's own defaults (step-ca, config.GlobalProvisionerClaims).

    Raises:
        ValueError: a claim is of the wrong type.
    """
    usual = ProvisionerClaims(
        enable_ssh_ca=False, disable_renewal=False, allow_renewal_after_expiry=False,
        user_ssh=USUAL_SSH_DURATIONS[USER], host_ssh=USUAL_SSH_DURATIONS[HOST],
    )  # fmt: skip
    return _read_claims(read_record(value, ListedClaims)).over(usual)


def _read_claims(listed: ListedClaims | None) -> ProvisionerClaims:
    """Return the claims in the domain's words."""
    if listed is None:
        return ProvisionerClaims()
    return ProvisionerClaims(
        enable_ssh_ca=listed.enableSSHCA,
        disable_renewal=listed.disableRenewal,
        allow_renewal_after_expiry=listed.allowRenewalAfterExpiry,
        user_ssh=SshDurations(
            least=_read_duration(listed.minUserSSHCertDuration),
            most=_read_duration(listed.maxUserSSHCertDuration),
            usual=_read_duration(listed.defaultUserSSHCertDuration),
        ),
        host_ssh=SshDurations(
            least=_read_duration(listed.minHostSSHCertDuration),
            most=_read_duration(listed.maxHostSSHCertDuration),
            usual=_read_duration(listed.defaultHostSSHCertDuration),
        ),
    )


def _read_duration(text: str | None) -> int | None:
    """Return nanoseconds, None where nothing is said; a CA with a malformed duration does not start."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError:
        return None


def _is_customized(options: Mapping[str, Any]) -> bool:
    """Return whether options of a provisioner hold templates, a policy or webhooks."""
    return any(options.get(name) for name in ("x509", "ssh", "webhooks"))


def _decode(text: Any) -> bytes:
    """Return what standard base64 stands for, as Go writes bytes; nothing where it is none."""
    try:
        return b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        return b""


def _read_jwk(listed: ListedProvisioner, common: Mapping[str, Any]) -> Provisioner:
    try:
        if listed.key is None:
            raise ValueError("it has no key")
        public = read_public_jwk(listed.key)
        if not public.kid:
            raise ValueError("its key has no kid")
        if len(public.kid) > MAX_NAME_LENGTH:
            raise ValueError(f"its kid has over {MAX_NAME_LENGTH} characters")
    except ValueError as error:
        reason, key = f"its key cannot be used: {error}", listed.key or {}
        kid = key["kid"] if isinstance(key.get("kid"), str) else ""
        judged_as = _read_checking_jwk(listed.name, key, kid, common)
        return OtherProvisioner(listed.name, listed.type, reason, f"{listed.name}:{kid}", judged_as, **common)
    return JwkProvisioner(listed.name, kid=public.kid, key=public, encrypted_key=listed.encryptedKey or None, **common)


def _read_checking_jwk(name: str, key: Mapping[str, Any], kid: str, common: Mapping[str, Any]) -> JwkProvisioner | None:
    """Return the provisioner by which the CA checks tokens, whatever the key says it is for; None for an odd key."""
    try:
        members = THUMBPRINT_MEMBERS.get(key.get("kty", ""), ())
        public = read_public_jwk({member: key[member] for member in ("kty", *members) if member in key})
    except (ValueError, TypeError):
        return None
    return JwkProvisioner(name, kid=kid, key=public, **common)
