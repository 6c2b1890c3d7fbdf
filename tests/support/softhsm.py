"""SoftHSM, a PKCS#11 device in software: a token in a throw-away folder, and keys that are made in it."""

import gc
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pkcs11
from asn1crypto.core import OctetString
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key
from pkcs11.util.x509 import decode_x509_certificate

from tests.support.peer_programs import BUILT

CURVES = {"P-256": "secp256r1", "P-384": "secp384r1", "P-521": "secp521r1", "Ed25519": "1.3.101.112"}
KINDS = (*CURVES, "RSA")
ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "RSA": "RS256", "Ed25519": "EdDSA"}
TOKEN, PIN = "smallstep", "73-41%&é"
"""The PIN has what a URI has to encode."""

PIN_ENCODED = "73-41%25%26%C3%A9"
_PLACES = (BUILT / "softhsm", Path("/usr/lib/softhsm"), *Path("/usr/lib").glob("*/softhsm"))


def find_module() -> str | None:
    """Return the path of SoftHSM's module: from the environment, fetched here, or installed."""
    named = os.environ.get("SOFTHSM2_MODULE")
    found = [path for place in _PLACES for path in sorted(place.rglob("libsofthsm2.so"))]
    return named or (str(found[0]) if found else None)


def find_tool() -> str | None:
    """Return the path of the tool that makes tokens."""
    fetched = BUILT / "softhsm" / "usr" / "bin" / "softhsm2-util"
    return str(fetched) if fetched.exists() else shutil.which("softhsm2-util")


@attrs.frozen
class KeyInDevice:
    """A key pair that was made in the device.

    Attributes:
        kind: A curve, or RSA.
        label: Its CKA_LABEL.
        identifier: Its CKA_ID.
        public: The public half, as a key object of `cryptography`.
    """

    kind: str
    label: str
    identifier: bytes
    public: Any

    def public_key(self) -> Any:
        """Return the public half, as a private key object would."""
        return self.public

    @property
    def uri(self) -> str:
        """The URI of the key alone, as step's users write it: the identifier in hexadecimal."""
        return f"pkcs11:id={self.identifier.hex()};object={self.label}"


@attrs.define
class SoftHsm:
    """A device with one token.

    Attributes:
        module: The path of the module.
        configuration: The path of SoftHSM's own configuration.
        pin_file: The path of a file with the PIN.
    """

    module: str
    configuration: Path
    pin_file: Path
    made: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which a process finds the token."""
        return {"SOFTHSM2_CONF": str(self.configuration)}

    def uri(self, query: str | None = None, token: str = TOKEN) -> str:
        """Return the URI of the token, with the PIN's file unless another query is given."""
        query = f"?pin-source={self.pin_file}" if query is None else query
        return f"pkcs11:module-path={self.module};token={token}{query}"

    def serial(self) -> str:
        """Return the token's serial number."""
        [token] = pkcs11.lib(self.module).get_tokens(token_label=TOKEN)
        return token.serial.decode()

    def flags(self, key: KeyInDevice, option: str = "--key", query: str | None = None) -> list[str]:
        """Return the flags that name the key."""
        return ["--kms", self.uri(query), option, key.uri]

    @contextmanager
    def session(self) -> Iterator[pkcs11.Session]:
        """Give a session of this process that may write; it is logged out at the end."""
        gc.collect()  # signers that hang on the errors of earlier tests are logged in still
        [token] = pkcs11.lib(self.module).get_tokens(token_label=TOKEN)
        with token.open(rw=True, user_pin=PIN) as session:
            yield session

    def make(
        self, kind: str, label: str | None = None, *, has_public: bool = True, template: dict[Any, Any] | None = None
    ) -> KeyInDevice:
        """Make a key pair; without `has_public` the device then forgets the public half."""
        self.made += 1
        label, identifier = label or f"key-{self.made}", bytes([1, self.made])
        wishes: dict[str, Any] = {"store": True, "id": identifier, "label": label}
        with self.session() as session:
            if kind == "RSA":
                public, _ = session.generate_keypair(KeyType.RSA, 2048, private_template=template, **wishes)
                half: Any = load_der_public_key(encode_rsa_public_key(public))
            else:
                is_edwards = kind == "Ed25519"
                parameters = session.create_domain_parameters(
                    KeyType.EC_EDWARDS if is_edwards else KeyType.EC,
                    {Attribute.EC_PARAMS: encode_named_curve_parameters(CURVES[kind])},
                    local=True,
                )
                mechanism = Mechanism.EC_EDWARDS_KEY_PAIR_GEN if is_edwards else Mechanism.EC_KEY_PAIR_GEN
                public, _ = parameters.generate_keypair(mechanism=mechanism, private_template=template, **wishes)
                if is_edwards:
                    point = bytes(OctetString.load(public[Attribute.EC_POINT]))
                    half = ed25519.Ed25519PublicKey.from_public_bytes(point)
                else:
                    half = load_der_public_key(encode_ec_public_key(public))
            if not has_public:
                public.destroy()
        return KeyInDevice(kind, label, identifier, half)

    def store_certificate(self, der: bytes, identifier: bytes) -> None:
        """Put a certificate beside the key with this identifier."""
        with self.session() as session:
            attributes = decode_x509_certificate(der)
            session.create_object({**attributes, Attribute.ID: identifier, Attribute.TOKEN: True})

    def hide_public(self, key: KeyInDevice) -> None:
        """Let the device forget the public half of a key."""
        with self.session() as session:
            for found in list(
                session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: key.identifier})
            ):
                found.destroy()


def create_device(folder: Path, module: str, tool: str) -> SoftHsm:
    """Write a token into `folder`, and let this process find it."""
    configuration, pin_file = folder / "softhsm2.conf", folder / "pin"
    (folder / "tokens").mkdir()
    configuration.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    pin_file.write_text(PIN + "\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    words = [tool, "--module", module, "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "87654321"]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    return SoftHsm(module, configuration, pin_file)
