"""The opener of keys in devices, in this process: forks, sessions and PINs that change behind its back."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pkcs11
import pytest

from adapters.jose.jws import make_signer, verify
from adapters.jose.key_objects import public_members
from adapters.keys import pkcs11_modules
from adapters.keys.pkcs11 import Pkcs11Keys
from adapters.keys.pkcs11_modules import find_token
from domain.errors import InputError, KeyMismatchError, StepOttError, WrongPasswordError
from domain.keys.jwk import PublicJwk, read_public_jwk
from domain.keys.pkcs11_uri import merge_pkcs11_uris, parse_pkcs11_uri
from domain.keys.source import DeviceKey
from tests.support.forked_child import CHILD_SECONDS, run_in_child
from tests.support.memory_ports import MemoryPasswords
from tests.support.peer_programs import REPOSITORY
from tests.support.softhsm import ALGORITHMS, KINDS, PIN, TOKEN, KeyInDevice, SoftHsm


def make_opener() -> Pkcs11Keys:
    """Return an opener that reads no files."""

    class NoFiles:
        def read(self, path: str, limit: int) -> bytes:
            raise AssertionError(f"nothing is to be read: {path}, {limit}")

    return Pkcs11Keys(NoFiles())


def locate(device: SoftHsm, key: KeyInDevice, published: PublicJwk | None = None) -> DeviceKey:
    """Return where the key is, without its PIN."""
    uri = merge_pkcs11_uris(parse_pkcs11_uri(device.uri("")), parse_pkcs11_uri(key.uri))
    return DeviceKey(uri, "--key", published)


@pytest.fixture(scope="module")
def key(softhsm: SoftHsm) -> KeyInDevice:
    """A P-256 key."""
    return softhsm.make("P-256")


KNOWN = MemoryPasswords([PIN.encode()])


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_holds_under_the_public_half_that_the_device_told(kind: str, softhsm: SoftHsm) -> None:
    """Public half and signature are right by another library, and the public half is the whole of what is shown."""
    key = softhsm.make(kind)
    signer = make_opener().open(locate(softhsm, key), KNOWN)
    assert signer.public.members == public_members(key.public)
    assert verify(key.public, ALGORITHMS[kind], b"message", signer.sign(b"message"))
    assert PIN not in repr(signer) + repr(vars(signer)) and "DeviceSigner(PublicJwk(" in repr(signer)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_an_rsa_key_signs_by_the_algorithm_that_is_published(algorithm: str, softhsm: SoftHsm) -> None:
    """RSA keys know several; the published JWK says which."""
    key = softhsm.make("RSA")
    published = read_public_jwk(public_members(key.public) | {"alg": algorithm})
    signer = make_opener().open(locate(softhsm, key, published), KNOWN)
    assert signer.public.algorithm == algorithm
    assert verify(key.public, algorithm, b"message", signer.sign(b"message"))


def test_a_forked_child_signs_too(softhsm: SoftHsm, key: KeyInDevice) -> None:
    """Parent and child both sign after a fork, and so does a child's child."""
    signer = make_opener().open(locate(softhsm, key), KNOWN)

    def sign() -> bool:
        return verify(key.public, "ES256", b"message", signer.sign(b"message"))

    assert sign()
    assert run_in_child(lambda: sign() and sign() and run_in_child(sign))
    assert sign()


def test_a_child_initialises_the_module_and_opens_a_session_of_its_own(softhsm: SoftHsm, key: KeyInDevice) -> None:
    """The session from before the fork is not used: the standard lets no module take it (PKCS#11 v2.40, 5.4)."""
    signer = make_opener().open(locate(softhsm, key), KNOWN)
    signer.sign(b"message")
    before, module = signer._login._session, pkcs11_modules._modules[softhsm.module]

    def sign() -> bool:
        loaded: list[str] = []

        def load(path: str) -> Any:
            loaded.append(path)
            raise pkcs11.PKCS11Error("it has survived the fork")

        with mock.patch.object(pkcs11_modules, "Module", load):
            signer.sign(b"message")
        return (
            signer._login._session is not before
            and loaded == [softhsm.module]
            and pkcs11_modules._modules[softhsm.module][0] == os.getpid()
        )

    assert run_in_child(sign)
    assert signer._login._session is before and pkcs11_modules._modules[softhsm.module] == module


FORKING = """
import os, sys
from tests.edges.test_pkcs11_keys import KNOWN, make_opener
from tests.support.forked_child import run_in_child
from domain.keys.source import DeviceKey
from domain.keys.pkcs11_uri import parse_pkcs11_uri
from pkcs11 import Mechanism, PKCS11Error

signer = make_opener().open(DeviceKey(parse_pkcs11_uri(sys.argv[1]), "--key"), KNOWN)
before = signer._login.private

def use_before():
    try:
        before.sign(bytes(32), mechanism=Mechanism.ECDSA)
    except PKCS11Error:
        return False
    return True

def sign():
    return len(signer.sign(b"message")) == 64

assert sign() and use_before()
assert not run_in_child(use_before), "the module is not strict"
assert run_in_child(lambda: sign() and sign() and run_in_child(sign))
assert sign() and use_before()
"""


