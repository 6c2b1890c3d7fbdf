"""The SSHPOP provisioner: tokens signed by the key of an SSH certificate of the CA's own, about that certificate.

Source: step-ca, authority/provisioner/sshpop.go.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, ClassVar

from domain.errors import InputError, MissingSettingError, UsageError
from domain.keys.source import KeyFile
from domain.provisioners.base import Provisioner
from domain.provisioners.credential import Credential, Sources
from domain.settings.setting import spell
from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.ca_rules.case import Case
    from domain.certificates.ports import Certificates
    from domain.certificates.x509_and_ssh import SshCertificate
    from domain.report.check_result import CheckResult
    from domain.settings.setting import Settings
    from domain.token.options import TokenOptions

MAX_CERTIFICATE_BYTES = 1 << 20


class SshpopProvisioner(Provisioner):
    """A provisioner of type SSHPOP."""

    kinds: ClassVar = frozenset({Kind.SSH_REVOKE, Kind.SSH_RENEW, Kind.SSH_REKEY})
    needs: ClassVar = ("sshpop-cert", "sshpop-key")
    files: ClassVar = ("sshpop-cert", "sshpop-key")
    secrets: ClassVar = ("sshpop-key",)
    header_member: ClassVar = "sshpop"
    certificate_name: ClassVar = "ssh_certificate"

    payload: ClassVar = frozenset({"step"})

    type_name = "SSHPOP"

    @classmethod
    def judge(cls, given: Settings, kind: Kind, own: Sequence[str]) -> None:
        """Check that the request is one of the three that a certificate can make about itself."""
        if kind not in cls.kinds:
            asking = spell(given, own[0]) if own else "an SSHPOP token"
            raise MissingSettingError(
                f"{asking} is for --ssh --renew, --ssh --rekey or --ssh --revoke, and nothing else",
                "ask for one of these, or use another provisioner",
            )
        super().judge(given, kind, own)

    @classmethod
    def read_certificate(cls, body: bytes, certificates: Certificates) -> SshCertificate:
        """Return the SSH certificate with these wire bytes (see `Provisioner.read_certificate`)."""
        try:
            return certificates.read_ssh(b64encode(body))
        except InputError as error:
            raise ValueError("it is not an SSH certificate") from error

    def judge_signer(self, case: Case) -> Iterator[CheckResult]:
        """Judge the SSH certificate in the header, and the signature by its key."""
        from domain.ca_rules.sshpop import judge_sshpop  # noqa: PLC0415  # only to foretell

        return judge_sshpop(case, self.claims.over(case.settings.claims))

    def judge_request(self, case: Case) -> Iterator[CheckResult]:
        """Judge whether the certificate can ask for this about itself."""
        from domain.ca_rules.sshpop import judge_sshpop_request  # noqa: PLC0415  # only to foretell

        return judge_sshpop_request(case, self.claims.over(case.settings.claims))

    def credential(self, options: TokenOptions, sources: Sources) -> Credential:
        """Return the key of `--sshpop-key`, with the certificate of `--sshpop-cert` in the header."""
        from domain.certificates.x509_and_ssh import check_key, check_validity  # noqa: PLC0415  # only for its own tokens

        path, spelled = str(options.text("sshpop-cert")), options.spell("sshpop-cert")
        with options.naming("sshpop-cert"):
            certificate = sources.certificates.read_ssh(sources.files.read(path, MAX_CERTIFICATE_BYTES))
            check_request(certificate, options.request.kind, options.request.subject, spelled)
            check_validity(*certificate.span(), sources.clock.now())
        key = str(options.text("sshpop-key"))
        signer = sources.keys.open(KeyFile(key, options.show("sshpop-key", key)), sources.passwords)
        check_key(certificate.public, signer.public, options.spell("sshpop-key"), spelled)
        subject = options.request.subject or str(certificate.serial)
        return Credential(signer, signer.public.thumbprint(), {"sshpop": certificate.wire}, subject=subject)


def check_request(certificate: SshCertificate, kind: Kind, subject: str, spelled: str) -> None:
    """Check that the certificate, from the option that the user `spelled` so, can ask for this.

    Raises:
        UsageError: a revocation of another serial number, or a renewal of a user's certificate.
    """
    if kind is Kind.SSH_REVOKE and subject not in ("", str(certificate.serial)):
        raise UsageError(
            f"the subject {subject} is not the serial number of {spelled}, {certificate.serial}",
            f"a certificate can only revoke itself: write {certificate.serial} for the subject",
        )
    if kind is not Kind.SSH_REVOKE and not certificate.is_host:
        raise UsageError(f"{spelled} is a user certificate", "step-ca renews and rekeys only host certificates")
