"""Tokens by a key that never leaves AWS's key service: an EC key on P-256 with the usage SIGN_VERIFY.

Any other service goes likewise: DerSigner takes the public key, and a function that has a message signed.
"""

import boto3
from cryptography.hazmat.primitives.serialization import load_der_public_key

import step_ott


def open_issuer(ca: step_ott.CA, name: str, key_id: str) -> step_ott.JwkIssuer:
    kms = boto3.client("kms")
    public_key = load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    how = {"KeyId": key_id, "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
    sign = lambda message: kms.sign(Message=message, **how)["Signature"]
    return ca.issuer(name, key=step_ott.DerSigner(public_key, sign))
