"""What may be wrong with any token: changes to a sound one, and the sound ones that they are made to."""

import time
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from adapters.jose.jws import make_signer
from domain.ca_rules.endpoint import Endpoint
from domain.formats.json_text import Number
from tests.support.forged_tokens import Forge, Forged, change_payload, cut_signature, flip_signature
from tests.support.provisioned_ca import SSHPOP, X5C

Change: TypeAlias = Callable[[Forged], Forged]
Make: TypeAlias = Callable[[Forge], Forged]

OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def made(make: Make, *changes: Change) -> Make:
    """Return what makes a token as `make` does, with all `changes` made to it in their order."""

    def make_changed(forge: Forge) -> Forged:
        forged = make(forge)
        for change in changes:
            forged = change(forged)
        return forged

    return make_changed


def jwk(endpoint: Endpoint) -> Make:
    """Return what makes a token of the JWK provisioner's."""
    return lambda forge: forge.make_jwk(endpoint)


def x5c(endpoint: Endpoint, **wishes: Any) -> Make:
    """Return what makes a token of the X5C provisioner's by a leaf as `wishes` say."""
    return lambda forge: forge.make_x5c(endpoint, **wishes)


def sshpop(endpoint: Endpoint, **wishes: Any) -> Make:
    """Return what makes a token of the SSHPOP provisioner's by an SSH certificate as `wishes` say."""
    return lambda forge: forge.make_sshpop(endpoint, **wishes)


def kubernetes(endpoint: Endpoint) -> Make:
    """Return what makes a service account token."""
    return lambda forge: forge.make_kubernetes(endpoint)


def renewal(**wishes: Any) -> Make:
    """Return what makes a token for the renewal of a leaf as `wishes` say."""
    return lambda forge: forge.make_renewal(**wishes)


def keep(forged: Forged) -> Forged:
    return forged


def header(**members: Any) -> Change:
    return lambda forged: forged.with_header(**members)


def claims(**members: Any) -> Change:
    return lambda forged: forged.with_claims(**members)


def raw_claims(**members: Any) -> Change:
    return lambda forged: forged.with_raw_claims(**members)


def moment(**offsets: int) -> Change:
    """Return the change of times to so many seconds from when the token is made."""
    return lambda forged: forged.with_claims(**{name: at(offset) for name, offset in offsets.items()})


def at(offset: int) -> int:
    return int(time.time()) + offset


def begin_with_fraction(forged: Forged) -> Forged:
    return forged.with_claims(nbf=Number(f"{at(-10)}.5"))


def with_step(**members: Any) -> Change:
    """Return the change of some members of `step`."""
    return lambda forged: forged.with_claims(step={**forged.claims.get("step", {}), **members})


def capitalize_issuer(forged: Forged) -> Forged:
    return forged.with_claims(iss=forged.claims["iss"].upper())


def change_audience(change: Callable[[str], Any]) -> Change:
    return lambda forged: forged.with_raw_claims(aud=change(forged.claims["aud"]))


def replace(old: str, new: str) -> Change:
    """Return the change of one piece of the audience to another."""
    return change_audience(lambda aud: aud.replace(old, new))


def replace_fragment(fragment: str) -> Change:
    return change_audience(lambda aud: aud.partition("#")[0] + fragment)


def replace_path(path: str) -> Change:
    def change(aud: str) -> str:
        location, hash_mark, fragment = aud.partition("#")
        return "/".join(location.split("/")[:3]) + path + hash_mark + fragment

    return change_audience(change)


def drop_port(aud: str) -> str:
    scheme, host, rest = aud.split(":", 2)
    return f"{scheme}:{host}{rest[rest.index('/') :]}"


def aim(endpoint: Endpoint) -> Change:
    """Return the change of a token to one with another endpoint as its audience, to be shown there."""
    return lambda forged: attrs.evolve(replace_path(endpoint.paths[0])(forged), endpoint=endpoint)


def sign_by(key: Any) -> Change:
    return lambda forged: attrs.evolve(forged, signer=make_signer(key))


def spoil(change: Callable[[str], str]) -> Change:
    return lambda forged: attrs.evolve(forged, spoil=change)


def drop_signature(token: str) -> str:
    return f"{drop_part(token)}."


def drop_part(token: str) -> str:
    return token.rpartition(".")[0]


def add_part(token: str) -> str:
    return f"{token}.e30"


def ruin_header(token: str) -> str:
    return "e3s" + token[token.index(".") :]


