"""Ports to what reads certificates and checks signatures."""

from collections.abc import Sequence
from typing import Protocol

from domain.certificates.nebula import NebulaCertificate
from domain.certificates.x509_and_ssh import Certificate, CertificateRequest, SshCertificate, SshPublicKey
from domain.keys.jwk import PublicJwk
from domain.report.worded_value import WordedValue


class HeaderCertificate(Protocol):
    """A certificate that stands by itself in the header of a token."""

    def span(self) -> tuple[int, int]:
        """Return when it begins and ends, in nanoseconds since the epoch, UTC."""
        ...

    def describe(self) -> WordedValue:
        """Return it in words and in members."""
        ...


class Certificates(Protocol):
    """Reads certificates."""

    def read_chain(self, data: bytes) -> Sequence[Certificate]:
        """Return the X.509 certificates in `data`, PEM or one in DER, in their order, at least one.

        Raises:
            InputError: there are none, or one cannot be read.
        """
        ...

    def read_ssh(self, data: bytes) -> SshCertificate:
        """Return the SSH certificate in `data`, a line such as "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA…".

        Standard base64 of the wire bytes alone, as a token's header carries it, does as well.

        Raises:
            InputError: it is neither.
        """
        ...

    def read_request(self, data: bytes) -> CertificateRequest:
        """Return the certificate signing request in `data`, PEM or DER.

        Raises:
            InputError: there is none, or it cannot be read.
        """
        ...

    def read_public_keys(self, data: bytes) -> Sequence[PublicJwk]:
        """Return the public keys in `data`, PEM.

        Raises:
            InputError: one cannot be read, or is of a type that signs no tokens.
        """
        ...

    def read_nebula(self, data: bytes) -> NebulaCertificate:
        """Return the Nebula certificate in `data`, PEM, or its body alone, as a token's header carries it.

        Raises:
            InputError: there is none or several, or it cannot be read.
        """
        ...

    def fingerprint_request(self, data: bytes) -> str:
        """Return the SHA-256, in unpadded base64url, of the DER of the one CSR in `data`, PEM or DER.

        Raises:
            InputError: there is none or several, it cannot be read, or its own signature is bad.
        """
        ...

    def read_ssh_key(self, data: bytes) -> SshPublicKey:
        """Return the one SSH public key in `data`, a line such as "ssh-ed25519 AAAA… comment", perhaps among comments.

        Raises:
            InputError: `data` holds something else.
        """
        ...

    def fingerprint_ssh_key(self, data: bytes) -> str:
        """Return the SHA-256, in unpadded base64url, of the wire bytes of the one SSH public key in `data`.

        Raises:
            InputError: `data` holds something else.
        """
        ...


class Signatures(Protocol):
    """Checks signatures."""

    def hold(self, public: PublicJwk, algorithm: str, message: bytes, signature: bytes) -> bool:
        """Return whether step-ca would take `signature` as one of `message` by the key `public` under `algorithm`.

        It takes any algorithm of the key's type: RS256 to PS512 for RSA, and ES256 to ES512 for EC whatever the
        curve (go-jose, asymmetric.go), where RFC 7518 has one for each curve.
        """
        ...
