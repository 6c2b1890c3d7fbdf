"""Keys in a device: their tokens on the real step-ca, what is refused, and that no PIN shows anywhere."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute

from adapters.jose.key_objects import public_members, read_public
from domain.keys.jwk import read_public_jwk
from tests.support.both_tools import text_of, without_changing_values
from tests.support.ca_client import connect, general_name, make_csr, names_of
from tests.support.peer_programs import find_program
from tests.support.provisioned_ca import ProvisionedCa, issue_leaf, serve_provisioned
from tests.support.pseudo_terminal import run_cli_on_terminal
from tests.support.running import Result, execute, run_step
from tests.support.softhsm import ALGORITHMS, KINDS, PIN, PIN_ENCODED, KeyInDevice, SoftHsm

NAME, JWK = "web.test", "sandbox@example.com"
PSS = "RSA, PSS"
OTHER_KINDS = ("awskms", "azurekms", "capi", "cloudkms", "kms", "mackms", "softkms", "sshagentkms", "tpmkms", "yubikey")


@attrs.frozen
class Place:
    """A CA whose JWK provisioners are named by the kinds of the keys in the device that they publish."""

    device: SoftHsm
    ca: ProvisionedCa
    keys: dict[str, KeyInDevice]

    def run(self, *words: str, **environment: str) -> Result:
        """Run `token` in a process of its own that finds CA and device, and check that no PIN shows."""
        result = execute("token", *words, environment=self.device.environment | self.ca.environment | environment)
        assert PIN not in result.out + result.err and PIN_ENCODED not in result.out + result.err
        return result

    def hold(self, folder: Path, key: KeyInDevice, *, is_renewal: bool = False) -> list[str]:
        """Write a leaf for a key in the device; return the flags that name the two."""
        extension = self.ca.provisioner_extension(JWK) if is_renewal else None
        leaf = issue_leaf(self.ca.issuer, self.ca.issuer_key, key, NAME, extension=extension)
        issuer = self.ca.issuer if is_renewal else None
        pems = [certificate.public_bytes(Encoding.PEM) for certificate in (leaf, issuer) if certificate is not None]
        (folder / "leaf.crt").write_bytes(b"".join(pems))
        return ["--x5c-cert", str(folder / "leaf.crt"), *self.device.flags(key, "--x5c-key")]

    def takes(self, result: Result) -> bool:
        """Return whether the CA signs a CSR by the token."""
        answer = connect(self.ca.ca).sign(make_csr(NAME, [general_name(NAME)]), result.token)
        return names_of(answer.certificate) == [general_name(NAME)]


@pytest.fixture(scope="module")
def place(softhsm: SoftHsm, step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The CA and the device."""
    keys = {kind: softhsm.make(kind) for kind in KINDS}
    keys[PSS] = softhsm.make("RSA")

    def publish(config: dict[str, Any]) -> None:
        for name, key in keys.items():
            members = public_members(key.public) | ({"alg": "PS384"} if name == PSS else {})
            kid = read_public_jwk(members).thumbprint()
            provisioner = {"type": "JWK", "name": name, "key": members | {"kid": kid, "use": "sig"}}
            config["authority"]["provisioners"].append(provisioner)

    with serve_provisioned(step_ca_program, tmp_path_factory.mktemp("pkcs11") / "step", publish) as ca:
        yield Place(softhsm, ca, keys)


# -- Tokens that the CA takes -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, PSS])
def test_a_jwk_provisioners_key_in_the_device_signs(kind: str, place: Place) -> None:
    """With `--kms` and `--key` as step's users write them, the CA takes the token by the key that it publishes."""
    key = place.keys[kind]
    result = place.run(NAME, "--provisioner", kind, *place.device.flags(key))
    assert place.takes(result)
    algorithm = "PS384" if kind == PSS else ALGORITHMS[kind]
    thumbprint = read_public(key.public).thumbprint()
    assert result.header == {"alg": algorithm, "kid": thumbprint, "typ": "JWT"}
    assert "warning" not in result.err


