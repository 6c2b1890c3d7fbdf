"""What the provisioners have in common whose tokens somebody else issues: a cluster, an identity provider, a cloud."""

from typing import ClassVar

from domain.provisioners.base import Provisioner
from domain.settings.passwords import PASSWORD_FILES
from domain.token.kind import KIND_FLAGS, KINDS_OF_OPTION, SIGNING


class IssuedProvisioner(Provisioner):
    """A provisioner whose tokens are issued elsewhere, and handed on as they are."""

    kinds: ClassVar = SIGNING
    excludes: ClassVar = (*KIND_FLAGS, *KINDS_OF_OPTION, "not-before", "not-after", *reversed(PASSWORD_FILES))
    """What would have to stand in the token, which is not made here and is good for every kind of request."""
