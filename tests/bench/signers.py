"""Others that sign: a process that signs as many tokens as it is told, by one library, and prints the seconds.

It is run by the benchmark: `python tests/bench/signers.py LIBRARY COUNT KEY`. Each token has the claims
that `batch` gives it, with a time and an identifier of its own; `bare` signs one message of the same
length over and over.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

WARM_UP = 200
KID = "AgODy7Accgr2-Fl7u6sX4ECI7U8R8-wfGt-CQ9kp-E0"
HEADER = {"alg": "ES256", "kid": KID, "typ": "JWT"}


def make_claims(number: int) -> dict[str, Any]:
    """Return the claims of the token for a line."""
    now, subject = int(time.time()), f"host{number:07}.example.com"
    return {
        "aud": "https://ca.example.com/1.0/sign",
        "exp": now + 300,
        "iat": now,
        "iss": "me",
        "jti": secrets.token_hex(32),
        "nbf": now,
        "sans": [subject],
        "sha": "0" * 64,
        "sub": subject,
    }


def open_bare(pem: bytes) -> Callable[[int], object]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key, algorithm = load_pem_private_key(pem, None), ec.ECDSA(SHA256())
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    sizes = [len(json.dumps(part, separators=(",", ":"))) for part in (HEADER, make_claims(0))]
    message = b"a" * (sum(-(-size * 4 // 3) for size in sizes) + 1)
    return lambda _: key.sign(message, algorithm)


def open_pyjwt(pem: bytes) -> Callable[[int], object]:
    import jwt
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem, None)
    return lambda number: jwt.encode(make_claims(number), key, algorithm="ES256", headers={"kid": KID})


def open_joserfc(pem: bytes) -> Callable[[int], object]:
    from joserfc import jwt
    from joserfc.jwk import ECKey

    key = ECKey.import_key(pem)
    return lambda number: jwt.encode(HEADER, make_claims(number), key)


def open_jwcrypto(pem: bytes) -> Callable[[int], object]:
    from jwcrypto.jwk import JWK
    from jwcrypto.jwt import JWT

    key = JWK.from_pem(pem)

    def sign(number: int) -> object:
        token = JWT(header=HEADER, claims=make_claims(number))
        token.make_signed_token(key)
        return token.serialize()

    return sign


def open_authlib(pem: bytes) -> Callable[[int], object]:
    from authlib.jose import JsonWebKey, jwt

    key = JsonWebKey.import_key(pem, {"kty": "EC"})
    return lambda number: jwt.encode(HEADER, make_claims(number), key)


def open_step_ott(pem: bytes) -> Callable[[int], object]:
    issuer = open_issuer()
    return lambda number: issuer.token(f"host{number:07}.example.com")


def open_step_ott_with_names(pem: bytes) -> Callable[[int], object]:
    issuer = open_issuer()
    return lambda number: issuer.token("host.example.com", sans=[f"host{number:07}.example.com", "10.0.0.7"])


def open_step_ott_with_window(pem: bytes) -> Callable[[int], object]:
    issuer, end = open_issuer(), timedelta(minutes=10)
    return lambda number: issuer.token(f"host{number:07}.example.com", not_after=end)


def open_step_ott_with_both(pem: bytes) -> Callable[[int], object]:
    issuer, end = open_issuer(), timedelta(minutes=10)
    return lambda number: issuer.token(
        "host.example.com", sans=[f"host{number:07}.example.com", "10.0.0.7"], not_after=end
    )


def open_issuer() -> Any:
    """Return the issuer of the sandbox in the step path, its key open, which is of the same kind."""
    import step_ott

    sandbox = Path(os.environ["STEPPATH"])
    ca = step_ott.OfflineCA(sandbox / "config" / "ca.json")
    return ca.issuer(password=(sandbox / "secrets" / "password").read_bytes().strip())


LIBRARIES: dict[str, Callable[[bytes], Callable[[int], object]]] = {
    "bare": open_bare,
    "step_ott": open_step_ott,
    "step_ott-sans": open_step_ott_with_names,
    "step_ott-window": open_step_ott_with_window,
    "step_ott-both": open_step_ott_with_both,
    "PyJWT": open_pyjwt,
    "joserfc": open_joserfc,
    "jwcrypto": open_jwcrypto,
    "Authlib": open_authlib,
}


def main(library: str, count: int, key: str) -> None:
    """Print the seconds that `count` tokens take, opening the key and the first tokens not counted."""
    sign = LIBRARIES[library](Path(key).read_bytes())
    for number in range(WARM_UP):
        sign(number)
    begin = time.perf_counter()
    for number in range(count):
        sign(number)
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
