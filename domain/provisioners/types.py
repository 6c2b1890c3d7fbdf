"""The types of provisioner that step-ott makes tokens for."""

from domain.provisioners.aws import AwsProvisioner
from domain.provisioners.azure import AzureProvisioner
from domain.provisioners.base import Provisioner
from domain.provisioners.gcp import GcpProvisioner
from domain.provisioners.jwk import JwkProvisioner
from domain.provisioners.k8ssa import K8ssaProvisioner
from domain.provisioners.nebula import NebulaProvisioner
from domain.provisioners.oidc import OidcProvisioner
from domain.provisioners.renewal import Renewal
from domain.provisioners.sshpop import SshpopProvisioner
from domain.provisioners.x5c import X5cProvisioner

TYPES: tuple[type[Provisioner], ...] = (
    JwkProvisioner, X5cProvisioner, SshpopProvisioner, K8ssaProvisioner, Renewal, NebulaProvisioner,
    OidcProvisioner, GcpProvisioner, AwsProvisioner, AzureProvisioner,
)  # fmt: skip

NAMED: dict[str, type[X5cProvisioner | SshpopProvisioner | K8ssaProvisioner | NebulaProvisioner | GcpProvisioner]] = {
    "x5c": X5cProvisioner,
    "sshpop": SshpopProvisioner,
    "k8ssa": K8ssaProvisioner,
    "nebula": NebulaProvisioner,
    "gcp": GcpProvisioner,
}
"""The types of which step-ott needs nothing but the name, by the CA's type in lower case."""


def list_types() -> str:
    """Return the names of all types that a CA can have, as a phrase: "JWK, X5C or Azure"."""
    names = [str(cls.type_name) for cls in TYPES if cls is not Renewal]
    return f"{', '.join(names[:-1])} or {names[-1]}"
