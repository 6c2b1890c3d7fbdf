"""What clouds say of their machines, signed by keys of our own, and the services that say it."""

import json
import secrets
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from adapters.jose.jws import make_signer
from domain.formats import base64url, json_text
from tests.support.connect_proxy import run_proxy
from tests.support.hostile_ca import Request, answer, issue, serve
from tests.support.metadata_service import Asked, Behaviour, tell
from tests.support.peer_programs import RunningCa, serve_ca
from tests.support.provisioned_ca import write_provisioned

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
OTHER_TENANT = "00000000-86f1-41af-91ab-2d7cd011db47"
ACCOUNT, INSTANCE, PRIVATE_IP, REGION = "123456789012", "i-0abc1234def567890", "10.0.0.7", "eu-central-1"
MACHINE = "/subscriptions/a-b/resourcegroups/Group/providers/Microsoft.Compute/virtualMachines/vm-1"
SESSION = "AQAEAsession-token=="
IDENTITY_PATH = "/latest/dynamic/instance-identity/"
GOOGLE_PATH = "/computeMetadata/v1/instance/service-accounts/default/identity"
AZURE_TOKEN_PATH, AZURE_CLOUD_PATH = "/metadata/identity/oauth2/token", "/metadata/instance/compute/azEnvironment"
TOKEN_PATHS = {"GCP": GOOGLE_PATH, "AWS": f"{IDENTITY_PATH}document", "Azure": AZURE_TOKEN_PATH}


@cache
def cloud_key() -> rsa.RSAPrivateKey:
    """The key by which every cloud signs here."""
    return rsa.generate_private_key(65537, 2048)


@cache
def amazon_certificate() -> bytes:
    """The certificate of Amazon's key, in PEM, for `iidRoots`."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Own Web Services")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(cloud_key().public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
    return builder.sign(cloud_key(), hashes.SHA256()).public_bytes(Encoding.PEM)


def write_document(**members: Any) -> bytes:
    """Return an identity document in Amazon's form."""
    launched = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    usual = {
        "accountId": ACCOUNT, "architecture": "x86_64", "availabilityZone": "eu-central-1a", "billingProducts": None,
        "devpayProductCodes": None, "marketplaceProductCodes": None, "imageId": f"ami-{secrets.token_hex(4)}",
        "instanceId": INSTANCE, "instanceType": "t3.micro", "kernelId": None, "pendingTime": launched,
        "privateIp": PRIVATE_IP, "ramdiskId": None, "region": REGION, "version": "2017-09-30",
    }  # fmt: skip
    return json.dumps(usual | members, indent=2).encode()


def sign_document(document: bytes) -> bytes:
    """Return what Amazon serves as the document's signature: base64 of PKCS#1 v1.5 with SHA-256, in lines."""
    encoded = b64encode(cloud_key().sign(document, padding.PKCS1v15(), hashes.SHA256()))
    return b"\n".join(encoded[at : at + 64] for at in range(0, len(encoded), 64))


SIGNED_ELSEWHERE = b64encode(bytes(256))
"""A signature by nobody."""


def be_amazon(document: bytes | None = None, signature: bytes | None = None, versions: str = "v1 v2") -> Behaviour:
    """Return the behaviour of an EC2 instance's metadata service."""
    told = write_document() if document is None else document
    bodies = {"document": told, "signature": sign_document(told) if signature is None else signature}

    def behave(asked: Asked) -> bytes:
        if (asked.method, asked.path) == ("PUT", "/latest/api/token") and "v2" in versions:
            has_ttl = asked.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "").isdigit()
            return tell(SESSION.encode() if has_ttl else b"", 200 if has_ttl else 400)
        if asked.method != "GET" or not asked.path.startswith(IDENTITY_PATH):
            return tell(b"", 404)
        if "v1" not in versions and asked.headers.get("x-aws-ec2-metadata-token") != SESSION:
            return tell(b"", 401)
        return tell(bodies[asked.path.removeprefix(IDENTITY_PATH)])

    return behave


def sign_claims(claims: dict[str, Any], alg: str = "RS256") -> str:
    """Return a token as Google and Microsoft sign theirs."""
    header = {"alg": alg, "kid": "cloud", "typ": "JWT"}
    text = ".".join(base64url.encode(json_text.serialize(part).encode()) for part in (header, claims))
    return f"{text}.{base64url.encode(make_signer(cloud_key()).sign(text.encode()))}"


def google_claims(audience: str, **claims: Any) -> dict[str, Any]:
    """Return what stands in Google's token about a machine."""
    now = int(time.time())
    machine = {
        "instance_id": "4422", "instance_name": "vm-1", "instance_creation_timestamp": now, "project_id": "p",
        "project_number": 12, "zone": "europe-west3-a",
    }  # fmt: skip
    return {
        "aud": audience, "azp": "1107", "email": "12-compute@developer.gserviceaccount.com", "email_verified": True,
        "exp": now + 3600, "google": {"compute_engine": machine}, "iat": now, "iss": "https://accounts.google.com",
        "jti": secrets.token_hex(8), "sub": "1107",
    } | claims  # fmt: skip


def be_google(**claims: Any) -> Behaviour:
    """Return the behaviour of a Google Cloud machine's metadata service, with other claims where there are some."""

    def behave(asked: Asked) -> bytes:
        if asked.method != "GET" or asked.path != GOOGLE_PATH or asked.headers.get("metadata-flavor") != "Google":
            return tell(b"<html>Forbidden</html>", 403)
        if asked.query.get("format") != "full" or asked.query.get("licenses") != "FALSE":
            return tell(b"non-empty format and licenses required", 400)
        return tell(sign_claims(google_claims(asked.query["audience"], **claims)).encode())

    return behave


