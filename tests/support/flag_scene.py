"""A CA and a step path in which every flag of `token` has a sensible value and can show its effect."""

import json
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
)

from adapters.jose.jwe import seal_jwk
from adapters.jose.jws import make_signer
from adapters.jose.key_objects import generate_jwk
from adapters.keys.store import LocalKeyStore
from adapters.machine.input_files import LocalFiles
from domain.formats import base64url
from domain.keys.ports import Passwords, Signer
from domain.keys.source import DeviceKey, KeyFile
from entrypoints.command_line.options import TOKEN_OPTIONS, ValueKind
from tests.support.ca_client import general_name, make_csr
from tests.support.forged_nebula import Draft, write_pem
from tests.support.hostile_ca import HostileCa, answer, issue, root, serve
from tests.support.hostile_provider import HostileProvider, serve_provider
from tests.support.memory_ports import MemoryPasswords
from tests.support.provisioned_ca import issue_leaf
from tests.support.running import Result, invoke

SWITCHES = {option.name for option in TOKEN_OPTIONS if option.kind is ValueKind.SWITCH}
PASSWORD = b"right"
SUBJECT, CNF = "1", base64url.encode(sha256(b"a request").digest())
"""The subject is a serial number, the leaf's common name, and as good a name as any."""


@attrs.frozen
class Scene:
    """A CA with provisioners of every type, and a step path with two contexts, in a folder.

    Attributes:
        path: The folder.
        ca: The CA, online.
        fingerprints: Of the root in each file, by the file's name.
        bindings: The `cnf` value for each file that a token can be bound to, by the file's name.
        thumbprints: Of the keys of certificates, by the file's name.
    """

    path: Path
    ca: HostileCa
    fingerprints: Mapping[str, str]
    bindings: Mapping[str, str]
    thumbprints: Mapping[str, str]

    def file(self, name: str) -> str:
        return str(self.path / name)

    def value(self, flag: str, flags: frozenset[str]) -> str:
        """Return the sensible value that `flag` has among `flags`."""
        return {
            "san": "10.0.0.7", "principal": "10.0.0.8", "cnf": CNF, "set": "flag=1",
            "set-file": self.file("set.json"), "csr": self.file("request.csr"),
            "cnf-file": self.file("key.pub" if "ssh" in flags else "request.csr"), "not-before": "60s",
            "not-after": "20m",
            "cert-not-before": "1m", "cert-not-after": "2h", "provisioner": "bob", "kid": "kid-b", "context": "two",
            "kms": "pkcs11:token=scene?pin-value=1234",
            "x5c-cert": self.file("leaf.crt"),
            "x5c-key": "pkcs11:object=leaf.key" if "kms" in flags else self.file("leaf.key"),
            "x5c-chain": self.file("chain.crt"),
            "sshpop-cert": self.file("host-cert.pub"), "sshpop-key": self.file("host.key"),
            "nebula-cert": self.file("nebula.crt"), "nebula-key": self.file("nebula.key"),
            "k8ssa-token-path": self.file("k8s-token"),
            "key": "pkcs11:object=token.key" if "kms" in flags else self.file("token.key"),
            "password-file": self.file("password"), "root": self.file("flag.crt"),
            "provisioner-password-file": self.file("own-password"), "ca-config": self.file("other-ca.json"),
            "ca-url": f"localhost:{self.ca.port}", "request-timeout": "20s", "timeout": "20s",
            "output-file": self.file("token"),
        }[flag]  # fmt: skip

    def run(self, flags: frozenset[str], **values: str) -> Result:
        """Run `token` with `flags`; `values` (underscores for dashes) go before the sensible ones."""
        given = {name.replace("_", "-"): value for name, value in values.items()}
        words = [] if "csr" in flags else [SUBJECT]
        for flag in sorted(flags):
            words.append(f"--{flag}")
            if flag not in SWITCHES:
                words.append(given.get(flag) or self.value(flag, flags))
        needs_no_password = flags & {"key", "password-file", "provisioner-password-file"}
        password = "/nonexistent/password" if needs_no_password else self.file("password")
        environment = {"STEPPATH": self.file("step"), "STEP_PASSWORD_FILE": password}
        with mock.patch("adapters.keys.store._load_devices", return_value=lambda _: SceneDevice(self)):
            return invoke("token", *words, environment=environment)


@attrs.frozen
class SceneDevice:
    """A device that has the keys of the scene's files, by their names."""

    scene: Scene

    def open(self, source: DeviceKey, passwords: Passwords) -> Signer:
        """Return the signer of a key."""
        assert (source.uri.token, source.uri.pin_value) == ("scene", "1234")
        file = KeyFile(self.scene.file(str(source.uri.object)), "key")
        return LocalKeyStore(LocalFiles()).open(file, MemoryPasswords([PASSWORD]))