@pytest.mark.parametrize("kind", KINDS)
def test_a_leafs_key_in_the_device_signs(kind: str, place: Place, tmp_path: Path) -> None:
    """An X5C token's `kid` is the key's thumbprint, and no URI stands in it."""
    result = place.run(NAME, *place.hold(tmp_path, place.keys[kind]))
    assert place.takes(result)
    assert result.header["kid"] == read_public(place.keys[kind].public).thumbprint()
    assert "pkcs11" not in str(result.header) + str(result.claims)


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_whose_key_is_in_the_device_is_renewed(kind: str, place: Place, tmp_path: Path) -> None:
    """The CA renews it by a token that the device has signed."""
    result = place.run("--renew", *place.hold(tmp_path, place.keys[kind], is_renewal=True))
    answer = connect(place.ca.ca).post("/1.0/renew", bearer=result.token)
    assert answer.certificate.public_key() == place.keys[kind].public


@pytest.mark.parametrize("workers", ["1", "2"])
def test_workers_sign_a_batch_by_the_device(workers: str, place: Place) -> None:
    """Each is a fork that logs in to the device anew; the PIN shows nowhere, and the CA takes what each has signed."""
    words = ["batch", "--provisioner", "P-256", "--workers", workers, *place.device.flags(place.keys["P-256"])]
    lines = f"{NAME}\n".encode() * 40
    result = execute(*words, environment=place.device.environment | place.ca.environment, stdin=lines)
    assert result.status == 0 and PIN not in result.out + result.err, result.err
    rows = [json.loads(row) for row in result.out.splitlines()]
    assert [row["line"] for row in rows] == list(range(1, 41))
    for index in (0, 39):
        assert place.takes(Result(0, f"{rows[index]['token']}\n", ""))


def test_one_uri_says_all(place: Place) -> None:
    """`--key` alone does, with everything in it, in RFC 7512's own spelling, however offline."""
    key = place.keys["P-256"]
    token = place.device.uri("").removeprefix("pkcs11:")
    identifier = "".join(f"%{byte:02x}" for byte in key.identifier)
    uri = f"pkcs11:{token};id={identifier};type=private?pin-source=file://{place.device.pin_file}"
    assert place.takes(place.run(NAME, "--provisioner", "P-256", "--offline", "--key", uri))


@pytest.mark.parametrize("way", ["pin-value", "password file", "environment"])
def test_a_pin_comes_from_wherever_it_is(way: str, place: Place) -> None:
    """The PIN is in the URI, which is warned of on the command line, or in the password file, or in STEP_KMS."""
    key = place.keys["P-256"]
    words = [NAME, "--provisioner", "P-256", "--key", key.uri]
    uri = place.device.uri(f"?pin-value={PIN_ENCODED}" if way != "password file" else "")
    if way == "environment":
        result = place.run(*words, STEP_KMS=uri)
    else:
        more = ["--password-file", str(place.device.pin_file)] if way == "password file" else []
        result = place.run(*words, "--kms", uri, *more)
    assert place.takes(result)
    warned = "the PIN in --kms is visible in the list of processes; put it into a file for pin-source"
    assert (warned in result.err) is (way == "pin-value")


def test_a_pin_is_asked_for_where_there_is_none(place: Place) -> None:
    """Without a terminal and without a file the error says how to give it."""
    result = place.run(NAME, "--provisioner", "P-256", *place.device.flags(place.keys["P-256"], query=""))
    assert (result.status, result.out) == (2, "") and "--password-file" in result.err, result.err
    assert "the PIN of token" in result.err and "pin-source" in result.err


