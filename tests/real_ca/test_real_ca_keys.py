"""A real step-ca takes tokens by provisioner keys of every kind, from files of every container."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from domain.errors import UsageError
from entrypoints.program import run_words
from tests.support.ca_client import connect, general_name, make_csr
from tests.support.key_files import FILES, KINDS, KeyFolder
from tests.support.opened_jwe import open_jwe
from tests.support.peer_programs import RunningCa, choose_port, serve_ca
from tests.support.running import Result, invoke

SUBJECT = "internal.example.com"
MORE = [f"provisioner {number}" for number in range(150)]
"""More provisioners than the CA lists at once."""
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


@pytest.fixture(scope="module")
def keys(step_program: str, tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    """Keys of every kind."""
    return KeyFolder(step_program, tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def ca(keys: KeyFolder, step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCa]:
    """A step-ca with a JWK provisioner for each kind of key and RSA algorithm, and many more, whose keys it lacks."""
    path, port = tmp_path_factory.mktemp("ca") / "step", choose_port()
    assert invoke("sandbox", str(path), "--address", f"127.0.0.1:{port}").status == 0
    config = json.loads((path / "config" / "ca.json").read_text())
    listed = {kind: keys.private(kind, "JWK") for kind in KINDS}
    listed |= {algorithm: keys.rsa_jwk(algorithm) for algorithm in RSA_ALGORITHMS}
    for name, private in listed.items():
        jwk = keys.public(private) | {"kid": f"the key of {name}"}
        config["authority"]["provisioners"].append({"type": "JWK", "name": name, "key": jwk})
    more = keys.public(keys.private("P-256", "JWK"))
    for name in MORE:
        config["authority"]["provisioners"].append({"type": "JWK", "name": name, "key": more | {"kid": name}})
    (path / "config" / "ca.json").write_text(json.dumps(config))
    with serve_ca(step_ca_program, path, f"https://127.0.0.1:{port}") as running:
        yield running


def spend(ca: RunningCa, result: Result) -> int:
    """Ask for a certificate and return the CA's status."""
    return connect(ca).sign(make_csr(SUBJECT, [general_name(SUBJECT)]), result.token).status


@pytest.mark.parametrize(("kind", "form", "sealed"), FILES)
def test_key_file_alone_makes_a_token(
    ca: RunningCa, keys: KeyFolder, tmp_path: Path, kind: str, form: str, sealed: bool
) -> None:
    """With `--offline --issuer --kid --key --ca-url --root`, no step path is needed for a token that the CA takes."""
    words = [SUBJECT, "--offline", "--issuer", kind, "--kid", f"the key of {kind}", "--ca-url", ca.url]
    words += ["--root", str(ca.path / "certs" / "root_ca.crt"), "--key", keys.private(kind, form, sealed)]
    words += ["--provisioner-password-file", keys.password_file()] * sealed
    result = invoke("token", *words, environment={"STEPPATH": str(tmp_path)})
    assert result.header["kid"] == f"the key of {kind}"
    assert spend(ca, result) == 201


