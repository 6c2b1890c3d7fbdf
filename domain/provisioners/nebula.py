"""The Nebula provisioner: tokens signed by the key of a Nebula certificate whose CA the provisioner trusts.

Source: step-ca, authority/provisioner/nebula.go.
"""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import attrs

from domain.errors import InputError, MissingSettingError
from domain.keys.source import KeyFile
from domain.provisioners.base import USUAL, Provisioner
from domain.provisioners.credential import Credential, Sources
from domain.settings.setting import spell
from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.ca_rules.case import Case
    from domain.certificates.nebula import NebulaCertificate
    from domain.certificates.ports import Certificates
    from domain.report.check_result import CheckResult
    from domain.settings.setting import Settings
    from domain.token.claims import TokenRequest
    from domain.token.options import TokenOptions

MAX_CERTIFICATE_BYTES = 1 << 20
CA_CAUTION = (
    "step-ca takes no token signed with a Nebula CA's own certificate, which no CA has issued; it will refuse this one"
)


@attrs.frozen
class NebulaProvisioner(Provisioner):
    """A provisioner of type Nebula.

    Attributes:
        roots: The certificates of the Nebula CAs that it trusts, in PEM.
    """

    kinds: ClassVar = frozenset({Kind.SIGN, Kind.SSH_HOST})
    needs: ClassVar = ("nebula-cert", "nebula-key")
    files: ClassVar = ("nebula-cert", "nebula-key")
    secrets: ClassVar = ("nebula-key",)
    header_member: ClassVar = "nebula"
    certificate_name: ClassVar = "nebula"
    expected: ClassVar = USUAL | {"sans"}

    binary_members: ClassVar = {"roots": "roots"}
    payload: ClassVar = frozenset({"cnf", "step"})

    type_name = "Nebula"
    roots: bytes = attrs.field(default=b"", repr=False)

    @classmethod
    def judge(cls, given: Settings, kind: Kind, own: Sequence[str]) -> None:
        """Check that an SSH certificate is to be a host's."""
        if kind is Kind.SSH_USER:
            asking = spell(given, own[0]) if own else "a Nebula token"
            raise MissingSettingError(
                f"{spell(given, 'ssh')} needs {spell(given, 'host')} with {asking}",
                "step-ca signs only SSH host certificates for Nebula: add it, or use another provisioner",
            )
        super().judge(given, kind, own)

    @classmethod
    def read_certificate(cls, body: bytes, certificates: Certificates) -> NebulaCertificate:
        """Return the Nebula certificate with this body (see `Provisioner.read_certificate`)."""
        try:
            certificate = certificates.read_nebula(body)
        except InputError as error:
            raise ValueError("it is not a Nebula certificate") from error
        if certificate.body != body:
            raise ValueError("it is PEM in base64, not the content of the PEM")
        return certificate

    def judge_signer(self, case: Case) -> Iterator[CheckResult]:
        """Judge the certificate in the header, and the signature by its key."""
        from domain.ca_rules.nebula import judge_nebula  # noqa: PLC0415  # only to foretell

        return judge_nebula(case, self.roots, self.name)

    def judge_request(self, case: Case) -> Iterator[CheckResult]:
        """Judge the request by what the certificate says."""
        from domain.ca_rules.nebula import judge_nebula_request  # noqa: PLC0415  # only to foretell

        return judge_nebula_request(case, self.claims.over(case.settings.claims))

    def find_signer_life(self, case: Case) -> tuple[int | None, int | None]:
        """Return when the certificate in the header begins and ends."""
        from domain.ca_rules.nebula import read_header_certificate  # noqa: PLC0415  # only to foretell

        try:
            certificate = read_header_certificate(case)
        except ValueError:
            return None, None
        return (None, None) if certificate is None else certificate.span()

    def credential(self, options: TokenOptions, sources: Sources) -> Credential:
        """Return the key of `--nebula-key`, with the certificate of `--nebula-cert` in the header."""
        from domain.certificates.x509_and_ssh import check_key, check_validity  # noqa: PLC0415  # only for its own tokens

        path, spelled = str(options.text("nebula-cert")), options.spell("nebula-cert")
        with options.naming("nebula-cert"):
            certificate = sources.certificates.read_nebula(sources.files.read(path, MAX_CERTIFICATE_BYTES))
            check_validity(*certificate.span(), sources.clock.now())
        key = str(options.text("nebula-key"))
        source = KeyFile(key, options.show("nebula-key", key), may_be_x25519=True)
        signer = sources.keys.open(source, sources.passwords)
        check_key(certificate.public, signer.public, options.spell("nebula-key"), spelled)
        return Credential(
            signer,
            signer.public.thumbprint(),
            {"nebula": b64encode(certificate.body).decode("ascii")},
            subject=options.request.subject or next(filter(None, certificate.names()), None),
            cautions=tuple(_list_cautions(options, certificate)),
            check_request=partial(_check_request, options, certificate),
        )


def _list_cautions(options: TokenOptions, certificate: NebulaCertificate) -> Iterator[str]:
    if not certificate.issuer:
        yield CA_CAUTION
    for name in ("cnf", "cnf-file"):
        if name in options.settings:
            yield f"step-ca binds Nebula tokens to no request: {options.spell(name)} has no effect there"


def _check_request(options: TokenOptions, certificate: NebulaCertificate, request: TokenRequest) -> None:
    from domain.certificates.nebula import check_names  # noqa: PLC0415  # only for its own tokens

    spelled = options.spell("nebula-cert")
    check_names(certificate, request.principals, options.spell("principal"), spelled)
    if request.kind is Kind.SIGN:
        option, names = (options.spell("san"), request.sans) if request.sans else ("the subject", (request.subject,))
        check_names(certificate, names, option, spelled)