def test_a_person_is_asked_for_the_pin_once(place: Place) -> None:
    """The prompt names the token; a wrong PIN is not asked for again."""
    words = ["token", NAME, "--provisioner", "P-256", *place.device.flags(place.keys["P-256"], query="")]
    environment = place.device.environment | place.ca.environment
    for typed in (PIN, "4711"):
        with run_cli_on_terminal(*words, environment=environment) as session:
            session.wait_for("Please enter the PIN of token 'smallstep': ")
            session.type(typed.encode() + b"\r")
            result = session.finish()
        assert typed not in session.shown + result.out + result.err
        if typed == PIN:
            assert place.takes(result)
        else:
            assert (result.status, result.out) == (1, "") and "the PIN of token 'smallstep' is wrong" in result.err


def test_a_password_file_beside_a_pin_is_told_to_be_unused(place: Place) -> None:
    """No flag is without effect in silence."""
    words = ["--provisioner", "P-256", "--password-file", "/nonexistent"]
    result = place.run(NAME, *words, *place.device.flags(place.keys["P-256"]))
    assert place.takes(result)
    assert "--password-file is not used: the PIN does not come from it" in result.err


def test_the_device_may_stand_in_the_configuration(place: Place, tmp_path: Path) -> None:
    """`defaults.json` says where it is, as it says where the CA is, and the command line which key."""
    for folder in ("certs", "config"):
        (tmp_path / folder).mkdir()
    (tmp_path / "certs" / "root_ca.crt").write_bytes((place.ca.ca.path / "certs" / "root_ca.crt").read_bytes())
    defaults = {"ca-url": place.ca.ca.url, "kms": place.device.uri(), "provisioner": "P-256"}
    (tmp_path / "config" / "defaults.json").write_text(json.dumps(defaults))
    assert place.takes(place.run(NAME, "--key", place.keys["P-256"].uri, STEPPATH=str(tmp_path)))


def test_a_provisioners_usual_password_is_no_pin(place: Place, tmp_path: Path) -> None:
    """What the environment or defaults.json name as the password file is never tried at the device."""
    (tmp_path / "password").write_text("4711")
    flags = place.device.flags(place.keys["P-256"], query="")
    result = place.run(NAME, "--provisioner", "P-256", *flags, STEP_PASSWORD_FILE=str(tmp_path / "password"))
    assert (result.status, result.out) == (2, "") and "no terminal" in result.err


# -- Where the public half comes from ---------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_private_half_alone_does(kind: str, place: Place, tmp_path: Path) -> None:
    """A device without the public key has it of the leaf, or of the private key itself where that is RSA."""
    key = place.device.make(kind, has_public=False)
    assert place.takes(place.run(NAME, *place.hold(tmp_path, key)))


def test_a_certificate_in_the_device_tells_the_public_half(place: Place, tmp_path: Path) -> None:
    """Where nothing else does: with `--offline` and no ca.json nothing publishes the key."""
    key = place.device.make("P-384", has_public=False)
    root = str(place.ca.ca.path / "certs" / "root_ca.crt")
    words = [NAME, "--offline", "--issuer", "me", "--ca-url", "ca.test", "--root", root, *place.device.flags(key)]
    bare = place.run(*words, STEPPATH=str(tmp_path))
    assert (bare.status, bare.out) == (1, "") and "the device has only its private half" in bare.err
    leaf = issue_leaf(place.ca.issuer, place.ca.issuer_key, key, NAME)
    place.device.store_certificate(leaf.public_bytes(Encoding.DER), key.identifier)
    assert place.run(*words, STEPPATH=str(tmp_path)).header["kid"] == read_public(key.public).thumbprint()


@pytest.mark.parametrize("kind", ["P-256", "RSA"])
def test_another_keys_certificate_is_found_out(kind: str, place: Place, tmp_path: Path) -> None:
    """A leaf of another key is refused, whether the device has the public half or its signature alone tells."""
    other = place.hold(tmp_path, place.keys[kind])[:2]
    known, hidden = place.device.make(kind), place.device.make(kind, has_public=False)
    for key in (known, hidden):
        result = place.run(NAME, *other, *place.device.flags(key, "--x5c-key"))
        assert (result.status, result.out) == (1, "")
        assert "is not the key of --x5c-cert" in result.err or "does not verify with the public half" in result.err


