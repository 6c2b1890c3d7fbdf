"""The K8sSA provisioner: the token is the one that Kubernetes gave the service account.

Source: step-ca, authority/provisioner/k8sSA.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from domain.errors import InputError
from domain.formats.duration import NANOSECONDS
from domain.provisioners.credential import IssuedToken, Sources
from domain.provisioners.issued import IssuedProvisioner

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from domain.ca_rules.case import Case
    from domain.report.check_result import CheckResult
    from domain.report.worded_value import WordedValue
    from domain.token.options import TokenOptions

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105  # a path
MAX_TOKEN_BYTES = 65_536

ISSUER = "kubernetes/serviceaccount"
"""The `iss` that step-ca asks for: that of tokens in secrets, not of projected ones (step-ca, k8sSA.go)."""


CLAIMS = frozenset(
    f"kubernetes.io/serviceaccount/{name}"
    for name in ("namespace", "secret.name", "service-account.name", "service-account.uid")
)
"""The claims of a service account's token that step-ca reads (step-ca, k8sSA.go)."""

TOKEN_IDENTIFIER = "k8ssa/k8sSA-default"  # noqa: S105  # a name
"""What step-ca finds the provisioner by, of which a CA can have one (step-ca, k8sSA.go)."""


@attrs.frozen
class K8ssaProvisioner(IssuedProvisioner):
    """A provisioner of type K8sSA.

    Attributes:
        public_keys: The keys that Kubernetes signs by, in PEM.
    """

    files: ClassVar = ("k8ssa-token-path",)
    secrets: ClassVar = ("k8ssa-token-path",)

    payload: ClassVar = CLAIMS
    payload_subject: ClassVar = "service account"
    has_fragment: ClassVar = False
    expected: ClassVar = frozenset({"sub", "public key"})
    any_request: ClassVar = "whatever the CA grants it: a token of Kubernetes names no request"
    sole_issuer: ClassVar = ISSUER
    spends_tokens: ClassVar = False
    has_audiences: ClassVar = False
    binary_members: ClassVar = {"public_keys": "publicKeys"}

    type_name = "K8sSA"
    public_keys: bytes = attrs.field(default=b"", repr=False)

    @property
    def token_identifier(self) -> str:
        """The CA knows it by its type."""
        return TOKEN_IDENTIFIER

    @classmethod
    def recognises(cls, claims: Mapping[str, Any], request: str | None) -> bool:
        """Tell it by the issuer, or for a projected token by a claim of its own."""
        return request is None and (claims.get("iss") == ISSUER or "kubernetes.io" in claims)

    @classmethod
    def describe(cls, claims: Mapping[str, Any]) -> dict[str, WordedValue]:
        """Return the service account, from the claims of a token in a secret or of a projected one."""
        from domain.report.worded_value import WordedValue, word_item  # noqa: PLC0415  # only to explain

        said = _read_account(claims)
        words = ", ".join(f"{name.replace('_', ' ')} {word_item(said[name])}" for name in said)
        return {"kubernetes": WordedValue(said, words)} if said else {}

    @classmethod
    def list_oddities(cls, claims: Mapping[str, Any]) -> Sequence[str]:
        """Say whose tokens the CA takes."""
        is_known = claims.get("iss") == ISSUER
        return () if is_known else (f"step-ca takes Kubernetes tokens only of the issuer {ISSUER}",)

    def judge_signer(self, case: Case) -> Iterator[CheckResult]:
        """Judge the signature by the keys of the cluster."""
        from domain.ca_rules.every_token import judge_signature  # noqa: PLC0415  # only to foretell
        from domain.report.check_result import unchecked  # noqa: PLC0415

        try:
            keys = case.certificates.read_public_keys(self.public_keys)
        except InputError as error:
            yield unchecked("signature", f"provisioner {self.name}: {error.what}", "fix publicKeys at the CA")
        else:
            yield judge_signature(case, keys, f"provisioner {self.name}")

    def judge_request(self, case: Case) -> Iterator[CheckResult]:
        """Judge the request by itself: nothing of it stands in Kubernetes' token."""
        from domain.ca_rules.request import judge_free_request  # noqa: PLC0415  # only to foretell

        return judge_free_request(case, self.claims)

    def credential(self, options: TokenOptions, sources: Sources) -> IssuedToken:
        """Return the token in `--k8ssa-token-path`, unless it has expired."""
        path = options.text("k8ssa-token-path") or TOKEN_PATH
        with options.naming("k8ssa-token-path", path):
            token = sources.files.read(path, MAX_TOKEN_BYTES).decode("ascii", "replace").strip()
            claims = read_claims(token)
            check_expiry(claims, sources.clock.now())
        is_known = claims.get("iss") == ISSUER
        return IssuedToken(token, () if is_known else (f"step-ca takes tokens only of the issuer {ISSUER}",))


def check_expiry(claims: Mapping[str, Any], now: int) -> None:
    """Check that the token with these claims has not expired at `now`, in nanoseconds.

    Raises:
        InputError: it has, or its expiry is not a whole number.
    """
    expiry = claims.get("exp")
    if expiry is not None and (isinstance(expiry, bool) or not isinstance(expiry, int)):
        raise InputError("the exp of the token is not a whole number", "it is not a Kubernetes token")
    if expiry is not None and expiry * NANOSECONDS <= now:
        raise InputError("the Kubernetes token has expired", "have Kubernetes mount a fresh one")


def _read_account(claims: Mapping[str, Any]) -> dict[str, Any]:
    from domain.token.reader import read_member  # noqa: PLC0415  # only to explain

    bound, prefix = claims.get("kubernetes.io"), "kubernetes.io/serviceaccount"
    account = {
        "namespace": claims.get(f"{prefix}/namespace") or read_member(bound, "namespace"),
        "service_account": claims.get(f"{prefix}/service-account.name")
        or read_member(read_member(bound, "serviceaccount"), "name"),
        "pod": read_member(read_member(bound, "pod"), "name"),
    }
    subject = str(claims.get("sub")).split(":")
    if not account["service_account"] and subject[:2] == ["system", "serviceaccount"] and len(subject) == 4:
        account |= {"namespace": subject[2], "service_account": subject[3]}
    return {name: value for name, value in account.items() if value}


def read_claims(token: str) -> Mapping[str, Any]:
    """Return the claims of `token`; its signature is for the CA to check.

    Raises:
        InputError: it is not a JWS with JSON claims.
    """
    from domain.token.compact_jws import read_token  # noqa: PLC0415  # only for its own tokens

    try:
        return read_token(token).claims
    except InputError as error:
        raise InputError("it holds no Kubernetes token", "name the service account's token file") from error
