"""What every provisioner of a step-ca has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from domain.credential import Credential
    from domain.ports import Sources
    from domain.request_kind import Kind
    from domain.token_options import TokenOptions


@attrs.frozen
class Provisioner:
    """A provisioner as a CA lists it.

    A subclass a type: it names the members that matter, the kinds of request that the CA lets it
    authorise, the options that make no sense with any other type, and says what signs its tokens.

    Attributes:
        name: The `iss` of its tokens.
        type_name: Its type in step-ca's own spelling.
    """

    kinds: ClassVar[AbstractSet[Kind]] = frozenset()
    """The kinds of request that step-ca lets a token of this type authorise."""

    options: ClassVar[AbstractSet[str]] = frozenset()
    """The options that belong to this type alone: one of them given keeps no other type."""

    name: str
    type_name: str

    @property
    def key_id(self) -> str:
        """The identifier that `--kid` selects by, empty where the type has none."""
        return ""

    @property
    def audience_fragment(self) -> str:
        """What stands behind `#` in the audience of its tokens, empty for none."""
        return ""

    def label(self) -> str:
        """Return name, type and key identifier as a person tells provisioners apart."""
        suffix = f" [kid: {self.key_id}]" if self.key_id else ""
        return f"{self.name} ({self.type_name}){suffix}"

    def credential(self, options: TokenOptions, sources: Sources) -> Credential:
        """Return what signs the token that `options` ask for, opened through `sources`.

        Raises:
            UsageError: an option is missing, or the type makes no such tokens.
            InputError, AuthorityError, NetworkError: the key cannot be had.
        """
        raise NotImplementedError


@attrs.frozen
class OtherProvisioner(Provisioner):
    """A provisioner that step-ott cannot make a token for.

    Attributes:
        reason: Why not, for the user who names it.
    """

    reason: str = "step-ott makes no tokens for this type"

    def credential(self, options: TokenOptions, sources: Sources) -> Credential:  # noqa: ARG002
        """Refuse, with the reason."""
        raise UsageError(
            f"provisioner {self.label()} cannot be used: {self.reason}", "choose another by --provisioner or --kid"
        )
