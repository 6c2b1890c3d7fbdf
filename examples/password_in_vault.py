"""The provisioner's password from HashiCorp Vault: it is asked for when the key is opened, and stored nowhere."""

import os

import urllib3

import step_ott


def read_password() -> bytes:
    url = f"{os.environ['VAULT_ADDR']}/v1/secret/data/step-ca"
    answer = urllib3.request(
        "GET", url, headers={"X-Vault-Token": os.environ["VAULT_TOKEN"]}, timeout=10, retries=False
    )
    if answer.status != 200:
        raise LookupError(f"Vault answered {answer.status} to {url}")
    password: str = answer.json()["data"]["data"]["password"]
    return password.encode()


def open_issuer(ca: step_ott.CA, name: str) -> step_ott.JwkIssuer:
    return ca.issuer(name, password=read_password)