def test_a_key_of_another_provisioner_is_refused(place: Place) -> None:
    """The published key counts, as for keys in files."""
    result = place.run(NAME, "--provisioner", "P-256", *place.device.flags(place.keys["P-384"]))
    assert (result.status, result.out) == (1, "")
    assert "--key is not the key of provisioner P-256" in result.err


def test_a_key_that_wants_the_pin_each_time_gets_it(place: Place, tmp_path: Path) -> None:
    """CKA_ALWAYS_AUTHENTICATE is honoured."""
    key = place.device.make("RSA", template={Attribute.ALWAYS_AUTHENTICATE: True})
    assert place.takes(place.run(NAME, *place.hold(tmp_path, key)))


# -- What is not there ------------------------------------------------------------------------------


def test_what_is_not_there_is_named_with_what_is(place: Place) -> None:
    """Module, token and key each: the error names what was asked for, and what there is."""
    key = place.keys["P-256"]
    asked = {
        "PKCS#11 module /nonexistent.so cannot be loaded": ("pkcs11:module-path=/nonexistent.so;token=t", key.uri),
        "there is no such token: the module has 'smallstep' (serial ": (place.device.uri(token="nope"), key.uri),
        f"object={key.label};id=%01": (place.device.uri(), "pkcs11:object=nope"),
        "there is no such private key": (place.device.uri(), f"pkcs11:object={key.label};id=ff"),
    }
    for said, (kms, uri) in asked.items():
        result = place.run(NAME, "--provisioner", "P-256", "--kms", kms, "--key", uri)
        assert (result.status, result.out) == (1, "")
        assert result.err.startswith("step-ott: --key pkcs11:") and said in result.err, result.err


def test_several_keys_that_match_are_named(place: Place) -> None:
    """One label for two keys is told apart by the identifier."""
    one, two = (place.device.make("P-256", "twin") for _ in range(2))
    result = place.run(NAME, "--provisioner", "P-256", "--kms", place.device.uri(), "--key", "pkcs11:object=twin")
    assert (result.status, result.out) == (1, "")
    assert "several private keys match" in result.err
    for key in (one, two):
        assert "".join(f"%{byte:02X}" for byte in key.identifier) in result.err


def test_a_wrong_pin_is_tried_once(place: Place, tmp_path: Path) -> None:
    """The error names the token and warns of its lock."""
    (tmp_path / "pin").write_text("4711")
    flags = place.device.flags(place.keys["P-256"], query=f"?pin-source={tmp_path / 'pin'}")
    result = place.run(NAME, "--provisioner", "P-256", *flags)
    assert (result.status, result.out) == (1, "")
    assert "the PIN of token 'smallstep' is wrong" in result.err and "lock" in result.err


def test_a_pin_file_that_is_not_there_or_empty_is_named(place: Place, tmp_path: Path) -> None:
    """As for password files."""
    (tmp_path / "empty").write_text("\n")
    for name in ("empty", "nothing"):
        flags = place.device.flags(place.keys["P-256"], query=f"?pin-source={tmp_path / name}")
        result = place.run(NAME, "--provisioner", "P-256", *flags)
        assert (result.status, result.out) == (1, "") and str(tmp_path / name) in result.err


# -- What is refused before anything is touched -----------------------------------------------------


def refuse(*words: str, **environment: str) -> str:
    """Return what stderr says of a command line that is refused."""
    result = execute("token", NAME, *words, environment={"STEPPATH": "/nonexistent", **environment})
    assert (result.status, result.out) == (2, "") and result.err.count("\n") == 1, result
    assert "SECRET" not in result.err
    return result.err


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_another_kind_of_kms_is_refused_with_the_ones_there_are(kind: str) -> None:
    """In `--kms` and in the keys' own options, whatever stands behind the colon."""
    key = ["--key", "pkcs11:object=a"]
    for words in (
        ["--kms", f"{kind}:pin-value=SECRET", *key], ["--key", f"{kind.upper()}:slot-id=9a?pin-value=SECRET"],
        ["--x5c-cert", "c", "--x5c-key", f"{kind}:a"],
    ):  # fmt: skip
        error = refuse(*words)
        assert f"a KMS of type {kind}: step-ott has pkcs11" in error


