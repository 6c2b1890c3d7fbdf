"""The AWS provisioner: a token about the instance's identity document, keyed by Amazon's signature of that.

Source: step-ca, authority/provisioner/aws.go.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from domain.ca.url import escape_fragment
from domain.cloud.metadata import MetadataRequest, MetadataService, misfit
from domain.errors import InputError, NetworkError
from domain.formats import base64url, json_text
from domain.formats.duration import NANOSECONDS
from domain.provisioners.base import USUAL
from domain.provisioners.credential import IssuedToken, Sources
from domain.provisioners.instance import InstanceProvisioner
from domain.token.claims import Header, UnsignedToken
from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.ca.url import CaUrl
    from domain.token.options import TokenOptions

ISSUER = "ec2.amazonaws.com"
LIFETIME = 300
"""Seconds."""

V1, V2 = "v1", "v2"
DOCUMENT_PATH = "/latest/dynamic/instance-identity/document"
SIGNATURE_PATH = "/latest/dynamic/instance-identity/signature"
SESSION = MetadataRequest(
    method="PUT",
    path="/latest/api/token",
    headers={"X-aws-ec2-metadata-token-ttl-seconds": "30"},
    patience=NANOSECONDS,
)
"""What IMDSv2 wants first. Within a container its answer may get lost on the way, which must not take all the time."""

_SESSION_TOKEN = re.compile(r"[!-~]+")

WANTED_MEMBERS = ("accountId", "instanceId", "privateIp", "region")
"""What step-ca wants to find in an identity document."""


@attrs.frozen
class SignedDocument:
    """What Amazon says of an instance.

    Attributes:
        document: JSON, as it was signed.
        signature: The signature's bytes: who has them can make tokens for the instance.
        instance_id: Of the instance.
    """

    document: bytes = attrs.field(repr=False)
    signature: bytes = attrs.field(repr=False)
    instance_id: str


@attrs.frozen
class AwsProvisioner(InstanceProvisioner):
    """A provisioner of type AWS.

    Attributes:
        versions: The versions of the metadata service that its machines may use.
    """

    service: ClassVar = MetadataService.AMAZON
    sole_issuer: ClassVar = ISSUER
    expected: ClassVar = USUAL - {"public key"}
    type_name = "AWS"
    versions: tuple[str, ...] = (V2, V1)

    def credential(self, options: TokenOptions, sources: Sources) -> IssuedToken:
        """Return a token that the machine's identity vouches for."""
        signed = self._read_identity(sources)
        claims = self._compose_claims(options.request.subject, signed, sources.authority.url(), sources.clock.now())
        return IssuedToken(sign_token(claims, signed.signature), names_ca=True, names_subject=True)

    def _read_identity(self, sources: Sources) -> SignedDocument:
        headers = self._open_session(sources)
        document, address = self.ask(sources, MetadataRequest(path=DOCUMENT_PATH, headers=headers))
        encoded, _ = self.ask(sources, MetadataRequest(path=SIGNATURE_PATH, headers=headers))
        try:
            members = json_text.parse(document)
        except ValueError as error:
            raise misfit(self.service, address, "gives an identity document that is not JSON") from error
        for name in WANTED_MEMBERS:
            if not isinstance(members, dict) or not isinstance(members.get(name), str) or not members[name]:
                raise misfit(self.service, address, f"gives an identity document without {name}")
        try:
            signature = b64decode(encoded.replace(b"\r", b"").replace(b"\n", b""), validate=True)
        except ValueError:
            signature = b""
        if not signature:
            raise misfit(self.service, address, "gives a signature that is not base64") from None
        return SignedDocument(document, signature, members["instanceId"])

    def _open_session(self, sources: Sources) -> Mapping[str, str]:
        """Return the header fields that IMDSv2 wants, none where only version 1 is to be had and the CA allows it."""
        if V2 not in self.versions:
            return {}
        try:
            body, address = self.ask(sources, SESSION)
            session = body.decode("ascii", "replace").strip()
            if not _SESSION_TOKEN.fullmatch(session):
                raise misfit(self.service, address, "gives no session token")
        except (NetworkError, InputError):
            if V1 in self.versions:
                return {}
            raise
        return {"X-aws-ec2-metadata-token": session}

    def _compose_claims(self, subject: str, signed: SignedDocument, ca_url: CaUrl, now: int) -> dict[str, Any]:
        unique = f"{self.audience_fragment}.{signed.instance_id}"
        return {
            "amazon": {
                "document": b64encode(signed.document).decode("ascii"),
                "signature": b64encode(signed.signature).decode("ascii"),
            },
            "aud": f"{ca_url}{Kind.SIGN.path}#{escape_fragment(self.audience_fragment)}",
            "exp": now // NANOSECONDS + LIFETIME,
            "iat": now // NANOSECONDS,
            "iss": ISSUER,
            "jti": sha256(unique.encode()).hexdigest(),
            "nbf": now // NANOSECONDS,
            "sub": subject,
        }


def sign_token(claims: Mapping[str, Any], key: bytes) -> str:
    """Return the compact JWS of `claims` under HS256 (RFC 7518, 3.2)."""
    import hmac  # noqa: PLC0415  # only for its own tokens

    signing_input = UnsignedToken(Header({"alg": "HS256", "typ": "JWT"}), claims).signing_input()
    return f"{signing_input}.{base64url.encode(hmac.digest(key, signing_input.encode('ascii'), 'sha256'))}"
