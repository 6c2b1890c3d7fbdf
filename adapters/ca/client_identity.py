"""A certificate and its key, as the CA asks for them by mutual TLS."""

from collections.abc import Sequence
from ssl import DER_cert_to_PEM_cert

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.http.identity import Identity
from adapters.jose.jws import JwsSigner
from domain.certificates.x509_and_ssh import Certificate
from domain.errors import UsageError
from domain.keys.ports import Signer


def make_identity(chain: Sequence[Certificate], signer: Signer) -> Identity:
    """Return what TLS shows of a chain, the leaf first, whose leaf's key signs.

    Raises:
        UsageError: the key is not in this process.
    """
    if not isinstance(signer, JwsSigner):
        raise UsageError("TLS cannot use a key that is not in a file", "authorise the request by a token")
    key = signer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Identity("".join(DER_cert_to_PEM_cert(certificate.der) for certificate in chain).encode(), key)
