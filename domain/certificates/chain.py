"""The chain that a token carries, out of certificates in any order (crypto/x509, Certificate.Verify, takes any)."""

from collections import Counter
from collections.abc import Sequence

from domain.certificates.x509_and_ssh import Certificate
from domain.errors import InputError
from domain.keys.jwk import PublicJwk

MAX_CHECKS = 100
"""How many signatures are looked at: as many as Go does (crypto/x509, maxChainSignatureChecks)."""


def guess_leaf(certificates: Sequence[Certificate]) -> Certificate:
    """Return the first certificate whose name no other one has as its issuer's, or the first of all."""
    issuers = Counter(certificate.issuer_name for certificate in {one.der: one for one in certificates}.values())
    leaves = (one for one in certificates if issuers[one.subject_name] == one.names_issuer(one))
    return next(leaves, certificates[0])


def find_leaf(certificates: Sequence[Certificate], key: PublicJwk) -> Certificate:
    """Return the certificate of `key`: the one that is guessed where that has it, else the first, else the guess."""
    guess = guess_leaf(certificates)
    thumbprint = key.thumbprint()
    having = (one for one in (guess, *certificates) if one.public and one.public.thumbprint() == thumbprint)
    return next(having, guess)


def order_chain(certificates: Sequence[Certificate], leaf: Certificate) -> list[Certificate]:
    """Return the leaf and those that it leads to, nearest issuer first, each once; the others are left out.

    Raises:
        InputError: there are too many that could be the issuer of one.
    """
    chain, checks = [leaf], 0
    others = {other.der: other for other in certificates if other.der != leaf.der}
    for certificate in chain:  # which grows
        for other in [other for other in others.values() if certificate.names_issuer(other)]:
            checks += 1
            if checks > MAX_CHECKS:
                raise InputError("too many certificates have the same name", "leave out those that are not the issuer")
            if certificate.is_issued_by(other.der):
                chain.append(others.pop(other.der))
    return chain
