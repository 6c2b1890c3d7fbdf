"""What a token's header, its claims and the certificates in the header mean: read once, for all that `inspect` says.

How step-ca finds a token's provisioner: step-ca, authority/provisioner/collection.go, LoadByToken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from domain.formats.rfc3339 import FIRST_SECOND, LAST_SECOND, format_whole_seconds
from domain.provisioners.base import Provisioner
from domain.provisioners.renewal import Renewal
from domain.provisioners.types import TOKENLESS, find_type_by_claims, find_type_by_fragment
from domain.token.compact_jws import CompactJws
from domain.token.kind import Kind
from domain.token.reader import read_audiences, read_fingerprint, read_seconds, read_ssh_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from domain.certificates.ports import HeaderCertificate
    from domain.certificates.x509_and_ssh import Certificate


REQUESTS = {
    "sign": "to have an X.509 certificate signed",
    "revoke": "to revoke an X.509 certificate",
    "renew": "to renew an X.509 certificate",
    "rekey": "to rekey an X.509 certificate",
    "ssh/sign": "to have an SSH certificate signed",
    "ssh/revoke": "to revoke an SSH certificate",
    "ssh/renew": "to renew an SSH certificate",
    "ssh/rekey": "to rekey an SSH certificate",
}
"""What each place of step-ca's API does."""

RENEWAL = "renewal"
"""The type of what stands in for the provisioner of a renewal."""


@attrs.frozen
class Audience:
    """Where a token is good.

    Attributes:
        texts: All audiences, as the token has them.
        address: The CA's, None where the first audience is not a URL.
        path: Of the first one, with its leading slash.
        fragment: What stands behind its `#`, empty for none.
    """

    texts: tuple[str, ...] = ()
    address: str | None = None
    path: str = ""
    fragment: str = ""

    @property
    def request(self) -> str | None:
        """The kind of request, a key of `REQUESTS`."""
        return next((kind.place for kind in Kind if self.path in kind.paths), None)


@attrs.frozen
class TokenOutline:
    """What a token comes to.

    Attributes:
        header, claims: Its readable parts.
        audience: Where it is good.
        provisioner_type: Of which type the provisioner is that made it; None where the token does not show it.
        made_by: The same as what is known of the type, the least where it is not known.
        not_before, expires, issued: Seconds since the epoch, UTC; None where not said, or not as a time.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    audience: Audience
    provisioner_type: str | None
    made_by: type[Provisioner]
    not_before: int | None
    expires: int | None
    issued: int | None

    @property
    def ssh(self) -> Mapping[str, Any] | None:
        """The options of an SSH certificate."""
        return read_ssh_options(self.claims)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the one CSR or SSH public key that the token is for, empty where it is for any."""
        return read_fingerprint(self.claims)


def outline_token(token: CompactJws) -> TokenOutline:
    """Return what `token` comes to, whatever its members hold."""
    header, claims = token.header, token.claims
    audience = _read_audience(claims)
    provisioner_type, made_by = _find_type(header, claims, audience)
    return TokenOutline(
        header=header,
        claims=claims,
        audience=audience,
        provisioner_type=provisioner_type,
        made_by=made_by,
        not_before=_read_seconds(claims.get("nbf")),
        expires=_read_seconds(claims.get("exp")),
        issued=_read_seconds(claims.get("iat")),
    )


def _read_audience(claims: Mapping[str, Any]) -> Audience:
    texts = tuple(filter(None, read_audiences(claims)))
    if not texts:
        return Audience()
    location, _, fragment = texts[0].partition("#")
    scheme, separator, rest = location.partition("://")
    if not separator:
        return Audience(texts)
    host, slash, path = rest.partition("/")
    return Audience(texts, f"{scheme}://{host}", slash + path, fragment)


def _find_type(
    header: Mapping[str, Any], claims: Mapping[str, Any], audience: Audience
) -> tuple[str | None, type[Provisioner]]:
    if Renewal.makes(header, claims):
        return RENEWAL, Renewal
    if not audience.fragment:
        found = find_type_by_claims(claims, audience.request)
        return (None, Provisioner) if found is None else (str(found.type_name), found)
    found = find_type_by_fragment(audience.fragment)
    if found is not None:
        return str(found.type_name), found
    prefix = audience.fragment.partition("/")[0]
    return next((name for name in TOKENLESS if name.lower() == prefix), None), Provisioner


def _read_seconds(value: Any) -> int | None:
    """Return a time in seconds, None where it is none or outside the calendar."""
    try:
        seconds = read_seconds(value)
    except ValueError:
        return None
    return seconds if seconds is not None and FIRST_SECOND <= seconds <= LAST_SECOND else None


@attrs.frozen
class HeaderCertificates:
    """What could be read of the certificates in a header.

    Attributes:
        chain: The X.509 ones, each with the header's member that holds it and its place there, from 1.
        faults: What could not be read, and why, a sentence each.
        others: Those that provisioners' types have a member of their own for, by what they are called here, each
            with the header's member.
    """

    chain: Sequence[tuple[str, int, Certificate]] = ()
    faults: Sequence[str] = ()
    others: Mapping[str, tuple[str, HeaderCertificate]] = attrs.field(factory=dict)


def describe_chain(held: HeaderCertificates) -> list[dict[str, str]]:
    """Return each X.509 certificate's names, times and fingerprint (lower-case hex SHA-256 of its DER)."""
    return [
        {
            "header": member,
            "subject": certificate.common_name,
            "from": format_whole_seconds(certificate.not_before),
            "until": format_whole_seconds(certificate.not_after),
            "fingerprint": certificate.fingerprint(),
        }
        for member, _, certificate in held.chain
    ]


def list_certificate_warnings(held: HeaderCertificates, now: int) -> list[str]:
    """Return what is odd about the certificates, a sentence each; `now` is nanoseconds since the epoch, UTC."""
    return [*held.faults, *_judge_times(held, now)]


def _judge_times(held: HeaderCertificates, now: int) -> Iterator[str]:
    spans = [
        (f"certificate {number} in its {member}", certificate.not_before, certificate.not_after)
        for member, number, certificate in held.chain
    ]
    spans += [(f"the certificate in its {member}", *other.span()) for member, other in held.others.values()]
    for name, begin, end in spans:
        if end <= now:
            yield f"{name} has expired"
        elif begin > now:
            yield f"the time of {name} has not come yet"