def azure_claims(audience: str, **claims: Any) -> dict[str, Any]:
    """Return what stands in Microsoft's token about a machine."""
    now = int(time.time())
    return {
        "aud": audience, "appid": "af2b", "exp": now + 86400, "iat": now, "idp": f"https://sts.windows.net/{TENANT}/",
        "iss": f"https://sts.windows.net/{TENANT}/", "nbf": now, "oid": "0-id", "sub": "0-id", "tid": TENANT,
        "uti": secrets.token_hex(8), "ver": "1.0", "xms_mirid": MACHINE,
    } | claims  # fmt: skip


def be_azure(cloud: str = "AzurePublicCloud", **claims: Any) -> Behaviour:
    """Return the behaviour of an Azure machine's metadata service, with other claims where there are some."""

    def behave(asked: Asked) -> bytes:
        if asked.method != "GET" or asked.headers.get("metadata", "").lower() != "true":
            return tell(b'{"error":"invalid_request"}', 400)
        if asked.path == AZURE_CLOUD_PATH and asked.query.get("format") == "text" and asked.query.get("api-version"):
            return tell(cloud.encode())
        if asked.path != AZURE_TOKEN_PATH or asked.query.get("api-version") != "2018-02-01":
            return tell(b"", 404)
        token = sign_claims(azure_claims(asked.query["resource"], **claims))
        # numbers as text: what Azure writes, and what the Go tool insists on
        return tell(json.dumps({"access_token": token, "expires_in": "86399", "token_type": "Bearer"}).encode())

    return behave


BEHAVIOURS = {"GCP": be_google, "AWS": be_amazon, "Azure": be_azure}


def provisioners(folder: Path) -> list[dict[str, Any]]:
    """Return a provisioner of each type, for ca.json; Amazon's certificate is written into `folder`."""
    path = folder / "amazon.pem"
    path.write_bytes(amazon_certificate())
    return [
        {"type": "GCP", "name": "google vms", "serviceAccounts": ["1107"]},
        {"type": "AWS", "name": "amazon's vms", "accounts": [ACCOUNT], "iidRoots": str(path)},
        {"type": "Azure", "name": "azure", "tenantID": TENANT},
    ]


ONCE, STRICT, APPLICATION, USERS = "amazon once", "amazon strict", "azure application", "google users"
APPLICATION_AUDIENCE = "api://step-ca.test/x?y=1 2"
NAMES = {"GCP": "google vms", "AWS": "amazon's vms", "Azure": "azure"}


def _publish_keys(request: Request) -> bytes:
    numbers = cloud_key().public_key().public_numbers()
    key = {"kty": "RSA", "kid": "cloud", "use": "sig", "alg": "RS256"} | {
        name: base64url.encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
        for name, value in (("n", numbers.n), ("e", numbers.e))
    }
    if request.target.endswith("/.well-known/openid-configuration"):
        issuer = f"https://sts.windows.net/{request.target.split('/')[1]}/"
        return answer({"issuer": issuer, "jwks_uri": "https://login.microsoftonline.com/keys"})
    return answer({"keys": [key]})


@contextmanager
def serve_keys(folder: Path) -> Iterator[dict[str, str]]:
    """Run servers that publish the clouds' keys, behind a proxy, until the block ends.

    Gives the environment in which a Go program takes them for Google's and Microsoft's.
    """
    authority = issue("Key Root", is_authority=True)
    shown = issue("keys", authority, names=("www.googleapis.com", "login.microsoftonline.com"))
    root = folder / "keys_root.pem"
    root.write_bytes(authority.pem)
    with serve(_publish_keys, shown) as server, run_proxy(server.port) as proxy:
        yield {"HTTPS_PROXY": f"http://{proxy.address}", "SSL_CERT_FILE": str(root)}


@contextmanager
def serve_clouds(program: str, path: Path) -> Iterator[RunningCa]:
    """Run step-ca with a provisioner for each cloud, and four more, until the block ends.

    One takes each of Amazon's machines once, as is step-ca's default; one takes the machine's own names alone; one
    wants Microsoft's tokens to be for an audience of its own; one has Google's sign for SSH users.
    """
    lenient = {"claims": {"enableSSHCA": True}, "disableTrustOnFirstUse": True}

    def adjust(config: dict[str, Any]) -> None:
        listed = provisioners(path)
        amazon = next(members for members in listed if members["type"] == "AWS")
        config["authority"]["disableIssuedAtCheck"] = True  # iat has no fractions of the second that the CA started in
        config["authority"]["provisioners"] += [
            *(members | lenient for members in listed),
            amazon | {"name": ONCE},
            amazon | {"name": STRICT, "disableCustomSANs": True, "instanceAge": "1h"} | lenient,
            {"type": "Azure", "name": APPLICATION, "tenantID": OTHER_TENANT, "audience": APPLICATION_AUDIENCE}
            | lenient,
            {"type": "GCP", "name": USERS, "disableSSHCAUser": False} | lenient,
        ]

    written = write_provisioned(path / "step", adjust)
    with serve_keys(path) as environment, serve_ca(program, path / "step", written.ca.url, environment) as ca:
        yield ca
