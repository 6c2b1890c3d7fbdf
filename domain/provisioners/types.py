"""The types of provisioner that step-ott makes tokens for."""

from domain.provisioners.base import Provisioner
from domain.provisioners.jwk import JwkProvisioner

TYPES: tuple[type[Provisioner], ...] = (JwkProvisioner,)
