"""Provisioners as step-ca writes them in JSON, read strictly by cattrs (step-ca, authority/provisioner).

Unknown members are the CA's own business and are passed over. A provisioner of an unknown type, or one
whose members make no sense, must not hide its neighbours: it is kept as one that makes no tokens.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Required, TypedDict

from adapters.ca.json_record import read_record
from domain.ca.cert_types import HOST, USER
from domain.ca.settings import USUAL_SSH_DURATIONS, CertDurations, ProvisionerClaims
from domain.formats.duration import parse_duration
from domain.formats.terminal_text import shorten
from domain.keys.jwk import THUMBPRINT_MEMBERS, read_public_jwk
from domain.provisioners.base import Provisioner
from domain.provisioners.types import TOKENLESS, find_type

MAX_NAME_LENGTH = 1_024
"""Of a name, a type or a kid; a provisioner with a longer one makes no tokens."""


class ListedClaims(TypedDict, total=False):
    """The claims that step-ott reads of a provisioner or an authority; names are step-ca's."""

    enableSSHCA: bool | None
    disableRenewal: bool | None
    allowRenewalAfterExpiry: bool | None
    minTLSCertDuration: str | None
    maxTLSCertDuration: str | None
    defaultTLSCertDuration: str | None
    minUserSSHCertDuration: str | None
    maxUserSSHCertDuration: str | None
    defaultUserSSHCertDuration: str | None
    minHostSSHCertDuration: str | None
    maxHostSSHCertDuration: str | None
    defaultHostSSHCertDuration: str | None


class ListedProvisioner(TypedDict, total=False):
    """The members that step-ott reads of any provisioner; names are step-ca's."""

    type: Required[str]
    name: Required[str]
    claims: ListedClaims | None
    options: dict[str, Any] | None
    clientID: str | None
    tenantID: str | None
    key: dict[str, Any] | None
    encryptedKey: str | None


class ListedAws(TypedDict, total=False):
    """The members of an AWS provisioner alone; names are step-ca's."""

    imdsVersions: list[str] | None


class ListedAzure(TypedDict, total=False):
    """The members of an Azure provisioner alone; names are step-ca's."""

    tenantID: str | None
    audience: str | None


class ListedClient(TypedDict, total=False):
    """The members that step-ott reads of an OIDC provisioner beside those; names are step-ca's."""

    clientID: Required[str]
    configurationEndpoint: Required[str]
    clientSecret: str | None
    tenantID: str | None
    listenAddress: str | None
    scopes: list[str] | None
    authParams: list[str] | None


def read_provisioners(values: Sequence[Any]) -> list[Provisioner]:
    """Return the provisioners in `values`, parsed JSON, in their order."""
    return [_read_provisioner(value) for value in values]


def _read_provisioner(value: Any) -> Provisioner:
    try:
        listed = read_record(value, ListedProvisioner)
    except ValueError as error:
        members: Mapping[str, Any] = value if isinstance(value, dict) else {}
        found = (members.get(key) for key in ("name", "type"))
        name, type_name = (shorten(text) if isinstance(text, str) else "?" for text in found)
        return _keep_faulty(name, type_name, _explain(error))
    name, type_name = listed["name"], listed["type"]
    if max(len(name), len(type_name)) > MAX_NAME_LENGTH:
        reason = f"its name or type has over {MAX_NAME_LENGTH} characters"
        return _keep_faulty(shorten(name), shorten(type_name), reason)
    common: dict[str, Any] = {
        "claims": _read_claims(listed.get("claims")),
        # by templates, a policy or webhooks
        "is_customized": any((listed.get("options") or {}).get(name) for name in ("x509", "ssh", "webhooks")),
    }
    try:
        return _READERS.get(type_name.lower(), _read_by_type)(listed, common)
    except ValueError as error:
        return _keep_faulty(name, type_name, _explain(error), listed.get("clientID") or "", **common)


def _keep_other(name: str, type_name: str, *known: Any, **common: Any) -> Provisioner:
    """Return a provisioner that makes no tokens (see `OtherProvisioner`)."""
    from domain.provisioners.other import OtherProvisioner  # noqa: PLC0415  # few CAs have one

    return OtherProvisioner(name, type_name, *known, **common)


def _keep_faulty(name: str, type_name: str, reason: str, *known: Any, **common: Any) -> Provisioner:
    """Return a provisioner whose entry cannot be read, and why."""
    return _keep_other(name, type_name, reason, *known, is_faulty=True, **common)


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
        enable_ssh_ca=listed.get("enableSSHCA"),
        disable_renewal=listed.get("disableRenewal"),
        allow_renewal_after_expiry=listed.get("allowRenewalAfterExpiry"),
        x509=_read_durations(listed, "TLSCertDuration"),
        user_ssh=_read_durations(listed, "UserSSHCertDuration"),
        host_ssh=_read_durations(listed, "HostSSHCertDuration"),
    )


