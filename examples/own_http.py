"""A certificate by one's own HTTP: the token is good for this one request, and with no other key.

The CA's answer to a request that it refuses has `message` and no `crt`.
"""

import urllib3
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import CertificateSigningRequestBuilder, Name

import step_ott


def get_certificate(issuer: step_ott.JwkIssuer, root: str, host: str) -> tuple[ec.EllipticCurvePrivateKey, str]:
    key, name = ec.generate_private_key(ec.SECP256R1()), Name.from_rfc4514_string(f"CN={host}")
    csr = CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    body = {"csr": csr.decode(), "ott": issuer.token(host, csr=csr)}
    answer = urllib3.PoolManager(ca_certs=root).request("POST", f"{issuer.ca.url}/1.0/sign", json=body)
    return key, answer.json()["crt"] + answer.json()["ca"]
