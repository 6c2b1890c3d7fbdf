"""The numbers of a private RSA key (RFC 8017, 3.2), which must go together before anything is signed with them."""

from __future__ import annotations

import attrs


@attrs.frozen(repr=False)
class RsaNumbers:
    """A private RSA key of two primes; `dp`, `dq` and `qi` are the exponents and the coefficient of CRT."""

    n: int
    e: int
    d: int
    p: int
    q: int
    dp: int
    dq: int
    qi: int


def complete_rsa(n: int, e: int, d: int, p: int, q: int, **given: int) -> RsaNumbers:
    """Return the key with `dp`, `dq` and `qi`, as they are `given` or, where they are not, computed.

    Raises:
        ValueError: the numbers do not go together.
    """
    _check_primes(n, e, d, p, q)
    computed = {"dp": d % (p - 1), "dq": d % (q - 1), "qi": _invert(q, p)}
    return RsaNumbers(n, e, d, p, q, **computed | given)


def check_rsa(numbers: RsaNumbers) -> None:
    """Check that the numbers go together, whose modulus is of a length that is taken.

    That the primes are prime is not looked at: where they are not, a signature does not hold.

    Raises:
        ValueError: they do not.
    """
    n, e, d, p, q = numbers.n, numbers.e, numbers.d, numbers.p, numbers.q
    if complete_rsa(n, e, d, p, q) != numbers:
        raise ValueError("its parts do not go together")


def _check_primes(n: int, e: int, d: int, p: int, q: int) -> None:
    is_odd = all(number & 1 for number in (n, e, d, p, q))
    if not (is_odd and 1 < e < n and 1 < d < n and 1 < p < n and 1 < q < n and p != q and p * q == n):
        raise ValueError("its parts do not go together")
    if d * e % (p - 1) != 1 or d * e % (q - 1) != 1:
        raise ValueError("its private half is not of its public half")


def _invert(number: int, modulus: int) -> int:
    try:
        return pow(number, -1, modulus)
    except ValueError as error:
        raise ValueError("its parts do not go together") from error
