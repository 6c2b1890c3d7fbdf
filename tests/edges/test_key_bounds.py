"""What a key file costs: read and judged before it is paid, and every fault of it in words."""

import json
import time
from pathlib import Path

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.jose.jws import JwsSigner, make_signer
from adapters.keys.jwk import load_jwk_key
from adapters.keys.pem import _WITHOUT_SSH_PRIMES, load_pem_key
from domain.errors import InputError, KeyFormatError, WrongPasswordError, translating
from domain.keys.jwk import read_public_jwk
from domain.keys.work import MAX_BCRYPT_ROUNDS, MAX_ITERATIONS
from tests.support import hostile_keys as hostile
from tests.support.foreign_keys import make_pem, run_program
from tests.support.hostile_keys import FILES, PASSWORD, RsaNumbers
from tests.support.measured_run import measure_run
from tests.support.offline_place import OfflinePlace, prepare_place

SECONDS = 3
"""Of the processor, a start of the interpreter among them: ten times what a refusal takes. The work that is refused
takes from twelve seconds to years."""

MEBIBYTES = 150
"""A start takes 50, the scrypt that is refused 4,096."""


@pytest.fixture
def place(tmp_path: Path) -> OfflinePlace:
    """A folder with what a token needs, but for the key."""
    return prepare_place(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_key_that_asks_for_too_much_is_refused_before_the_work(name: str, place: OfflinePlace) -> None:
    """One line that names the file and says why, in the time that a refusal takes."""
    make, reason = FILES[name]
    (place.path / "key.pem").write_bytes(make())
    (place.path / "password").write_bytes(PASSWORD)
    begin = time.process_time()
    result = place.mint("web", "--password-file", str(place.path / "password"))
    assert time.process_time() - begin < SECONDS
    assert (result.status, result.out) == (1, "") and result.err.count("\n") == 1, result.err
    assert reason in result.err and f"--key {place.path / 'key.pem'}" in result.err


@pytest.mark.parametrize(
    "name", ["2 to the 63rd iterations of PBKDF2", "4 GiB of scrypt", "a long scrypt", "RSA of 80000 bits in PKCS#1"]
)
def test_a_process_that_refuses_a_key_stays_small(name: str, place: OfflinePlace) -> None:
    """In a process of its own: its memory, its time, and one line alone, where a panic of Rust's would print more."""
    (place.path / "key.pem").write_bytes(FILES[name][0]())
    (place.path / "password").write_bytes(PASSWORD)
    password = ["--password-file", str(place.path / "password")]
    cost = measure_run("token", "web", *place.flags, *password, folder=place.path)
    assert (cost.status, cost.out, cost.err.count("\n")) == (1, "", 1), cost.err
    assert cost.processor_seconds < SECONDS
    assert cost.mebibytes < MEBIBYTES


WIDEST_SCRYPTS = [(2**15, 15, 2), (2**15, 8, 4), (2, 2**16, 2), (2, 1, 2**18 - 2), (2, 5 * 2**14, 1), (4, 2**15, 5)]
"""N, r and p on the edge of what is taken: long, wide, and with many lanes."""

MOST_MEBIBYTES = 110
"""A start takes 28, the bound itself is 64: 94 at the most were measured."""


@pytest.mark.parametrize("parameters", WIDEST_SCRYPTS)
def test_a_scrypt_that_is_taken_stays_within_its_memory(parameters: tuple[int, int, int], place: OfflinePlace) -> None:
    """The bound is of all that the library holds at once, whichever of N, r and p is large."""
    (place.path / "key.pem").write_bytes(hostile.seal(hostile.p256_pkcs8(), hostile.scrypt(*parameters)))
    (place.path / "password").write_bytes(PASSWORD)
    password = ["--password-file", str(place.path / "password")]
    cost = measure_run("token", "web", *place.flags, *password, folder=place.path)
    assert cost.status == 1 and "does not open" in cost.err, cost.err  # tried; the content has another key
    assert cost.mebibytes < MOST_MEBIBYTES


def test_what_is_within_the_bounds_opens() -> None:
    """The very same containers, with parameters that people use."""
    plain = hostile.p256_pkcs8()
    for derivation in (hostile.pbkdf2(1), hostile.pbkdf2(1, hostile.integer(32))):
        assert load_pem_key(hostile.seal(plain, derivation), PASSWORD)
    assert load_pem_key(hostile.sealed_ed25519(), PASSWORD)
    assert load_pem_key(hostile.p256_openssh(is_compressed=False), None)
    for pem in (hostile.wrap(hostile.rsa_pkcs8(hostile.sound_rsa())), hostile.rsa_openssh(hostile.sound_rsa())):
        assert make_signer(load_pem_key(pem, None)).public.algorithm == "RS256"
    for edge in (hostile.seal(plain, hostile.pbkdf2(MAX_ITERATIONS)), hostile.seal(plain, hostile.scrypt(2**15, 8, 4))):
        with pytest.raises(WrongPasswordError):  # it is tried; the content is under another key
            load_pem_key(edge, PASSWORD)


@pytest.mark.parametrize("iterations", [1, 2_048])
@pytest.mark.parametrize("password", ["correct horse", "пароль🔑", "p" * 100])
def test_an_old_encryption_of_openssl_opens(password: str, iterations: int) -> None:
    """PBE with SHA-1 and triple DES, whose derivation is our own."""
    pem = make_pem("P-256")
    words = ("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-iter", str(iterations), "-passout", f"pass:{password}")
    sealed = run_program("openssl", *words, stdin=pem)
    assert load_pem_key(sealed, password.encode()) and load_pem_key(sealed, None) is None
    with pytest.raises(WrongPasswordError):
        load_pem_key(sealed, b"\xff" + password.encode())


def test_an_openssh_key_of_many_rounds_is_asked_for_its_password() -> None:
    """As many as are taken: the container is looked at, and nothing derived without a password."""
    public = hostile.string(b"ssh-ed25519") + hostile.string(bytes(32))
    assert load_pem_key(hostile.openssh(public, bytes(160), MAX_BCRYPT_ROUNDS), None) is None


# -- RSA --------------------------------------------------------------------------------------------

WITHOUT_PRIMES = ["PKCS#1", "PKCS#8", "JWK", "sealed", *(["OpenSSH"] if _WITHOUT_SSH_PRIMES else [])]
"""The containers of whose keys no prime is tested; cryptography before 45 tests OpenSSH's, in some seconds."""


@pytest.mark.parametrize("container", WITHOUT_PRIMES)
def test_a_sound_rsa_key_of_8192_bits_opens_at_once(container: str) -> None:
    """Its primes are not tested, which takes seconds; its signature is."""
    begin = time.process_time()
    signer = make_signer(load_rsa(container, hostile.long_rsa()))
    assert time.process_time() - begin < SECONDS
    assert len(signer.sign(b"message")) == 1024


UNSOUND = {
    "another d": {"d": 2},
    "another dp": {"dp": 2},
    "another dq": {"dq": 2},
    "another qi": {"qi": 2},
    "another p": {"p": 2},
    "another q": {"q": 2},
    "another n": {"n": 2},
    "another e": {"e": 2},
    "an even n": {"n": 1},
}
"""Which bits of which number are turned."""


@pytest.mark.parametrize("container", ["PKCS#1", "PKCS#8", "OpenSSH", "JWK", "sealed"])
@pytest.mark.parametrize("change", UNSOUND)
def test_an_unsound_rsa_key_is_refused(change: str, container: str) -> None:
    """In every container; OpenSSH's has no `dp` and `dq`."""
    sound = hostile.sound_rsa()
    unsound = attrs.evolve(sound, **{name: getattr(sound, name) ^ bits for name, bits in UNSOUND[change].items()})
    if container == "OpenSSH" and change in ("another dp", "another dq"):
        return
    with pytest.raises(KeyFormatError, match=r"damaged|cannot be read|cannot sign") as caught:
        make_signer(load_rsa(container, unsound))
    assert str(sound.p)[:20] not in str(caught.value) and len(str(caught.value)) < 300


def load_rsa(container: str, key: RsaNumbers) -> object:
    """Return the key object of these numbers, read from a container."""
    if container == "JWK":
        return load_jwk_key(hostile.rsa_jwk(key))
    made = {
        "PKCS#1": lambda: hostile.write_block("RSA PRIVATE KEY", hostile.rsa_pkcs1(key)),
        "PKCS#8": lambda: hostile.wrap(hostile.rsa_pkcs8(key)),
        "OpenSSH": lambda: hostile.rsa_openssh(key),
        "sealed": lambda: hostile.seal(hostile.rsa_pkcs8(key)),
    }[container]()
    return load_pem_key(made, PASSWORD)


def find_composite(sound: RsaNumbers) -> RsaNumbers:
    """Return numbers that go together although one of the two primes is none."""
    p = sound.p + 2
    while True:
        n, totient = p * sound.q, (p - 1) * (sound.q - 1)
        try:
            d = pow(65537, -1, totient)
        except ValueError:
            p += 2
            continue
        return RsaNumbers(n, 65537, d, p, sound.q, d % (p - 1), d % (sound.q - 1), pow(sound.q, -1, p))


@pytest.mark.parametrize("container", WITHOUT_PRIMES)
def test_a_prime_that_is_none_shows_in_the_signature(container: str) -> None:
    """The numbers go together, and no signature holds: such a key never signs a token."""
    with pytest.raises(KeyFormatError, match=r"signature does not verify|RSA key of 2049 bits"):
        make_signer(load_rsa(container, find_composite(hostile.sound_rsa())))


@pytest.mark.parametrize("missing", [("dp", "dq", "qi"), ("dp",), ("qi",), ("dq", "qi")], ids=",".join)
def test_a_jwk_without_what_only_spares_arithmetic_is_completed(missing: tuple[str, ...]) -> None:
    """As the Go tool does; what is given must be right all the same."""
    whole = hostile.rsa_jwk(hostile.sound_rsa())
    jwk = {name: value for name, value in whole.items() if name not in missing}
    key = load_jwk_key(jwk)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    sound = hostile.sound_rsa()
    assert (numbers.dmp1, numbers.dmq1, numbers.iqmp) == (sound.dp, sound.dq, sound.qi)
    assert isinstance(make_signer(key), JwsSigner)


# -- The edge ---------------------------------------------------------------------------------------


class PanicException(BaseException):
    """Stands for pyo3's class of that name."""


@pytest.mark.parametrize("error", [ValueError, KeyError, NotImplementedError, MemoryError, PanicException])
def test_whatever_a_library_raises_becomes_an_error_of_ours(error: type[BaseException]) -> None:
    """A panic in Rust too, which is not an Exception."""
    with pytest.raises(InputError, match="in words"), translating(lambda _: InputError("in words")):
        raise error("x")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_program_passes(error: type[BaseException]) -> None:
    """So that Ctrl-C is answered within a library, too."""
    with pytest.raises(error), translating(lambda _: InputError("in words")):
        raise error


def test_an_error_of_ours_passes_as_it_is() -> None:
    """It says more than what the edge could say."""
    with pytest.raises(WrongPasswordError, match="mine"), translating(lambda _: InputError("in words")):
        raise WrongPasswordError("mine")


@given(st.data())
@settings(max_examples=200)
def test_no_damage_to_a_hostile_file_escapes(data: st.DataObject) -> None:
    """Bytes changed within the container give a key, the wish for a password, or one of our errors."""
    name = data.draw(st.sampled_from(["1,000,001 iterations of PBKDF2", "a compressed point in OpenSSH",
                                      "DH of 10000 bits", "RSA of 8676 bits in PKCS#1", "10,000 rounds of bcrypt",
                                      "4 GiB of scrypt", "a curve of its own"]))  # fmt: skip
    damaged = bytearray(FILES[name][0]())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, min(len(damaged), 400) - 1))] = data.draw(st.integers(0, 255))
    for password in (None, b""):  # no password is tried: what is within the bounds after the damage may take long
        try:
            load_pem_key(bytes(damaged), password)
        except InputError:
            continue


