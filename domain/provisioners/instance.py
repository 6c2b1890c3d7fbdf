"""What the provisioners have in common whose tokens vouch for a machine in a cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from domain.cloud.metadata import MetadataRequest, MetadataService, misfit, take_body
from domain.errors import InputError
from domain.formats.duration import NANOSECONDS
from domain.provisioners.issued import IssuedProvisioner
from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.provisioners.credential import Sources


class InstanceProvisioner(IssuedProvisioner):
    """A provisioner that takes the identity which a cloud gives to its machines."""

    kinds: ClassVar = frozenset({Kind.SIGN, Kind.SSH_HOST})
    chooses_names: ClassVar = True
    service: ClassVar[MetadataService]

    def ask(self, sources: Sources, request: MetadataRequest) -> tuple[bytes, str]:
        """Return what the machine's metadata service answers, and the service's address.

        Raises:
            NetworkError, InputError: it is not there, or answers something else.
        """
        answer = sources.metadata.ask(self.service, request)
        return take_body(answer, self.service, request), answer.address


def check_identity(
    token: str, audience: str, provisioner: InstanceProvisioner, address: str, now: int
) -> Mapping[str, Any]:
    """Return the claims of a token that the service at `address` issued for `audience`; its signature is for the CA.

    Args:
        now: Nanoseconds since the epoch, UTC.

    Raises:
        InputError: it is not a JWS with JSON claims, is for somebody else, or has expired.
    """
    from domain.token.compact_jws import read_token  # noqa: PLC0415  # only for its own tokens

    def refuse(what: str) -> InputError:
        return misfit(provisioner.service, address, what)

    try:
        claims = read_token(token).claims
    except InputError as error:
        raise refuse("gives no token") from error
    if audience not in list_audiences(claims):
        raise refuse(f"gives a token that is not for {audience}, as was asked")
    expiry = claims.get("exp")
    if expiry is not None and (isinstance(expiry, bool) or not isinstance(expiry, int)):
        raise refuse("gives a token whose exp is not a whole number")
    if expiry is not None and expiry * NANOSECONDS <= now:
        raise InputError(
            f"the token of the metadata service at {address} has expired", "check this machine's clock, or try again"
        )
    return claims


def list_audiences(claims: Mapping[str, Any]) -> list[Any]:
    """Return the audiences in the claims of a token, of which one may stand without a list."""
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]
