"""The X5C provisioner: tokens signed by the key of an X.509 certificate that the provisioner's roots vouch for.

Source: step-ca, authority/provisioner/x5c.go.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, ClassVar

import attrs

from domain.errors import InputError
from domain.provisioners.base import USUAL, Provisioner
from domain.provisioners.credential import Credential, Sources
from domain.settings.devices import key_source
from domain.token.kind import SIGNING, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.ca_rules.case import Case
    from domain.certificates.x509_and_ssh import Certificate
    from domain.keys.ports import Signer
    from domain.report.check_result import CheckResult
    from domain.token.options import TokenOptions

MAX_CHAIN_BYTES = 1 << 20
INSECURE_CAUTION = "step-ca looks for an X5C token's chain in 'x5c' alone; it will refuse this one"


@attrs.frozen
class X5cProvisioner(Provisioner):
    """A provisioner of type X5C.

    Attributes:
        roots: The certificates that it trusts, in PEM.
    """

    kinds: ClassVar = SIGNING | {Kind.REVOKE}
    needs: ClassVar = ("x5c-cert", "x5c-key")
    files: ClassVar = ("x5c-cert", "x5c-key", "x5c-chain")
    secrets: ClassVar = ("x5c-key",)
    expected: ClassVar = USUAL | {"sans", "step.ssh"}

    binary_members: ClassVar = {"roots": "roots"}
    payload: ClassVar = frozenset({"cnf", "step"})

    type_name = "X5C"
    roots: bytes = attrs.field(default=b"", repr=False)

    def judge_signer(self, case: Case) -> Iterator[CheckResult]:
        """Judge the chain in the header, and the signature by its leaf."""
        from domain.ca_rules.x5c import judge_x5c  # noqa: PLC0415  # only to foretell

        return judge_x5c(case, self.roots, self.name)

    def judge_request(self, case: Case) -> Iterator[CheckResult]:
        """Judge the request, which may not ask for more time than the certificate in the header has."""
        from domain.ca_rules.request import judge_request  # noqa: PLC0415
        from domain.ca_rules.x5c import read_header_chain  # noqa: PLC0415  # only to foretell

        try:
            latest = read_header_chain(case, "x5c")[0].not_after
        except InputError:
            return iter(())
        return judge_request(case, self.claims, self.common_names(case), latest)

    def find_signer_life(self, case: Case) -> tuple[int | None, int | None]:
        """Return when the leaf in the header begins and ends."""
        from domain.ca_rules.x5c import read_header_chain  # noqa: PLC0415  # only to foretell

        try:
            leaf = read_header_chain(case, "x5c")[0]
        except InputError:
            return None, None
        return leaf.not_before, leaf.not_after

    def common_names(self, case: Case) -> Sequence[str]:
        """Return the subject alone: for this type step-ca takes none of the other names."""
        return [case.text("sub")]

    def credential(self, options: TokenOptions, sources: Sources) -> Credential:
        """Return the key of `--x5c-key`, with the chain of `--x5c-cert` and `--x5c-chain` in the header."""
        from domain.certificates.x509_and_ssh import check_usage, check_validity  # noqa: PLC0415  # only for its own tokens

        chain = open_chain(options, sources)
        leaf, signer = chain.certificates[0], chain.signer
        with options.naming("x5c-cert"):
            check_usage(leaf)
            check_validity(leaf.not_before, leaf.not_after, sources.clock.now())
        kid, certificates = signer.public.thumbprint(), encode_chain(chain.certificates)
        if options.flag("x5c-insecure"):
            cautions = (*chain.cautions, INSECURE_CAUTION)
            return Credential(signer, kid, {"x5cInsecure": certificates}, cautions=cautions)
        return Credential(signer, kid, {"x5c": certificates}, cautions=chain.cautions)


@attrs.frozen
class OpenedChain:
    """A chain of certificates, leaf first and then each issuer, with its leaf's key.

    Attributes:
        cautions: What the user should know of it, a sentence each.
    """

    certificates: Sequence[Certificate]
    signer: Signer
    cautions: tuple[str, ...] = ()


def open_chain(options: TokenOptions, sources: Sources) -> OpenedChain:
    """Return the chain that the x5c options name, in whatever order, and the signer of the leaf's key.

    Raises:
        InputError: a file cannot be read.
        KeyMismatchError: the key is that of no certificate.
    """
    from domain.certificates.chain import find_leaf, guess_leaf, order_chain  # noqa: PLC0415  # likewise
    from domain.certificates.x509_and_ssh import check_key  # noqa: PLC0415  # only for its own tokens

    named = [("x5c-cert", str(options.text("x5c-cert"))), *(("x5c-chain", path) for path in options.texts("x5c-chain"))]
    given: list[Certificate] = []
    for option, path in named:
        with options.naming(option, path):
            given += sources.certificates.read_chain(sources.files.read(path, MAX_CHAIN_BYTES))
    signer = sources.keys.open(key_source(options, "x5c-key", guess_leaf(given).public), sources.passwords)
    leaf = find_leaf(given, signer.public)
    check_key(leaf.public, signer.public, options.spell("x5c-key"), options.spell("x5c-cert"))
    with options.naming("x5c-cert"):
        chain = order_chain(given, leaf)
    left_out = len({certificate.der for certificate in given}) - len(chain)
    cautions = [f"{left_out} of the certificates given do not belong to the leaf's chain and are left out"] * (
        left_out > 0
    )
    return OpenedChain(chain, signer, tuple(cautions))


def encode_chain(chain: Sequence[Certificate]) -> list[str]:
    """Return the certificates as the header carries them: standard base64 of their DER (RFC 7515, 4.1.6)."""
    return [b64encode(certificate.der).decode("ascii") for certificate in chain]