EXPONENTS = {
    1: "below 3",
    2: "even",
    65536: "even",
    2**31: "even",
    2**31 + 1: "over 2147483647",
    2**64 + 1: "over 2147483647",
}
"""Public exponents by which Go verifies nothing (Go, crypto/internal/fips140/rsa, checkPublicKey), and why."""


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("container", ["PKCS#1", "PKCS#8", "OpenSSH", "JWK"])
def test_an_rsa_exponent_that_the_ca_refuses_is_refused(container: str, exponent: int) -> None:
    """In words and before anything is signed, whatever the key is in."""
    key = attrs.evolve(hostile.sound_rsa(), e=exponent)
    pem = {
        "PKCS#1": hostile.write_block("RSA PRIVATE KEY", hostile.rsa_pkcs1(key)),
        "PKCS#8": hostile.wrap(hostile.rsa_pkcs8(key)),
        "OpenSSH": hostile.rsa_openssh(key),
        "JWK": hostile.jwk(hostile.rsa_jwk(key)),
    }[container]
    with pytest.raises(KeyFormatError, match=f"public exponent is {EXPONENTS[exponent]}"):
        load_jwk_key(json.loads(pem)) if container == "JWK" else load_pem_key(pem, None)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_a_public_rsa_exponent_is_judged_likewise(exponent: int) -> None:
    """Where a public key is read, such as a provisioner's or one that verifies a token."""
    members = hostile.rsa_jwk(attrs.evolve(hostile.sound_rsa(), e=exponent))
    with pytest.raises(ValueError, match=f"public exponent is {EXPONENTS[exponent]}"):
        read_public_jwk({name: members[name] for name in ("kty", "n", "e")})


@pytest.mark.parametrize("exponent", [3, 17, 65537, 2**31 - 1])
def test_any_rsa_exponent_that_the_ca_takes_is_taken(exponent: int) -> None:
    """Up to Go's own bound."""
    members = hostile.rsa_jwk(attrs.evolve(hostile.sound_rsa(), e=exponent))
    assert read_public_jwk({name: members[name] for name in ("kty", "n", "e")}).algorithm == "RS256"
