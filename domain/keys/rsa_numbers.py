"""The numbers of a private RSA key (RFC 8017, 3.2), which must go together before anything is signed with them."""


def complete_rsa(n: int, e: int, d: int, p: int, q: int) -> tuple[int, int, int]:
    """Return the exponents and the coefficient of CRT, `dp`, `dq` and `qi`, of a key with two primes.

    That the primes are prime is not looked at: where they are not, a signature does not hold.

    Raises:
        ValueError: the numbers, whose modulus is of a length that is taken, do not go together.
    """
    is_odd = all(number & 1 for number in (n, e, d, p, q))
    if not (is_odd and 1 < e < n and 1 < d < n and 1 < p < n and 1 < q < n and p != q and p * q == n):
        raise ValueError("its parts do not match")
    if d * e % (p - 1) != 1 or d * e % (q - 1) != 1:
        raise ValueError("its private half does not match its public half")
    try:
        return d % (p - 1), d % (q - 1), pow(q, -1, p)
    except ValueError as error:
        raise ValueError("its parts do not match") from error
