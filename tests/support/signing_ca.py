"""A CA on 127.0.0.1 that signs what it is asked for, unless a test has it answer with something else."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.jose.key_objects import generate_jwk
from tests.support.hostile_ca import Credential, HostileCa, Request, answer, issue, root, serve
from tests.support.running import Result, invoke

NAME = "web.test"
LIFE = timedelta(hours=24)


@attrs.frozen
class Asked:
    """A request for a certificate, as the CA got it.

    Attributes:
        members: Its JSON object.
    """

    members: dict[str, Any]

    @property
    def csr(self) -> x509.CertificateSigningRequest:
        """The CSR in it."""
        return x509.load_pem_x509_csr(self.members["csr"].encode())


Signing: TypeAlias = Callable[["SigningCa", Asked], bytes]
"""A request for a certificate to the bytes of its answer; no bytes close the connection."""


@attrs.define
class SigningCa:
    """What the CA has, and what it was asked for.

    Attributes:
        folder: Where a certificate and its key may go, with the provisioner's key and the root.
        issuer: Its intermediate.
        answers: What it answers with, one after the other, the last one from then on.
        asked: The requests for certificates so far.
    """

    folder: Path
    server: HostileCa
    issuer: Credential
    answers: list[Signing]
    provisioner: dict[str, Any]
    asked: list[Asked] = attrs.field(factory=list)

    def behave(self, request: Request) -> bytes:
        """Answer a request."""
        if request.target.startswith("/1.0/sign"):
            self.asked.append(Asked(json.loads(request.body)))
            sign = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            return sign(self, self.asked[-1])
        listed = {
            "/provisioners": {"provisioners": [self.provisioner]},
            "/roots": {"crts": [root().pem.decode()]},
            "/ssh/roots": {},
        }
        return answer(listed.get(request.target.partition("?")[0], {}))

    def run(self, *words: str, certificate: str = "web.crt", key: str = "web.key") -> Result:
        """Run `ca certificate` for the name, into the folder."""
        where = ["--ca-url", self.server.url, "--root", str(self.folder / "root.crt")]
        signer = [] if "--token" in words else ["--key", str(self.folder / "provisioner.jwk")]
        files = [str(self.folder / name) for name in (certificate, key)]
        return invoke(
            "ca", "certificate", NAME, *files, *where, *signer, *words, environment={"STEPPATH": "/nonexistent"}
        )

    def mint(self, *words: str) -> str:
        """Return a token for the name."""
        place = ["--ca-url", self.server.url, "--root", str(self.folder / "root.crt")]
        signer = ["--key", str(self.folder / "provisioner.jwk")]
        return invoke("token", NAME, *place, *signer, *words, environment={"STEPPATH": "/nonexistent"}).token

    def certify(self, asked: Asked, **changes: Any) -> x509.Certificate:
        """Return the certificate that is asked for, changed: key, names, begin, end, is_ca, issuer, subject, more."""
        now = datetime.now(UTC)
        issuer = changes.get("issuer", self.issuer)
        wanted = asked.csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = changes.get("names")
        builder = (
            x509.CertificateBuilder()
            .subject_name(changes.get("subject", asked.csr.subject))
            .issuer_name(issuer.certificate.subject)
            .public_key(changes.get("key") or asked.csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + changes.get("begin", timedelta(minutes=-1)))
            .not_valid_after(now + changes.get("end", LIFE))
            .add_extension(x509.BasicConstraints(ca=changes.get("is_ca", False), path_length=None), critical=True)
            .add_extension(wanted if names is None else x509.SubjectAlternativeName(names), critical=False)
        )
        for extension, critical in changes.get("more", ()):
            builder = builder.add_extension(extension, critical)
        return builder.sign(issuer.key, hashes.SHA256())

    def grant(self, *chain: x509.Certificate, **members: Any) -> bytes:
        """Return the answer with these certificates."""
        pems = [pem(certificate) for certificate in chain]
        return answer({"crt": pems[0], "ca": pems[-1], "certChain": pems, **members}, 201)


def pem(certificate: x509.Certificate) -> str:
    """Return a certificate in PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()


def sign_as_asked(ca: SigningCa, asked: Asked, **changes: Any) -> bytes:
    """Sign, with changes as in `SigningCa.certify`."""
    return ca.grant(ca.certify(asked, **changes), ca.issuer.certificate)


def refuse(status: int, message: str = "no") -> Signing:
    """Answer with an error, in step-ca's form."""
    return lambda *_: answer({"status": status, "message": message}, status)


@contextmanager
def serve_signing_ca(folder: Path, *answers: Signing, claims: dict[str, Any] | None = None) -> Iterator[SigningCa]:
    """Run such a CA until the block ends; without `answers` it signs."""
    private = generate_jwk()
    public = {name: value for name, value in private.items() if name != "d"}
    provisioner = {"type": "JWK", "name": "me", "key": public} | ({"claims": claims} if claims else {})
    (folder / "provisioner.jwk").write_text(json.dumps(private))
    (folder / "root.crt").write_bytes(root().pem)
    ca: list[SigningCa] = []

    def behave(request: Request) -> bytes:
        return ca[0].behave(request)

    with serve(behave) as server:
        issuer = issue("Intermediate", root(), is_authority=True)
        ca.append(SigningCa(folder, server, issuer, list(answers or [sign_as_asked]), provisioner))
        yield ca[0]


def new_key() -> ec.EllipticCurvePublicKey:
    """Return a key that nobody has asked for."""
    return ec.generate_private_key(ec.SECP256R1()).public_key()
