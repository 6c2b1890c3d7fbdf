"""Provisioners whose tokens are issued by an identity provider or a cloud, and that have members of their own.

Source: step-ca, authority/provisioner/oidc.go, aws.go, azure.go.
"""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from adapters.ca.json_record import read_record
from domain.provisioners.aws import V1, V2, AwsProvisioner
from domain.provisioners.azure import AzureProvisioner
from domain.provisioners.base import Provisioner
from domain.provisioners.oidc import OidcProvisioner
from domain.sign_in.client import IdentityClient


@attrs.frozen
class ListedClient:
    """The members that step-ott reads of an OIDC provisioner; names are step-ca's."""

    clientID: str  # noqa: N815  # step-ca's spelling
    configurationEndpoint: str  # noqa: N815  # step-ca's spelling
    clientSecret: str | None = attrs.field(default=None, repr=False)  # noqa: N815  # step-ca's spelling
    tenantID: str | None = None  # noqa: N815  # step-ca's spelling
    listenAddress: str | None = None  # noqa: N815  # step-ca's spelling
    scopes: list[str] | None = None
    authParams: list[str] | None = None  # noqa: N815  # step-ca's spelling


@attrs.frozen
class ListedAws:
    """The members of an AWS provisioner alone; names are step-ca's."""

    imdsVersions: list[str] | None = None  # noqa: N815  # step-ca's spelling


@attrs.frozen
class ListedAzure:
    """The members of an Azure provisioner alone; names are step-ca's."""

    tenantID: str | None = None  # noqa: N815  # step-ca's spelling
    audience: str | None = None


def _read_oidc(name: str, value: Any, common: Mapping[str, Any]) -> Provisioner:
    listed = read_record(value, ListedClient)
    client = IdentityClient(
        client_id=listed.clientID,
        client_secret=listed.clientSecret or "",
        configuration_endpoint=listed.configurationEndpoint,
        tenant_id=listed.tenantID or "",
        listen_address=listed.listenAddress or "",
        scopes=tuple(listed.scopes or ()),
        auth_params=tuple(listed.authParams or ()),
    )
    return OidcProvisioner(name, client=client, **common)


def _read_aws(name: str, value: Any, common: Mapping[str, Any]) -> Provisioner:
    versions = read_record(value, ListedAws).imdsVersions or (V2, V1)
    if not {V1, V2}.intersection(versions):
        raise ValueError(f"its imdsVersions has neither {V1} nor {V2}")
    return AwsProvisioner(name, versions=tuple(versions), **common)


def _read_azure(name: str, value: Any, common: Mapping[str, Any]) -> Provisioner:
    listed = read_record(value, ListedAzure)
    return AzureProvisioner(name, tenant_id=listed.tenantID or "", audience=listed.audience or "", **common)


READERS: Mapping[str, Callable[[str, Any, Mapping[str, Any]], Provisioner]] = {
    "oidc": _read_oidc,
    "aws": _read_aws,
    "azure": _read_azure,
}
"""The reader of each, by the CA's type in lower case, from name, parsed JSON, and what all types have in common.

It raises ValueError for members that are missing or make no sense.
"""