@contextmanager
def open_scene(path: Path) -> Iterator[tuple[Scene, list[dict[str, Any]]]]:
    """Write the files of a scene into `path`, serve its CA until the block ends, and give it with its provisioners."""
    fingerprints, bindings = write_roots(path), write_bindings(path)
    credential = issue("server", root(), names=("127.0.0.1", "localhost"))
    with serve_provider() as provider:
        provisioners, thumbprints = prepare(path, provider)
        with serve(lambda _: answer({"provisioners": provisioners}), credential, num_tickets=0) as ca:
            yield Scene(path, ca, fingerprints, bindings, thumbprints), provisioners


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_bindings(path: Path) -> dict[str, str]:
    """Write a CSR and an SSH public key; return the `cnf` value of each (RFC 9635, `x5rt#S256`)."""
    key = issue("a key").key
    csr = make_csr(SUBJECT, [general_name(SUBJECT)], key)
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    (path / "request.csr").write_bytes(csr.public_bytes(Encoding.PEM))
    (path / "key.pub").write_bytes(line + b" a comment\n")
    wire = b64decode(line.split()[1])
    hashed = {"request.csr": csr.public_bytes(Encoding.DER), "key.pub": wire}
    return {name: base64url.encode(sha256(data).digest()) for name, data in hashed.items()}


def write_roots(path: Path) -> dict[str, str]:
    """Write files with a certificate of the root's key each, any of which verifies the CA; return their hashes."""
    files = {
        name: issue("Test Root", is_authority=True, key=root().key)
        for name in ("one.crt", "two.crt", "flag.crt", "ca.crt", "other.crt")
    }
    for name, certificate in files.items():
        (path / name).write_bytes(certificate.pem)
    return {name: sha256(certificate.der).hexdigest() for name, certificate in files.items()}


def write_step_path(path: Path, provisioners: list[dict[str, Any]], url: str) -> None:
    """Write two contexts, which differ in root and provisioner, and a ca.json beside them."""
    step = path / "step"
    write_json(step / "contexts.json", {name: {"authority": name, "profile": name} for name in ("one", "two")})
    write_json(step / "current-context.json", {"context": "one"})
    for name, provisioner in (("one", "alice"), ("two", "carol")):
        defaults = {"ca-url": url, "root": str(path / f"{name}.crt"), "provisioner": provisioner, "kid": "kid-a"}
        write_json(step / "authorities" / name / "config" / "defaults.json", defaults)
        config = {
            "root": str(path / "ca.crt"),
            "dnsNames": [f"{name}.example.com"],
            "authority": {"provisioners": provisioners},
        }
        write_json(step / "authorities" / name / "config" / "ca.json", config)
    other = {
        "root": str(path / "other.crt"),
        "dnsNames": ["other.example.com"],
        "authority": {"provisioners": provisioners},
    }
    write_json(path / "other-ca.json", other)


def write_certificates(path: Path) -> dict[str, str]:
    """Write a leaf and an SSH host certificate with their encrypted keys; return the keys' thumbprints."""
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("leaf.key", "host.key")}
    leaf = issue_leaf(root().certificate, root().key, keys["leaf.key"], SUBJECT)
    (path / "leaf.crt").write_bytes(leaf.public_bytes(Encoding.PEM))
    (path / "chain.crt").write_bytes(root().pem)
    now = int(time.time())
    certificate = (
        SSHCertificateBuilder()
        .public_key(keys["host.key"].public_key())
        .serial(int(SUBJECT))
        .type(SSHCertificateType.HOST)
        .key_id(b"host")
        .valid_principals([b"host.test"])
        .valid_after(now - 60)
        .valid_before(now + 3600)
        .sign(ec.generate_private_key(ec.SECP256R1()))
    )
    (path / "host-cert.pub").write_bytes(certificate.public_bytes())
    keys["nebula.key"] = ec.generate_private_key(ec.SECP256R1())
    networks = ("10.0.0.7/24", "10.0.0.8/24")
    draft = Draft(key=keys["nebula.key"], name=SUBJECT, networks=networks, issuer="ab" * 32)
    (path / "nebula.crt").write_bytes(write_pem(draft.issue(2, root().key)[0], 2))
    for name, key in keys.items():
        sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD))
        (path / name).write_bytes(sealed)
    return {name: make_signer(key).public.thumbprint() for name, key in keys.items()}


def prepare(path: Path, provider: HostileProvider) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Write the files of every flag; return the CA's provisioners, and the thumbprints of the certificates' keys.

    The provisioners' names and kids go together in every way, so that each shows by itself; people sign in at
    `provider`.
    """
    jwk = generate_jwk()
    sealed = seal_jwk(json.dumps(jwk), PASSWORD, iterations=10)
    public = {name: value for name, value in jwk.items() if name != "d"}
    names = ("alice", "bob", "carol")
    provisioners: list[dict[str, Any]] = [
        {"type": "JWK", "name": name, "key": public | {"kid": kid}, "encryptedKey": sealed}
        for name in names
        for kid in ("kid-a", "kid-b")
    ]
    provisioners += [
        {"type": type_name, "name": name} for type_name in ("X5C", "SSHPOP", "K8sSA", "Nebula") for name in names
    ]
    provisioners += [provider.members(name=name, clientID=kid) for name in names for kid in ("kid-a", "kid-b")]
    write_json(path / "token.key", jwk)
    write_json(path / "set.json", {"file": 2})
    parts = ('{"alg":"ES256"}', '{"iss":"kubernetes/serviceaccount"}', "signature")
    (path / "k8s-token").write_text(".".join(base64url.encode(part.encode()) for part in parts) + "\n")
    for name in ("password", "own-password"):
        (path / name).write_bytes(PASSWORD + b"\n")
    return provisioners, write_certificates(path)