PKCS11 = "pkcs11:token=t;object=o"
REFUSALS = {
    "--kms needs --key or --x5c-key": ["--kms", "pkcs11:token=t?pin-value=SECRET"],
    "--kms is given, but --key names a file": ["--kms", "pkcs11:token=t?pin-value=SECRET", "--key", "a.pem"],
    "--key names no key": ["--kms", "pkcs11:token=t", "--key", "pkcs11:pin-value=SECRET"],
    "--key names no token": ["--key", "pkcs11:object=o?pin-value=SECRET"],
    "--kms and --key do not go together: they have different values of token":
        ["--kms", "pkcs11:token=SECRET", "--key", PKCS11],
    "--kms and --key do not go together: one has pin-value and the other pin-source":
        ["--kms", "pkcs11:token=t?pin-value=SECRET", "--key", f"{PKCS11}?pin-source=/p"],
    "pin-source of --key is not a file": ["--key", f"{PKCS11}?pin-source=%7CSECRET"],
    "--sshpop-key takes a file, not a key in a device: only --key and --x5c-key":
        ["--ssh", "--renew", "--sshpop-cert", "c", "--sshpop-key", f"{PKCS11}?pin-value=SECRET"],
    "--x5c-cert takes a file": ["--x5c-cert", f"{PKCS11}?pin-value=SECRET", "--x5c-key", PKCS11],
    "--x5c-chain takes a file": ["--x5c-cert", "c", "--x5c-key", PKCS11, "--x5c-chain", f"{PKCS11}?pin-value=SECRET"],
    "--key is not a PKCS#11 URI that can be used: pin-value appears twice":
        ["--key", f"{PKCS11}?pin-value=SECRET&pin-value=SECRET"],
    "there is more than one subject": [f"{PKCS11}?pin-value=SECRET"],
    "--ca-url": ["--ca-url", f"{PKCS11}?pin-value=SECRET"],
}  # fmt: skip


@pytest.mark.parametrize("said", REFUSALS)
def test_what_does_not_go_together_is_refused_without_the_pin(said: str) -> None:
    """The error names the options; the PIN stands in no error, not even in that of a word in the wrong place."""
    assert said in refuse(*REFUSALS[said])


def test_a_kms_in_the_environment_is_for_whoever_uses_it(place: Place) -> None:
    """It is a place, not a request: without a key of the device it has no effect, and is not an error."""
    assert place.takes(place.run(NAME, "--provisioner", JWK, "--offline", STEP_KMS="pkcs11:token=t"))


def test_without_the_extra_the_error_says_how_to_get_it(tmp_path: Path, sandbox: dict[str, str]) -> None:
    """The library is not part of the plain installation."""
    (tmp_path / "pkcs11").mkdir()
    (tmp_path / "pkcs11" / "__init__.py").write_text("raise ImportError('not installed')")
    environment = sandbox | {"PYTHONPATH": str(tmp_path)}
    result = execute("token", NAME, "--offline", "--key", PKCS11, environment=environment)
    assert (result.status, result.out) == (2, "")
    assert f"{sys.executable} -m pip install python-pkcs11" in result.err


# -- Doctor -----------------------------------------------------------------------------------------


def test_doctor_opens_the_key_and_looks_at_the_pins_file(place: Place) -> None:
    """Who may read the PIN is told as for any secret; the URI is not taken for a file."""
    place.device.pin_file.chmod(0o644)
    flags = place.device.flags(place.keys["P-256"])
    environment = place.device.environment | place.ca.environment
    result = execute("doctor", "--provisioner", "P-256", *flags, environment=environment)
    assert "it opens, and is the right one for P-256" in result.out
    assert str(place.device.pin_file) in result.out and "is not there" not in result.out
    assert PIN not in result.out + result.err


