"""The K8sSA provisioner: the token is the one that Kubernetes gave the service account.

Source: step-ca, authority/provisioner/k8sSA.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from domain import base64url, json_text
from domain.credential import IssuedToken
from domain.duration import NANOSECONDS
from domain.errors import InputError
from domain.provisioners.base import Provisioner
from domain.request_kind import KIND_FLAGS, KINDS_OF_OPTION, SIGNING, Kind
from domain.setting import counts, exclude

if TYPE_CHECKING:
    from domain.ports import Sources
    from domain.setting import Settings
    from domain.token_options import TokenOptions

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105  # a path
MAX_TOKEN_BYTES = 65_536

WITHOUT_EFFECT = (
    *KIND_FLAGS, *KINDS_OF_OPTION, "not-before", "not-after", "password-file", "provisioner-password-file", "kid"
)  # fmt: skip
"""Options that would have to stand in the token, which is Kubernetes' own and good for every kind of request."""


@attrs.frozen
class K8ssaProvisioner(Provisioner):
    """A provisioner of type K8sSA."""

    kinds: ClassVar = SIGNING | {Kind.REVOKE}
    options: ClassVar = frozenset({"k8ssa-token-path"})
    files: ClassVar = ("k8ssa-token-path",)

    type_name: str = attrs.field(default="K8sSA", init=False)

    @classmethod
    def judge(cls, given: Settings, kind: Kind) -> None:
        """Check that nothing is asked for that only a token of one's own could say."""
        super().judge(given, kind)
        own = "k8ssa-token-path" if "k8ssa-token-path" in given else "provisioner"
        for name in WITHOUT_EFFECT:
            if counts(given, name):
                raise exclude(own, name, given)

    def credential(self, options: TokenOptions, sources: Sources) -> IssuedToken:
        """Return the token in `--k8ssa-token-path`, unless it has expired."""
        path = options.text("k8ssa-token-path") or TOKEN_PATH
        token = sources.files.read(path, MAX_TOKEN_BYTES).decode("ascii", "replace").strip()
        check_expiry(token, path, sources.clock.now())
        return IssuedToken(token)


def check_expiry(token: str, path: str, now: int) -> None:
    """Check that `token`, from the file `path`, is a JWS that has not expired at `now`, in nanoseconds.

    Raises:
        InputError: it is no token, or an old one.
    """
    expiry = _read_claims(token, path).get("exp")
    if expiry is not None and not isinstance(expiry, int):
        raise InputError(f"the exp of the token in {path} is no whole number", "it is no Kubernetes token")
    if expiry is not None and expiry * NANOSECONDS <= now:
        raise InputError(f"the Kubernetes token in {path} has expired", "have Kubernetes mount a fresh one")


def _read_claims(token: str, path: str) -> dict[str, Any]:
    try:
        _, payload, _ = token.split(".")
        claims = json_text.parse(base64url.decode(payload))
        if not isinstance(claims, dict):
            raise ValueError("no JSON object")
    except ValueError as error:
        raise InputError(f"{path} holds no Kubernetes token", "name the service account's token file") from error
    return claims
