"""The Azure provisioner: the token is the one that Microsoft gives the machine's managed identity.

Source: step-ca, authority/provisioner/azure.go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from domain.cloud.metadata import MetadataRequest, MetadataService, misfit
from domain.formats import json_text
from domain.provisioners.credential import IssuedToken, Sources
from domain.provisioners.instance import InstanceProvisioner, check_identity, list_audiences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain.token.options import TokenOptions

DEFAULT_AUDIENCE = "https://management.azure.com/"
RESOURCES = {
    "AzureUSGovernmentCloud": "https://management.usgovcloudapi.net/",
    "AzureUSGovernment": "https://management.usgovcloudapi.net/",
    "AzureChinaCloud": "https://management.chinacloudapi.cn/",
    "AzureGermanCloud": "https://management.microsoftazure.de/",
}
"""What a token is asked for in each cloud that has something else than the default (step-ca, azure.go)."""

TOKEN_PATH = "/metadata/identity/oauth2/token"  # noqa: S105  # a path
CLOUD = MetadataRequest(
    path="/metadata/instance/compute/azEnvironment",
    query={"api-version": "2021-02-01", "format": "text"},
    headers={"Metadata": "true"},
)
_MACHINE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/"
    r"Microsoft.(Compute/virtualMachines|ManagedIdentity/userAssignedIdentities)/[^/]+",
    re.IGNORECASE,
)


@attrs.frozen
class AzureProvisioner(InstanceProvisioner):
    """A provisioner of type Azure.

    Attributes:
        tenant_id: The tenant that its machines are of.
        audience: The `aud` that the CA takes, empty for its default.
    """

    service: ClassVar = MetadataService.AZURE
    has_fragment: ClassVar = False
    type_name = "Azure"
    tenant_id: str = ""
    audience: str = ""

    @property
    def token_identifier(self) -> str:
        """The CA finds the provisioner by the tenant."""
        return self.tenant_id or super().token_identifier

    def credential(self, options: TokenOptions, sources: Sources) -> IssuedToken:  # noqa: ARG002
        """Return the access token of the machine's managed identity."""
        resource = self._choose_resource(sources)
        request = MetadataRequest(
            path=TOKEN_PATH, query={"api-version": "2018-02-01", "resource": resource}, headers={"Metadata": "true"}
        )
        body, address = self.ask(sources, request)
        token = self._read_token(body, address)
        claims = check_identity(token, resource, self, address, sources.clock.now())
        return IssuedToken(token, tuple(self._list_cautions(claims)))

    def _choose_resource(self, sources: Sources) -> str:
        """Return what the token is to be for: the CA's own choice, else what the cloud that this is has."""
        if self.audience not in ("", DEFAULT_AUDIENCE):
            return self.audience
        cloud, _ = self.ask(sources, CLOUD)
        return RESOURCES.get(cloud.decode("ascii", "replace").strip(), DEFAULT_AUDIENCE)

    def _read_token(self, body: bytes, address: str) -> str:
        try:
            answer = json_text.parse_document(body)
        except ValueError as error:
            raise misfit(self.service, address, "gives no JSON") from error
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise misfit(self.service, address, "gives no access_token")
        return token

    def _list_cautions(self, claims: Mapping[str, Any]) -> Iterator[str]:
        """Give what step-ca will refuse of a token (step-ca, azure.go, authorizeToken)."""
        wanted = self.audience or DEFAULT_AUDIENCE
        if wanted not in list_audiences(claims):
            yield f"step-ca takes tokens of this provisioner only for the audience {wanted}"
        if claims.get("tid") != self.tenant_id:
            yield f"step-ca takes tokens only of the tenant {self.tenant_id}"
        machine = claims.get("xms_mirid")
        if not isinstance(machine, str) or not _MACHINE.fullmatch(machine):
            yield "step-ca takes tokens only of virtual machines and user-assigned identities"
