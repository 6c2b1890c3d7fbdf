"""Renewal of an X.509 certificate: signed by its own key, the same with every provisioner, even after it expired.

Source: step CLI, utils/cautils/token_generator.go; step-ca, authority/authorize.go, AuthorizeRenewToken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from domain.errors import UsageError
from domain.provisioners.base import USUAL, Provisioner
from domain.provisioners.credential import Credential, Sources
from domain.provisioners.x5c import OpenedChain, encode_chain, open_chain
from domain.settings.setting import counts, exclude, require
from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.settings.setting import Settings
    from domain.token.options import TokenOptions

ISSUER = "step-ca-client/1.0"


class Renewal(Provisioner):
    """What stands in for the provisioner of a renewal, which no CA lists."""

    kinds: ClassVar = frozenset({Kind.RENEW})
    has_fragment: ClassVar = False
    expected: ClassVar = USUAL - {"sub"}

    type_name = "X.509 renewal"

    @staticmethod
    def makes(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        """Tell whether a token with this header and these claims is for a renewal."""
        return claims.get("iss") == ISSUER and "x5cInsecure" in header

    @classmethod
    def judge(cls, given: Settings, kind: Kind, own: Sequence[str]) -> None:  # noqa: ARG003
        """Check that a certificate is there, and that nothing asks for a provisioner."""
        for name in ("x5c-cert", "x5c-key"):
            if name not in given:
                raise require("renew", name, given)
        for name in ("provisioner", "kid", "x5c-insecure"):
            if counts(given, name):
                raise exclude("renew", name, given)

    def credential(self, options: TokenOptions, sources: Sources) -> Credential:
        """Return the certificate's own key; the subject is its common name."""
        return self.vouch(open_chain(options, sources), options, sources.clock.now())

    def vouch(self, opened: OpenedChain, options: TokenOptions, now: int) -> Credential:
        """Return what the key of a certificate, opened already, makes tokens with.

        Of one without a common name, step-ca does not look at the subject, so that its token has an empty one.

        Raises:
            InputError, UsageError: the CA would not take the certificate, or it is not the subject's.
        """
        from domain.certificates.x509_and_ssh import check_usage, check_validity  # noqa: PLC0415  # only for its own tokens

        chain, signer = opened.certificates, opened.signer
        with options.naming("x5c-cert"):
            check_usage(chain[0])
            check_validity(chain[0].not_before, None, now)
        common_name, wished = chain[0].common_name, options.request.subject
        if wished not in ("", common_name):
            name = f"common name {common_name!r}" if common_name else "common name, because it has none"
            raise UsageError(f"the subject {wished!r} is not the certificate's {name}", "leave the subject out")
        cautions = list(opened.cautions)
        if not common_name:
            cautions.append("the certificate has no common name, so the token's subject is empty; step-ca takes it")
        if len(chain) == 1:
            cautions.append(
                f"{options.spell('x5c-cert')} holds only the leaf; step-ca refuses it unless the root itself issued it"
            )
        header = {"x5cInsecure": encode_chain(chain)}
        return Credential(signer, signer.public.thumbprint(), header, subject=common_name, cautions=tuple(cautions))
