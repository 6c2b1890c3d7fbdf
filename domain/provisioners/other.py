"""A provisioner of a type, or with members, that step-ott makes no tokens for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from domain.errors import UsageError
from domain.provisioners.base import Provisioner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.ca_rules.case import Case
    from domain.provisioners.credential import Credential, IssuedToken, Sources
    from domain.report.check_result import CheckResult
    from domain.token.options import TokenOptions


@attrs.frozen(repr=False)
class OtherProvisioner(Provisioner):
    """A provisioner that step-ott cannot make a token for.

    Attributes:
        type_name: Its type, as the CA spells it.
        reason: Why not, for the user who names it.
        identifier: What the CA finds it by in a token, empty for its type and name.
        judged_as: What it is to the CA, where that can be judged.
        is_faulty: Whether that is because its entry cannot be read.
        is_tokenless: Whether the CA takes no token of this type (step-ca, ErrTokenFlowNotSupported).
    """

    makes_tokens: ClassVar = False
    has_fragment: ClassVar = False

    type_name: str
    reason: str = "step-ott makes no tokens for this type"
    identifier: str = ""
    judged_as: Provisioner | None = None
    is_tokenless: bool = False
    is_faulty: bool = False

    @property
    def fault(self) -> str:
        """Why its entry cannot be read."""
        return self.reason if self.is_faulty else ""

    @property
    def token_identifier(self) -> str:
        """A client or tenant identifier, or type and name."""
        return self.identifier or f"{self.type_name.lower()}/{self.name}"

    def credential(self, options: TokenOptions, sources: Sources) -> Credential | IssuedToken:  # noqa: ARG002
        """Refuse, with the reason."""
        file = sources.authority.source()[0]
        raise UsageError(
            f"provisioner {self.label()}{file and f' in {file}'} cannot be used: {self.reason}",
            "choose another with --provisioner or --kid",
        )

    def judge_signer(self, case: Case) -> Iterator[CheckResult]:
        """Say that its type has no tokens, or that it cannot be told."""
        from domain.report.check_result import failed  # noqa: PLC0415  # only to foretell

        if not self.is_tokenless:
            return super().judge_signer(case)
        what = f"step-ca takes no token of {self.label()}: its clients prove who they are without one"
        return iter([failed("request", what, "use another provisioner")])