CHANGES: dict[str, Change] = {
    "nothing": keep,
    "aud of another host": replace("127.0.0.1", "ca.other.test"),
    "aud of the CA's other name": replace("127.0.0.1", "localhost"),
    "aud of a name in capitals": replace("127.0.0.1", "LOCALHOST"),
    "aud without port": change_audience(drop_port),
    "aud with another port": replace("127.0.0.1:", "127.0.0.1:1"),
    "aud with a name in brackets": replace("127.0.0.1", "[localhost]"),
    "aud with an IPv4 address in brackets": replace("127.0.0.1", "[127.0.0.1]"),
    "aud with an escaped letter": replace("1.0", "%31.0"),
    "aud of old with the fragment of X5C": raw_claims(aud=f"step-certificate-authority#x5c/{X5C}"),
    "aud with no digits in the port": replace("127.0.0.1:", "127.0.0.1:x"),
    "aud with http": replace("https", "http"),
    "aud with the scheme in capitals": replace("https", "HTTPS"),
    "aud without scheme": replace("https://", ""),
    "aud with a user name": replace("https://", "https://me@"),
    "aud with a query": replace("1.0", "1.0?a"),
    "aud with an unknown fragment": replace_fragment("#x5c/unknown"),
    "aud with the fragment of X5C": replace_fragment(f"#x5c/{X5C}"),
    "aud with the fragment of SSHPOP": replace_fragment(f"#sshpop/{SSHPOP}"),
    "aud with an escaped fragment": replace("#x5c/", "#x5c%2F"),
    "aud with a bad escape": change_audience(lambda aud: f"{aud}%zz"),
    "aud without fragment": replace_fragment(""),
    "aud with an empty fragment": replace_fragment("#"),
    "aud with a slash at its end": change_audience(lambda aud: f"{aud}/"),
    "aud that is a list": change_audience(lambda aud: [aud]),
    "aud with another beside it": change_audience(lambda aud: ["https://ca.other.test/1.0/sign", aud]),
    "aud that is a number": raw_claims(aud=7),
    "aud with a number beside it": change_audience(lambda aud: [aud, 7]),
    "aud that is null": raw_claims(aud=None),
    "no aud": claims(aud=None),
    "aud that is empty": raw_claims(aud=""),
    "aud of old": raw_claims(aud="step-certificate-authority"),
    "aud without 1.0": replace("/1.0/", "/"),
    **{f"aud of {endpoint.value}": replace_path(endpoint.paths[0]) for endpoint in Endpoint},
    "iss of another": claims(iss="somebody"),
    "iss in capitals": capitalize_issuer,
    "no iss": claims(iss=None),
    "iss that is a number": claims(iss=7),
    "kid of another": header(kid="other"),
    "no kid": header(kid=None),
    "kid that is a number": header(kid=7),
    "no typ": header(typ=None),
    "typ of something else": header(typ="JOSE"),
    "nbf a second within the leeway": moment(nbf=59),
    "nbf a second beyond the leeway": moment(nbf=62),
    "nbf far ahead": moment(nbf=1800),
    "no nbf": claims(nbf=None),
    "nbf that is null": raw_claims(nbf=None),
    "nbf that is text": claims(nbf="1"),
    "nbf with a fraction": begin_with_fraction,
    "nbf of four hundred digits": claims(nbf=10**400),
    "nbf beyond 64 bits": claims(nbf=2**64),
    "exp a second within the leeway": moment(exp=-58),
    "exp a second beyond the leeway": moment(exp=-61),
    "exp long ago": moment(exp=-3000),
    "no exp": claims(exp=None),
    "exp that is text": claims(exp="9999999999"),
    "exp with an exponent": claims(exp=Number("1e11")),
    "exp at the end of 64 bits": claims(exp=2**63 - 1),
    "iat of 1970": claims(iat=0),
    "exp beyond all bounds": claims(exp=Number("1e400")),
    "exp that is true": claims(exp=True),
    "exp before nbf": moment(exp=-30, nbf=30),
    "iat a second within the leeway": moment(iat=59),
    "iat a second beyond the leeway": moment(iat=62),
    "no iat": claims(iat=None),
    "no sub": claims(sub=None),
    "sub that is empty": claims(sub=""),
    "sub that is a list": claims(sub=["a"]),
    "no jti": claims(jti=None),
    "jti that is empty": claims(jti=""),
    "jti that is a number": claims(jti=7),
    "a signature with a bit turned": spoil(flip_signature),
    "a signature cut short": spoil(cut_signature),
    "no signature": spoil(drop_signature),
    "other claims under the signature": spoil(change_payload),
    "a signature by another key": sign_by(OTHER_KEY),
    "a signature by an Ed25519 key": sign_by(ed25519.Ed25519PrivateKey.generate()),
    "alg none": header(alg="none"),
    "alg HS256": header(alg="HS256"),
    "alg RS256": header(alg="RS256"),
    "alg ES384": header(alg="ES384"),
    "alg in small letters": header(alg="es256"),
    "no alg": header(alg=None),
    "crit unknown": header(crit=["new"], new=1),
    "crit that is empty": header(crit=[]),
    "crit that names b64": header(crit=["b64"]),
    "b64 that is false": header(b64=False),
    "an unknown header": header(new={"a": [1]}),
    "an unknown claim": claims(new={"a": [1]}),
    "sans that is text": claims(sans="a"),
    "cnf that is text": claims(cnf="a"),
    "step that is text": claims(step="a"),
    "email that is a number": claims(email=7),
    "sans of null": claims(sans=[None]),
    "step.ra that is text": with_step(ra="a"),
    "sha of another root": claims(sha="00" * 32),
    "a part too many": spoil(add_part),
    "a part too few": spoil(drop_part),
    "a header that is not JSON": spoil(ruin_header),
}


BASES: dict[str, Make] = {
    "JWK sign": jwk(Endpoint.SIGN),
    "JWK ssh-sign": jwk(Endpoint.SSH_SIGN),
    "JWK revoke": jwk(Endpoint.REVOKE),
    "JWK ssh-revoke": jwk(Endpoint.SSH_REVOKE),
    "X5C sign": x5c(Endpoint.SIGN),
    "X5C ssh-sign": x5c(Endpoint.SSH_SIGN),
    "X5C revoke": x5c(Endpoint.REVOKE),
    "SSHPOP ssh-revoke": sshpop(Endpoint.SSH_REVOKE),
    "SSHPOP ssh-renew": sshpop(Endpoint.SSH_RENEW),
    "SSHPOP ssh-rekey": sshpop(Endpoint.SSH_REKEY),
    "renewal": renewal(),
}