def test_a_forked_child_signs_by_a_module_that_is_strict(softhsm: SoftHsm, key: KeyInDevice, tmp_path: Path) -> None:
    """Where a module knows nothing of the parent in a child, it is initialised anew, and the parent's is left alone."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here to build a strict module with")
    module, source = tmp_path / "strict.so", REPOSITORY / "tests" / "peers" / "strict_module.c"
    words = [compiler, "-shared", "-fPIC", "-o", str(module), f'-DSOFTHSM="{softhsm.module}"', str(source), "-ldl"]
    subprocess.run(words, check=True, timeout=CHILD_SECONDS)
    uri = f"pkcs11:module-path={module};token={TOKEN};{key.uri.removeprefix('pkcs11:')}"
    done = subprocess.run(
        [sys.executable, "-c", FORKING, uri],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], **softhsm.environment},
        capture_output=True,
        timeout=2 * CHILD_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_being_logged_out_behind_its_back_is_no_matter(softhsm: SoftHsm, key: KeyInDevice) -> None:
    """Another session of this process that logs out takes the token's login along; it is had anew."""
    with softhsm.session():
        signer = make_opener().open(locate(softhsm, key), KNOWN)
        assert signer.sign(b"message")
    assert verify(key.public, "ES256", b"message", signer.sign(b"message"))


def test_the_session_is_closed_with_the_signer(softhsm: SoftHsm, key: KeyInDevice) -> None:
    """Nobody stays logged in: a wrong PIN is told to be wrong again."""
    signer = make_opener().open(locate(softhsm, key), KNOWN)
    session = signer._login._session
    del signer
    with pytest.raises(pkcs11.PKCS11Error):
        session.generate_random(8)
    with pytest.raises(WrongPasswordError, match="is wrong"):
        make_opener().open(locate(softhsm, key), MemoryPasswords([b"4711"]))


def test_only_the_first_password_is_tried(softhsm: SoftHsm, key: KeyInDevice) -> None:
    """A second one would bring the device nearer to its lock."""
    with pytest.raises(WrongPasswordError, match="check it before the next try"):
        make_opener().open(locate(softhsm, key), MemoryPasswords([b"4711", PIN.encode()]))


def test_a_pin_that_was_changed_meanwhile_is_tried_once(softhsm: SoftHsm, key: KeyInDevice) -> None:
    """A signer that has to log in again and is refused does not try at the next signature."""
    signer = make_opener().open(locate(softhsm, key), KNOWN)
    login = signer._login
    login._session.close()
    login._pin = "4711"
    tries: list[str] = []

    def find(uri: Any) -> Any:
        token = find_token(uri)

        class Counted:
            label = token.label

            def open(self, user_pin: str) -> Any:
                tries.append(user_pin)
                return token.open(user_pin=user_pin)

        return Counted()

    with mock.patch("adapters.keys.pkcs11_login.find_token", find):
        for _ in range(3):
            with pytest.raises(WrongPasswordError, match="is wrong"):
                signer.sign(b"message")
    assert tries == ["4711"]


def test_a_signature_that_does_not_verify_never_leaves(softhsm: SoftHsm, key: KeyInDevice) -> None:
    """Whatever the device returns is checked by the public half."""
    signer = make_opener().open(locate(softhsm, key), KNOWN)
    with (
        mock.patch("adapters.keys.pkcs11.verify", return_value=False),
        pytest.raises(KeyMismatchError, match="does not verify with the public half"),
    ):
        signer.sign(b"message")


def test_a_pin_that_is_no_text_is_refused(softhsm: SoftHsm, key: KeyInDevice) -> None:
    """PKCS#11 has PINs in UTF-8."""
    with pytest.raises(WrongPasswordError, match="not UTF-8"):
        make_opener().open(locate(softhsm, key), MemoryPasswords([b"\xff"]))


FAILURES: list[tuple[type[Exception], type[StepOttError], str]] = [
    (pkcs11.exceptions.PinLocked, WrongPasswordError, "the token's PIN is locked"),
    (pkcs11.exceptions.PinExpired, WrongPasswordError, "the token's PIN has expired"),
    (pkcs11.exceptions.DeviceRemoved, InputError, "the device answers DeviceRemoved"),
    (pkcs11.exceptions.MechanismInvalid, StepOttError, "the token does not sign with ES256"),
    (pkcs11.exceptions.FunctionFailed, InputError, "the device answers FunctionFailed"),
]


@pytest.mark.parametrize(("failure", "kind", "said"), FAILURES, ids=lambda value: getattr(value, "__name__", ""))
def test_what_the_device_says_becomes_an_error_of_ours(
    failure: type[Exception], kind: type[StepOttError], said: str, softhsm: SoftHsm, key: KeyInDevice
) -> None:
    """The library's errors are translated at the edge, and name the option."""
    signer = make_opener().open(locate(softhsm, key), KNOWN)

    class Broken:
        def sign(self, *_: object, **__: object) -> bytes:
            raise failure

    signer._login.private = Broken()
    with pytest.raises(kind, match=said):
        signer.sign(b"message")


def test_a_key_in_a_file_and_one_in_a_device_are_signers_alike(softhsm: SoftHsm, key: KeyInDevice) -> None:
    """Both tell the same kind of public half."""
    from cryptography.hazmat.primitives.asymmetric import ec

    file = make_signer(ec.generate_private_key(ec.SECP256R1()))
    device = make_opener().open(locate(softhsm, key), KNOWN)
    assert file.public.algorithm == device.public.algorithm
    assert file.public.members.keys() == device.public.members.keys()
