"""The issuers of tokens that somebody else issues: a cluster for its service accounts, a cloud for its machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from adapters.cloud_metadata import ADDRESSES, read_address
from domain.errors import UsageError
from domain.token.kind import Kind
from entrypoints.wiring.late_adapters import LateMetadata
from step_ott.arguments import check_text
from step_ott.issuers.certificates import GetsCertificates
from step_ott.issuers.given import Given
from step_ott.issuers.requests import ask_by_itself, ask_certificate

if TYPE_CHECKING:
    from domain.provisioners.credential import Sources
    from step_ott.arguments import Source
    from step_ott.issuers.asked_ca import AskedCA
    from step_ott.token import Token


class K8saIssuer(GetsCertificates):
    """Hands on the token that Kubernetes gave a service account.

    Args:
        ca: The CA that takes it.
        token: Its file, which is read anew each time; None for where Kubernetes mounts it.
        name: The provisioner's name; none where the CA has only one of this type.

    Raises:
        UsageError, InputError, NetworkError, AuthorityError: as for `JwkIssuer`.
    """

    _asked: ClassVar = Kind.SIGN
    _types: ClassVar = ("K8sSA",)

    def __init__(self, ca: AskedCA, token: Source | None = None, *, name: str | None = None) -> None:
        from domain.provisioners.k8ssa import TOKEN_PATH

        given = Given()
        given.add_file("k8ssa-token-path", TOKEN_PATH if token is None else token)
        given.add_text("provisioner", name)
        self._open(ca, given)

    def token(self) -> Token:
        """Return the token, which is good for every kind of request, as often as the CA is asked.

        Returns:
            The token: a `str`.

        Raises:
            InputError: it cannot be read, or has expired.
        """
        return self._mint(ask_by_itself(Kind.SIGN))


class CloudIssuer(GetsCertificates):
    """What the issuers for machines in clouds have in common: the identity that the cloud gives the machine.

    Args:
        ca: The CA that takes it.
        name: The provisioner's name; none where the CA has only one of this type.
        metadata: The address of the machine's metadata service, "http://host:port"; None for that
            in the environment that the CA was given, or the cloud's usual one.

    Raises:
        UsageError, InputError, AuthorityError: as for `JwkIssuer`.
        NetworkError: the CA cannot be asked, or this is no machine of that cloud.
    """

    _asked: ClassVar = Kind.SIGN

    def __init__(self, ca: AskedCA, name: str | None = None, *, metadata: str | None = None) -> None:
        given = Given()
        given.add_text("provisioner", name)
        self._places = None if metadata is None else _place(metadata)
        self._open(ca, given)

    def _find_sources(self) -> Sources:
        """Return the ports, with a metadata service that has its whole time for every token."""
        places = self.ca.environ if self._places is None else self._places
        return attrs.evolve(self._ports, metadata=LateMetadata(places))


class AwsIssuer(CloudIssuer):
    """Issues a token by the identity document that Amazon signs for the EC2 instance that the program runs on.

    Args:
        ca: The CA that takes it.
        name: The provisioner's name; none where the CA has only one of this type.
        metadata: The address of the machine's metadata service, "http://host:port"; None for that
            in the environment that the CA was given, or the cloud's usual one.

    Raises:
        UsageError, InputError, AuthorityError: as for `JwkIssuer`.
        NetworkError: the CA cannot be asked, or this is no machine of that cloud.
    """

    _types: ClassVar = ("AWS",)

    def token(self, subject: str) -> Token:
        """Return a token for an X.509 certificate, or for the SSH certificate of this host.

        The CA takes the token of an instance once, unless its provisioner is set otherwise.

        Args:
            subject: The name that the certificate is for.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: the subject will not do.
            NetworkError, InputError: the metadata service is not there, or answers something else.
        """
        return self._mint(ask_certificate(subject))


class _NamelessCloudIssuer(CloudIssuer):
    """Hands on an identity in which no name is that the program could choose."""

    def token(self) -> Token:
        """Return the machine's token, for an X.509 certificate or for the SSH certificate of this host.

        No name is in it: the CA takes those in the request, as its provisioner is set.

        Returns:
            The token: a `str`.

        Raises:
            NetworkError, InputError: the metadata service is not there, or answers something else.
        """
        return self._mint(ask_by_itself(Kind.SIGN))


class GcpIssuer(_NamelessCloudIssuer):
    """Hands on the identity that Google Cloud gives to the machine that the program runs on.

    Args:
        ca: The CA that takes it.
        name: The provisioner's name; none where the CA has only one of this type.
        metadata: The address of the machine's metadata service, "http://host:port"; None for that
            in the environment that the CA was given, or the cloud's usual one.

    Raises:
        UsageError, InputError, AuthorityError: as for `JwkIssuer`.
        NetworkError: the CA cannot be asked, or this is no machine of that cloud.
    """

    _types: ClassVar = ("GCP",)


class AzureIssuer(_NamelessCloudIssuer):
    """Hands on the identity that Azure gives to the machine that the program runs on.

    Args:
        ca: The CA that takes it.
        name: The provisioner's name; none where the CA has only one of this type.
        metadata: The address of the machine's metadata service, "http://host:port"; None for that
            in the environment that the CA was given, or the cloud's usual one.

    Raises:
        UsageError, InputError, AuthorityError: as for `JwkIssuer`.
        NetworkError: the CA cannot be asked, or this is no machine of that cloud.
    """

    _types: ClassVar = ("Azure",)


def _place(metadata: object) -> dict[str, str]:
    """Return the address of a metadata service as the environment would give it."""
    try:
        address = read_address(check_text(metadata, "metadata"))
    except ValueError:
        raise UsageError("metadata= is not an address of a metadata service", "give http://host:port") from None
    return {variable: address for variable, _ in ADDRESSES.values()}
