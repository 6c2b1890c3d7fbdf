"""A client of step-ca's HTTP API, for spending tokens: sign, revoke, and the same for SSH."""

import json
import ssl
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tests.support.peer_programs import RunningCa

REQUEST_SECONDS = 30


@attrs.frozen
class Answer:
    """What the CA says to a request: an HTTP status and a JSON object."""

    status: int
    body: dict[str, Any]

    @property
    def certificate(self) -> x509.Certificate:
        """The X.509 certificate that was asked for."""
        assert self.status == 201, self.body
        return x509.load_pem_x509_certificate(self.body["crt"].encode())

    @property
    def ssh_certificate(self) -> serialization.SSHCertificate:
        """The SSH certificate that was asked for, its own signature checked."""
        assert self.status == 201, self.body
        wire = self.body["crt"]
        size = int.from_bytes(b64decode(wire)[:4], "big")
        algorithm = b64decode(wire)[4 : 4 + size]
        identity = serialization.load_ssh_public_identity(algorithm + b" " + wire.encode())
        assert isinstance(identity, serialization.SSHCertificate)
        identity.verify_cert_signature()
        return identity


@attrs.frozen
class CaClient:
    """Puts requests to the API of a running step-ca, trusting its root alone."""

    url: str
    tls: ssl.SSLContext = attrs.field(repr=False)

    def sign(self, csr: x509.CertificateSigningRequest, token: str) -> Answer:
        """Ask for an X.509 certificate."""
        return self.post("/1.0/sign", csr=csr.public_bytes(Encoding.PEM).decode(), ott=token)

    def revoke(self, serial: int, token: str) -> Answer:
        """Ask to revoke an X.509 certificate."""
        return self.post("/1.0/revoke", serial=str(serial), ott=token, passive=True)

    def sign_ssh(self, key: str, token: str, **wishes: Any) -> Answer:
        """Ask for an SSH certificate of a public key line, with `wishes` beside what the token says."""
        return self.post("/1.0/ssh/sign", publicKey=key.split()[1], ott=token, **wishes)

    def revoke_ssh(self, serial: int, token: str) -> Answer:
        """Ask to revoke an SSH certificate."""
        return self.post("/1.0/ssh/revoke", serial=str(serial), ott=token, passive=True)

    def post(self, path: str, bearer: str = "", **members: Any) -> Answer:
        """Put a request, with the token `bearer` as its authorisation; an HTTP error is an answer like any other."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        request = urllib.request.Request(self.url + path, json.dumps(members).encode(), headers)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls)
        )
        try:
            with opener.open(request, timeout=REQUEST_SECONDS) as response:
                return Answer(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _read_refusal(error.read()))


def _read_refusal(body: bytes) -> Any:
    """Return what a refusal says; Go's server, which refuses what is no HTTP before the CA sees it, says no JSON."""
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return {"message": body.decode("utf-8", "replace")}


def connect(ca: RunningCa) -> CaClient:
    """Return a client of the CA."""
    return CaClient(ca.url, ca.tls_context())


def make_csr(
    common_name: str, sans: Sequence[x509.GeneralName] = (), key: Any = None
) -> x509.CertificateSigningRequest:
    """Return a CSR by `key`, or a new one, for these names (RFC 2986)."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key or ec.generate_private_key(ec.SECP256R1()), algorithm)


def make_ssh_key() -> str:
    """Return the public key line of a new SSH key."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def general_name(text: str) -> x509.GeneralName:
    """Return a SAN as step-ca tells its type: IP address, else `@` email, else `scheme:` URI, else DNS name."""
    address = _read_address(text)
    if address is not None:
        return x509.IPAddress(address)
    if "@" in text:
        return x509.RFC822Name(text)
    return x509.UniformResourceIdentifier(text) if ":" in text else x509.DNSName(text)


def names_of(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """Return the SANs of a certificate."""
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def _read_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
