"""The GCP provisioner: the token is the one that Google gives the machine for this very CA.

Source: step-ca, authority/provisioner/gcp.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from domain.ca.url import escape_fragment
from domain.cloud.metadata import MetadataRequest, MetadataService
from domain.provisioners.base import USUAL
from domain.provisioners.credential import IssuedToken, Sources
from domain.provisioners.instance import InstanceProvisioner, check_identity
from domain.token.kind import SIGNING, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain.token.options import TokenOptions

ISSUER = "https://accounts.google.com"
"""The `iss` that step-ca asks for (step-ca, gcp.go)."""

PATH = "/computeMetadata/v1/instance/service-accounts/default/identity"


class GcpProvisioner(InstanceProvisioner):
    """A provisioner of type GCP."""

    kinds: ClassVar = SIGNING
    service: ClassVar = MetadataService.GOOGLE
    sole_issuer: ClassVar = ISSUER
    expected: ClassVar = USUAL - {"jti"}
    type_name = "GCP"

    def credential(self, options: TokenOptions, sources: Sources) -> IssuedToken:  # noqa: ARG002
        """Return the identity token of the machine's default service account."""
        audience = f"{sources.authority.url()}{Kind.SIGN.path}#{escape_fragment(self.audience_fragment)}"
        request = MetadataRequest(
            path=PATH,
            query={"audience": audience, "format": "full", "licenses": "FALSE"},
            headers={"Metadata-Flavor": "Google"},
        )
        body, address = self.ask(sources, request)
        token = body.decode("ascii", "replace").strip()
        claims = check_identity(token, audience, self, address, sources.clock.now())
        return IssuedToken(token, tuple(_list_cautions(claims)), names_ca=True)


def _list_cautions(claims: Mapping[str, Any]) -> Iterator[str]:
    if claims.get("iss") != ISSUER:
        yield f"step-ca takes tokens only of the issuer {ISSUER}"
    google = claims.get("google")
    if not isinstance(google, dict) or not google.get("compute_engine"):
        yield "the token does not say which machine it is from, as step-ca requires: GKE's, for example, do not"