def _read_durations(listed: Mapping[str, Any], of_type: str) -> CertDurations:
    least, most, usual = (_read_duration(listed.get(f"{bound}{of_type}")) for bound in ("min", "max", "default"))
    return CertDurations(least=least, most=most, usual=usual)


def _read_duration(text: str | None) -> int | None:
    """Return nanoseconds, None where nothing is said; a CA with a malformed duration does not start."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError:
        return None


def _decode(text: Any) -> bytes:
    """Return what standard base64 stands for, as Go writes bytes; nothing where it is none."""
    try:
        return b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        return b""


def _read_by_type(listed: ListedProvisioner, common: Mapping[str, Any]) -> Provisioner:
    """Return a provisioner of which nothing is read but its name, and what its type names of members in base64."""
    name, type_name = listed["name"], listed["type"]
    cls = find_type(type_name)
    if cls is not None:
        members: Mapping[str, Any] = listed
        binary: dict[str, Any] = {one: _decode(members.get(member)) for one, member in cls.binary_members.items()}
        return cls(name, **binary, **common)
    reason = next((reason for known, reason in TOKENLESS.items() if known.lower() == type_name.lower()), None)
    if reason is not None:
        return _keep_other(name, type_name, reason, is_tokenless=True, **common)
    identifier = listed.get("clientID") or listed.get("tenantID") or ""
    return _keep_other(name, type_name, identifier=identifier, **common)


def _read_jwk(listed: ListedProvisioner, common: Mapping[str, Any]) -> Provisioner:
    from domain.provisioners.jwk import JwkProvisioner  # noqa: PLC0415

    name, key = listed["name"], listed.get("key")
    try:
        if key is None:
            raise ValueError("it has no key")
        public = read_public_jwk(key)
        if not public.kid:
            raise ValueError("its key has no kid")
        if len(public.kid) > MAX_NAME_LENGTH:
            raise ValueError(f"its kid has over {MAX_NAME_LENGTH} characters")
    except ValueError as error:
        return _read_unfit_jwk(listed, key or {}, f"its key cannot be used: {error}", common)
    return JwkProvisioner(name, kid=public.kid, key=public, encrypted_key=listed.get("encryptedKey") or None, **common)


def _read_unfit_jwk(
    listed: ListedProvisioner, key: Mapping[str, Any], reason: str, common: Mapping[str, Any]
) -> Provisioner:
    """Return a provisioner that makes no tokens, with the one by which the CA checks them, unless its key is odd.

    The CA checks tokens whatever the key says that it is for.
    """
    from domain.provisioners.jwk import JwkProvisioner  # noqa: PLC0415

    name, kid = listed["name"], key["kid"] if isinstance(key.get("kid"), str) else ""
    try:
        members = THUMBPRINT_MEMBERS.get(key.get("kty", ""), ())
        public = read_public_jwk({member: key[member] for member in ("kty", *members) if member in key})
        judged_as = JwkProvisioner(name, kid=kid, key=public, **common)
    except (ValueError, TypeError):
        judged_as = None
    return _keep_faulty(name, listed["type"], reason, f"{name}:{kid}", judged_as, **common)


def _read_aws(listed: ListedProvisioner, common: Mapping[str, Any]) -> Provisioner:
    from domain.provisioners.aws import V1, V2, AwsProvisioner  # noqa: PLC0415

    versions = read_record(listed, ListedAws).get("imdsVersions") or (V2, V1)
    if not {V1, V2}.intersection(versions):
        raise ValueError(f"its imdsVersions has neither {V1} nor {V2}")
    return AwsProvisioner(listed["name"], versions=tuple(versions), **common)


def _read_azure(listed: ListedProvisioner, common: Mapping[str, Any]) -> Provisioner:
    from domain.provisioners.azure import AzureProvisioner  # noqa: PLC0415

    own = read_record(listed, ListedAzure)
    tenant, audience = own.get("tenantID") or "", own.get("audience") or ""
    return AzureProvisioner(listed["name"], tenant_id=tenant, audience=audience, **common)


def _read_oidc(listed: ListedProvisioner, common: Mapping[str, Any]) -> Provisioner:
    from domain.provisioners.oidc import OidcProvisioner  # noqa: PLC0415
    from domain.sign_in.client import IdentityClient  # noqa: PLC0415

    own = read_record(listed, ListedClient)
    client = IdentityClient(
        client_id=own["clientID"],
        client_secret=own.get("clientSecret") or "",
        configuration_endpoint=own["configurationEndpoint"],
        tenant_id=own.get("tenantID") or "",
        listen_address=own.get("listenAddress") or "",
        scopes=tuple(own.get("scopes") or ()),
        auth_params=tuple(own.get("authParams") or ()),
    )
    return OidcProvisioner(listed["name"], client=client, **common)


_READERS: Mapping[str, Callable[[ListedProvisioner, Mapping[str, Any]], Provisioner]] = {
    "jwk": _read_jwk,
    "aws": _read_aws,
    "azure": _read_azure,
    "oidc": _read_oidc,
}
"""The types with members of their own, by the CA's type in lower case; a reader raises a ValueError where they make no
sense."""