@pytest.mark.parametrize("mode", [(), ("--offline",)], ids=["online", "offline"])
@pytest.mark.parametrize("algorithm", RSA_ALGORITHMS)
def test_algorithm_of_the_key_is_kept(ca: RunningCa, keys: KeyFolder, algorithm: str, mode: tuple[str, ...]) -> None:
    """An RSA key signs by the algorithm that its JWK names, which the CA checks by the provisioner's."""
    words = [SUBJECT, "--issuer", algorithm, "--key", keys.rsa_jwk(algorithm), *mode]
    result = invoke("token", *words, environment={"STEPPATH": str(ca.path)})
    assert result.header == {"alg": algorithm, "kid": f"the key of {algorithm}", "typ": "JWT"}
    assert spend(ca, result) == 201


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=["256", "384", "512"])
def test_pss_salt_is_as_long_as_the_digest(ca: RunningCa, keys: KeyFolder, digest: hashes.HashAlgorithm) -> None:
    """A PS* signature has the salt length of RFC 7518, section 3.5, which step-ca does not check."""
    words = [SUBJECT, "--offline", "--issuer", "RSA", "--key", keys.rsa_jwk(f"PS{digest.digest_size * 8}")]
    token = invoke("token", *words, environment={"STEPPATH": str(ca.path)}).token
    signing_input, _, signature = token.rpartition(".")
    key = load_pem_private_key(Path(keys.private("RSA", "PKCS#8")).read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    key.public_key().verify(urlsafe_b64decode(signature + "=="), signing_input.encode(), pss, digest)


@pytest.mark.parametrize("mode", [(), ("--offline",)], ids=["online", "offline"])
@pytest.mark.parametrize("kind", KINDS)
def test_kid_chooses_the_provisioner(ca: RunningCa, keys: KeyFolder, kind: str, mode: tuple[str, ...]) -> None:
    """`--kid` finds one provisioner of many by its key, which signs from a PEM file."""
    words = [SUBJECT, "--kid", f"the key of {kind}", "--key", keys.private(kind, "PKCS#8"), *mode]
    result = invoke("token", *words, environment={"STEPPATH": str(ca.path)})
    assert result.claims["iss"] == kind
    assert spend(ca, result) == 201


def test_kid_may_be_left_to_the_thumbprint(ca: RunningCa, tmp_path: Path) -> None:
    """Without `--kid` and ca.json, the key's thumbprint is the kid, which is what step names its keys by."""
    provisioner = json.loads((ca.path / "config" / "ca.json").read_text())["authority"]["provisioners"][0]
    password = (ca.path / "secrets" / "password").read_bytes().strip()
    key = tmp_path / "provisioner.jwk"
    key.write_bytes(open_jwe(provisioner["encryptedKey"], password))
    words = [SUBJECT, "--offline", "--issuer", provisioner["name"], "--key", str(key), "--ca-url", ca.url]
    words += ["--root", str(ca.path / "certs" / "root_ca.crt")]
    result = invoke("token", *words, environment={"STEPPATH": str(tmp_path)})
    assert result.header["kid"] == provisioner["key"]["kid"]
    assert spend(ca, result) == 201


@pytest.mark.parametrize("mode", [(), ("--offline",)], ids=["online", "offline"])
def test_choice_is_among_all_provisioners(
    ca: RunningCa, keys: KeyFolder, mode: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal, all that may be the key's are named, on whatever page the CA lists them.

    The line that is printed of it has the first and the last ones.
    """
    words = ["token", SUBJECT, "--key", keys.private("P-256", "PKCS#8"), *mode]
    result = invoke(*words, environment={"STEPPATH": str(ca.path)})
    assert (result.status, result.out) == (2, "")
    assert " characters left out " in result.err
    monkeypatch.setenv("STEPPATH", str(ca.path))
    with pytest.raises(UsageError) as caught:
        run_words(words)
    listed = [f"{name} (JWK) [kid: {name}]" for name in MORE]
    listed += [f"{name} (JWK) [kid: the key of {name}]" for name in (*KINDS, *RSA_ALGORITHMS)]
    assert [label for label in listed if label not in str(caught.value)] == []


def test_provisioner_of_any_page_is_found_by_name(ca: RunningCa, keys: KeyFolder) -> None:
    """`--issuer` finds the first and the last that the CA lists."""
    for name in (MORE[0], MORE[-1]):
        words = [SUBJECT, "--issuer", name, "--key", keys.private("P-256", "PKCS#8")]
        assert spend(ca, invoke("token", *words, environment={"STEPPATH": str(ca.path)})) == 201


def test_algorithm_may_be_another_than_the_published(ca: RunningCa, keys: KeyFolder) -> None:
    """The CA takes an RSA signature by any algorithm, whatever the provisioner's public JWK says."""
    words = [SUBJECT, "--issuer", "RS256", "--key", keys.rsa_jwk("PS512")]
    assert spend(ca, invoke("token", *words, environment={"STEPPATH": str(ca.path)})) == 201
