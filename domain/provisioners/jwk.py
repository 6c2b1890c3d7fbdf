"""The JWK provisioner: tokens signed by the key whose public half the CA publishes.

Source: step-ca, authority/provisioner/jwk.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from domain.errors import KeyMismatchError
from domain.keys.source import DeviceKey, KeyFile, SealedKey
from domain.provisioners.base import USUAL, Provisioner
from domain.provisioners.credential import Credential, Sources
from domain.settings.devices import key_source
from domain.token.kind import REVOKING, SIGNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain.ca_rules.case import Case
    from domain.keys.jwk import PublicJwk
    from domain.report.check_result import CheckResult
    from domain.settings.setting import Settings
    from domain.token.options import TokenOptions


@attrs.frozen(repr=False)
class JwkProvisioner(Provisioner):
    """A provisioner of type JWK.

    Attributes:
        kid: The `kid` of its tokens, by which the CA finds it; empty for the thumbprint of the key.
        key: Its public key; None where only the user's options describe it.
        encrypted_key: The private key as a JWE, None where the CA does not list it.
    """

    kinds: ClassVar = SIGNING.union(REVOKING)
    needs_undeclared: ClassVar = ("key",)
    files: ClassVar = ("key",)
    secrets: ClassVar = ("key",)
    has_fragment: ClassVar = False
    expected: ClassVar = USUAL | {"sans", "step.ssh", "kid"}
    by_itself: ClassVar = True

    payload: ClassVar = frozenset({"cnf", "step"})

    type_name = "JWK"
    kid: str = ""
    key: PublicJwk | None = None
    encrypted_key: str | None = attrs.field(default=None, repr=False)

    @property
    def key_id(self) -> str:
        """The key's `kid`."""
        return self.kid

    @property
    def lacks_key(self) -> bool:
        """The CA answers with no other key than what it lists (step-ca, JWK.GetEncryptedKey)."""
        return self.encrypted_key is None

    @property
    def token_identifier(self) -> str:
        """The CA finds the provisioner by name and key identifier."""
        return f"{self.name}:{self.kid}"

    @classmethod
    def recognises(cls, claims: Mapping[str, Any], request: str | None) -> bool:  # noqa: ARG003
        """Take every token for a CA whose audience names no other type."""
        return request is not None

    @classmethod
    def declare(cls, name: str, given: Settings) -> JwkProvisioner:
        """Return the provisioner of this name and of the key identifier that the settings give, if any."""
        return cls(name, kid=str(given["kid"].value) if "kid" in given else "")

    def judge_signer(self, case: Case) -> Iterator[CheckResult]:
        """Judge the signature by the key that the provisioner publishes."""
        from domain.ca_rules.every_token import judge_signature  # noqa: PLC0415  # only to foretell

        yield judge_signature(case, [self.key] if self.key else [], f"provisioner {self.name}")

    def credential(self, options: TokenOptions, sources: Sources) -> Credential:
        """Return the provisioner's key, from `--key` or from the envelope that the CA keeps."""
        source: KeyFile | SealedKey | DeviceKey
        file = sources.authority.source()[0]
        if "key" in options.settings:
            source = key_source(options, "key", self.key)
        else:
            sealed = self.encrypted_key or sources.authority.encrypted_key(self.kid)
            source = SealedKey(sealed, f"provisioner {self.name}{file and f' in {file}'}")
        signer = sources.keys.open(source, sources.passwords)
        if self.key is not None and signer.public.thumbprint() != self.key.thumbprint():
            whose = options.spell("key") if "key" in options.settings else f"the key that {file or 'the CA'} keeps"
            raise KeyMismatchError(
                f"{whose} is not the key of provisioner {self.label()}",
                "give that provisioner's key, or choose another provisioner",
            )
        return Credential(signer, self.kid or signer.public.thumbprint())
