"""Which names a request is for, by whose token it comes with (step CLI, cautils, CreateSignRequest)."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import attrs

from domain.errors import InputError, UsageError
from domain.formats import json_text
from domain.provisioners.k8ssa import ISSUER as KUBERNETES
from domain.token.reader import read_audiences, read_member, read_text, read_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_AZURE_ISSUERS = (
    "https://sts.windows.net",
    "https://login.microsoftonline.com",
    "https://login.microsoftonline.us",
    "https://sts.chinacloudapi.cn",
    "https://login.partner.microsoftonline.cn",
)
_AZURE_MACHINE = re.compile(
    "/subscriptions/[^/]+/resourceGroups/[^/]+/providers/"
    "Microsoft.(?:Compute/virtualMachines|ManagedIdentity/userAssignedIdentities)/([^/]+)",
    re.IGNORECASE,
)


@attrs.frozen
class RequestNames:
    """The names of a certificate signing request.

    Attributes:
        common_name: Of its subject.
        sans: DNS names, IP addresses, email addresses and URIs.
    """

    common_name: str
    sans: tuple[str, ...]


def names_itself(claims: Mapping[str, Any]) -> bool:
    """Return whether a token says for which names it is, so that nothing else can (step CLI, token.JWK)."""
    is_issued = bool(claims.get("google") or claims.get("amazon")) or claims.get("iss") == KUBERNETES
    return not is_issued and bool(read_text(claims.get("sha")) or read_texts(claims.get("sans")))


def choose_names(claims: Mapping[str, Any], subject: str, sans: Sequence[str]) -> RequestNames:
    """Return the names of the request that a token with these claims is shown with.

    Args:
        claims: The token's.
        subject: The user's.
        sans: Those of the user's, which a token that names itself has none beside.

    Raises:
        InputError: it is a token of no type that is known.
        UsageError: the token is for another subject.
    """
    if names_itself(claims):
        own = read_text(claims.get("sub"))
        if subject.lower() != own.lower():
            what = f"the token is for {own!r}, and the subject is {subject!r}"
            raise UsageError(what, "give the token's subject, or another token")
        return RequestNames(own, tuple(filter(None, dict.fromkeys(read_texts(claims.get("sans"))))) or (own,))
    if sans:
        return RequestNames(subject, tuple(dict.fromkeys(sans)))
    if claims.get("iss") == KUBERNETES:
        return RequestNames(subject, (subject,))
    machine = _name_machine(claims)
    if machine:
        return RequestNames(subject, tuple(dict.fromkeys((*machine, subject))))
    if not all(claims.get(name) for name in ("iss", "sub", "exp", "iat")) or not read_audiences(claims):
        raise InputError("the token is of no type that a certificate is got by", "look at it with 'step-ott inspect'")
    return _name_person(claims, subject)


def _name_machine(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that a cloud has for the machine whose token it is, none where it is not one's."""
    if claims.get("google") is not None:
        machine = read_member(claims["google"], "compute_engine")
        name, project, zone = (read_text(read_member(machine, one)) for one in ("instance_name", "project_id", "zone"))
        return f"{name}.c.{project}.internal", f"{name}.{zone}.c.{project}.internal"
    if claims.get("amazon") is not None:
        document = _read_document(read_member(claims["amazon"], "document"))
        address, region = (read_text(read_member(document, one)) for one in ("privateIp", "region"))
        return address, f"ip-{address.replace('.', '-')}.{region}.compute.internal"
    if read_text(claims.get("iss")).startswith(_AZURE_ISSUERS):
        machine_id = _AZURE_MACHINE.fullmatch(read_text(claims.get("xms_mirid")))
        return (machine_id[1],) if machine_id else ()
    return ()


def _read_document(encoded: Any) -> Any:
    try:
        return json_text.parse(b64decode(read_text(encoded), validate=True))
    except ValueError as error:
        raise InputError("the token's identity document cannot be read", "have the machine make another") from error


def _name_person(claims: Mapping[str, Any], subject: str) -> RequestNames:
    """Return the names by the token of an identity provider: those that step-ca gives to a person by default."""
    email, issuer = read_text(claims.get("email")), read_text(claims.get("iss"))
    if not email or email.lower() != subject.lower():
        return RequestNames(subject, (subject,))
    holder = read_text(claims.get("sub"))
    return RequestNames(holder, (email, f"{issuer}#{holder}") if "://" in issuer else (email,))
