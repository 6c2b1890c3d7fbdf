"""The types of provisioner that step-ott makes tokens for."""

from domain.provisioners.base import Provisioner
from domain.provisioners.jwk import JwkProvisioner
from domain.provisioners.k8ssa import K8ssaProvisioner
from domain.provisioners.oidc import OidcProvisioner
from domain.provisioners.renewal import Renewal
from domain.provisioners.sshpop import SshpopProvisioner
from domain.provisioners.x5c import X5cProvisioner

TYPES: tuple[type[Provisioner], ...] = (
    JwkProvisioner,
    X5cProvisioner,
    SshpopProvisioner,
    K8ssaProvisioner,
    OidcProvisioner,
    Renewal,
)

NAMED: dict[str, type[X5cProvisioner | SshpopProvisioner | K8ssaProvisioner]] = {
    "x5c": X5cProvisioner,
    "sshpop": SshpopProvisioner,
    "k8ssa": K8ssaProvisioner,
}
"""The types of which step-ott needs nothing but the name, by the CA's type in lower case."""