# -- The real step ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ask_step(place: Place, step_program: str) -> Callable[..., Result]:
    """Put words to the real step CLI, with Smallstep's own PKCS#11 library behind its `--kms`."""
    plugin = find_program("step-kms-plugin")
    if plugin is None:
        pytest.skip("no step-kms-plugin here: install Go and a C compiler, and run 'make peers'")
    path = os.pathsep.join([str(Path(plugin).parent), os.environ["PATH"]])
    home = {"HOME": place.ca.environment["STEPPATH"], "PATH": path}
    environment = place.device.environment | place.ca.environment | home
    return lambda *words: run_step(step_program, "ca", "token", *words, environment=environment)


def compare(go: Result, ours: Result) -> tuple[str, str]:
    """Return the `kid` of each of two tokens that are alike but for it, and for what changes from run to run."""
    headers = [dict(result.header) for result in (go, ours)]
    kids = [str(header.pop("kid")) for header in headers]
    assert headers[0] == headers[1]
    claims = [without_changing_values(text_of(result, 1)) for result in (go, ours)]
    assert claims[0].replace(',"user":{}}', "}") == claims[1]
    return kids[0], kids[1]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Ed25519"])
def test_step_makes_the_same_token(kind: str, place: Place, ask_step: Callable[..., Result], tmp_path: Path) -> None:
    """For the same words; but step's `kid` of an X5C token is the URI. Its library knows no Ed25519."""
    key = place.keys[kind]
    words = ["--provisioner", kind, *place.device.flags(key), NAME]
    kids = compare(ask_step(*words), place.run(*words))
    assert kids[0] == kids[1]
    words = [*place.hold(tmp_path, key), NAME]
    assert compare(ask_step(*words), place.run(*words)) == (key.uri, read_public(key.public).thumbprint())


@pytest.mark.parametrize(
    "spelling", ["{hex}", "0x{hex}", "{colons}", "%{percent}", "{hex};object={label}", ";object={label}", "+"]
)
def test_step_reads_the_uri_alike(spelling: str, place: Place, ask_step: Callable[..., Result]) -> None:
    """Every way to name the key, and the token by its serial number, that step's library takes."""
    key = place.keys["P-384"]
    pairs = [f"{byte:02x}" for byte in key.identifier]
    names = {"hex": "".join(pairs), "colons": ":".join(pairs), "percent": "%".join(pairs), "label": key.label}
    uri = f"pkcs11:id={spelling.format(**names)}".replace("id=;", "")
    kms = place.device.uri()
    if spelling == "+":
        kms, uri = kms.replace("token=smallstep", f"serial={place.device.serial()}"), key.uri
    words = ["--provisioner", "P-384", "--kms", kms, "--key", uri, NAME]
    kids = compare(ask_step(*words), place.run(*words))
    assert kids[0] == kids[1]


def test_step_takes_a_uri_that_says_all(place: Place, ask_step: Callable[..., Result], tmp_path: Path) -> None:
    """Without `--kms`, as step-ott; but a PIN in it stands in step's X5C token, and in no token of step-ott's."""
    key = place.keys["P-256"]
    alone = f"{place.device.uri('')};{key.uri.removeprefix('pkcs11:')}?pin-value={PIN_ENCODED}"
    words = [*place.hold(tmp_path, key)[:2], "--x5c-key", alone, NAME]
    kids = compare(ask_step(*words), place.run(*words))
    assert PIN_ENCODED in kids[0] and kids[1] == read_public(key.public).thumbprint()


def test_step_reads_some_uris_in_another_way(place: Place, ask_step: Callable[..., Result]) -> None:
    """It drops what it has no use for, where step-ott says no."""
    key = place.keys["P-256"]
    words = ["--provisioner", "P-256", NAME]
    vendor = ["--kms", place.device.uri().replace(";token", ";x-vendor=1;token"), "--key", key.uri, *words]
    assert ask_step(*vendor).status == 0
    assert "does not know the attribute 'x-vendor'" in place.run(*vendor).err
