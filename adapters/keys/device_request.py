"""Certificate signing requests by a key that does not leave its device: `cryptography` makes them, the device signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from adapters.jose.key_objects import load_public_key
from adapters.keys.new_key import write_request
from domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from domain.enroll.key_kind import KeyKind
    from domain.keys.ports import Signer

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "ES256": hashes.SHA256(),
    "ES384": hashes.SHA384(),
    "ES512": hashes.SHA512(),
    "RS256": hashes.SHA256(),
}
"""The hash of each algorithm that devices sign by (RFC 7518, 3.1)."""


class DeviceKeys:
    """The one key in a device, in the place of new ones (see `domain.enroll.ports.NewKeys`).

    Attributes:
        signer: It.
    """

    def __init__(self, signer: Signer) -> None:
        self.signer = signer

    def make(self, kind: KeyKind) -> DeviceKeyForRequests:  # noqa: ARG002  # which it has already
        return DeviceKeyForRequests(self.signer)


class DeviceKeyForRequests:
    """A key in a device (see `domain.enroll.ports.NewKey`)."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer

    def request(self, common_name: str, sans: Sequence[str]) -> bytes:
        return write_request(_wrap(self.signer), _HASHES.get(self.signer.public.algorithm), common_name, sans)

    def serialize(self, password: bytes | None) -> None:  # noqa: ARG002  # it stays where it is
        return None


def _wrap(signer: Signer) -> CertificateIssuerPrivateKeyTypes:
    public = load_public_key(signer.public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _EcKey(signer, public)
    return _RsaKey(signer, public) if isinstance(public, rsa.RSAPublicKey) else _Ed25519Key(signer, public)


class _Remote:
    """What all have in common whose private half nobody sees."""

    def __init__(self, signer: Signer, public: Any) -> None:
        self._signer, self._public = signer, public

    def public_key(self) -> Any:
        return self._public

    @property
    def key_size(self) -> int:
        return int(self._public.key_size)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def _keep(self, *_: Any, **__: Any) -> NoReturn:
        raise UsageError("the private key does not leave its device", "")

    private_numbers = private_bytes = private_bytes_raw = exchange = decrypt = _keep


class _EcKey(_Remote, ec.EllipticCurvePrivateKey):
    @property
    def curve(self) -> ec.EllipticCurve:
        curve: ec.EllipticCurve = self._public.curve
        return curve

    def sign(self, data: Any, signature_algorithm: object) -> bytes:  # noqa: ARG002  # which is the key's own
        """Return the signature in DER (RFC 3279, 2.2.3)."""
        halves = self._signer.sign(bytes(data))
        size = len(halves) // 2
        return encode_dss_signature(int.from_bytes(halves[:size], "big"), int.from_bytes(halves[size:], "big"))


class _RsaKey(_Remote, rsa.RSAPrivateKey):
    def sign(self, data: Any, padding: object, algorithm: object) -> bytes:  # noqa: ARG002  # which are the key's own
        return self._signer.sign(bytes(data))


class _Ed25519Key(_Remote, ed25519.Ed25519PrivateKey):
    def sign(self, data: Any) -> bytes:
        return self._signer.sign(bytes(data))
