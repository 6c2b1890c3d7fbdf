"""Fuzz targets: tokens that are inspected, verified, taken apart or handed on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from domain.ca_rules.endpoint import Endpoint
from domain.formats import base64url
from domain.token.compact_jws import read_token
from tests.fuzz.mutation import encode_json, near_bytes, near_text, near_value
from tests.fuzz.place import Place, open_place
from tests.fuzz.target import Run, Target, parser, run_command
from tests.support.forged_tokens import Forge, Forged

HEADER = {"alg": "ES256", "kid": "k", "typ": "JWT", "x5c": ["AAAA"], "crit": ["b64"], "b64": True}
CLAIMS = {"aud": ["https://ca.test/1.0/sign#x5c/me"], "iss": "me", "sub": "a", "iat": 1, "nbf": 1, "exp": 4_000_000_000,
          "sans": ["a"], "sha": "ab" * 32, "cnf": {"x5rt#S256": "A" * 43}, "user": {"a": 1}, "jti": "1", "nonce": "n",
          "step": {"ssh": {"certType": "host", "principals": ["a"], "keyID": "a", "validAfter": "5m"}, "ra": {}},
          "kubernetes.io/serviceaccount/service-account.name": "web", "email": "a@b.test",
          "amazon": {"document": "e30=", "signature": "AA=="}, "google": {"compute_engine": {"zone": "a"}}}  # fmt: skip


def write_parts(random: Random, header: object, claims: object) -> str:
    """Write header and claims, one or both changed, as the beginning of a compact JWS."""
    first, second = random.choice([(2, 0), (0, 2), (1, 1), (0, 0)])
    parts = near_value(lambda _: header, first)(random), near_value(lambda _: claims, second)(random)
    return ".".join(base64url.encode(encode_json(part)) for part in parts)


def make_jws(random: Random) -> str:
    """Make a token that nobody signed."""
    text = f"{write_parts(random, HEADER, CLAIMS)}.{base64url.encode(random.randbytes(64))}"
    return near_text(lambda _: text, 2)(random) if random.random() < 0.3 else text


Make = Callable[[Forge, Endpoint], Forged]
MAKES: list[Make] = [
    Forge.make_jwk, Forge.make_jwk, Forge.make_x5c, Forge.make_sshpop, Forge.make_kubernetes,
    lambda forge, _: forge.make_renewal(),
]  # fmt: skip
"""What makes sound tokens of each type."""


def make_signed(forge: Forge, random: Random) -> tuple[str, Endpoint]:
    """Make a token that is changed before it is signed, and the endpoint that it is shown to."""
    endpoint = random.choice(list(Endpoint))
    forged = random.choice(MAKES)(forge, endpoint)
    text = write_parts(random, dict(forged.header), dict(forged.claims))
    token = f"{text}.{base64url.encode(forged.signer.sign(text.encode()))}"
    return near_text(lambda _: token, 1)(random) if random.random() < 0.1 else token, forged.endpoint


@contextmanager
def open_inspect() -> Iterator[Run]:
    """Inspect tokens, signed and unsigned, from standard input."""
    with open_place() as place:
        forge = place.forge()

        def run(number: int) -> object:
            random = Random(number)
            token = make_jws(random) if random.random() < 0.5 else make_signed(forge, random)[0]
            data = near_bytes(lambda _: token.encode("utf-8", "surrogatepass"), random.choice([0, 0, 1]))(random)
            form = random.choice(["json", "text"])
            return run_command(["inspect", "-", "--format", form], place.environment, data)

        yield run


@contextmanager
def open_verify() -> Iterator[Run]:
    """Foretell what the CA says to tokens that its provisioners signed."""
    with open_place() as place:
        forge = place.forge()

        def run(number: int) -> object:
            random = Random(number)
            token, endpoint = make_signed(forge, random)
            form = random.choice(["json", "text"])
            words = ["verify", "-", "--offline", "--for", endpoint.value, "--format", form]
            return run_command(words, place.environment, token.encode("utf-8", "surrogatepass"), reports=True)

        yield run


@contextmanager
def open_kubernetes() -> Iterator[Run]:
    """Hand on what Kubernetes puts into a pod."""
    with open_place() as place:

        def run(number: int) -> object:
            random = Random(number)
            text = make_jws(random) if random.random() < 0.3 else _make_kubernetes(place, random)
            place.write("token", near_bytes(lambda _: text.encode("utf-8", "surrogatepass"), 1)(random))
            words = ["token", "web", "--offline", "--provisioner", "kubernetes", "--k8ssa-token-path", "token"]
            return run_command(words, place.environment)

        yield run


def _make_kubernetes(place: Place, random: Random) -> str:
    forged = place.forge().make_kubernetes(Endpoint.SIGN)
    text = write_parts(random, dict(forged.header), dict(forged.claims))
    return f"{text}.{base64url.encode(forged.signer.sign(text.encode()))}"


def number(random: Random) -> int:
    """Make a number that the rest follows from, once there are keys to sign by."""
    return random.getrandbits(64)


TARGETS: list[Target] = [
    parser("compact-jws", make_jws, read_token),
    Target("inspect", number, open_inspect),
    Target("verify", number, open_verify),
    Target("kubernetes", number, open_kubernetes),
]
