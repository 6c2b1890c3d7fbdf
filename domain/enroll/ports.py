"""Ports to what spending a token needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.certificates.x509_and_ssh import Certificate
    from domain.enroll.answer import CaAnswer
    from domain.enroll.key_kind import KeyKind
    from domain.enroll.request import CaRequest
    from domain.keys.ports import Signer


class CaRequests(Protocol):
    """Puts requests to a CA that change something."""

    def put(self, request: CaRequest) -> CaAnswer:
        """Return what the CA says, be it a refusal.

        It is put again only where there was no connection, so that nothing can have come of it.

        Raises:
            NetworkError: no answer, or not in time.
            LostAnswerError: the connection broke, so that something may have come of it.
            AuthorityError: one that is too long.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass, which counts as time of the requests.

        Raises:
            NetworkError: it is over.
        """
        ...


class CaAccess(CaRequests, Protocol):
    """The same for who holds a certificate, and for who asks again and again."""

    def presenting(self, chain: Sequence[Certificate], signer: Signer) -> CaRequests:
        """Return a way to the CA, with time of its own, on which TLS shows this chain, the leaf first, and its key.

        Raises:
            UsageError: the key is not in this process.
        """
        ...

    def start_over(self) -> None:
        """Give up the connections, and have all the time again."""
        ...


class SharedRequests(CaRequests, Protocol):
    """The same for many who ask at a time, each in a thread of its own."""

    def renew_time(self) -> None:
        """Have all the time again, in this thread."""
        ...


class NewKey(Protocol):
    """A private key that nobody has yet."""

    def request(self, common_name: str, sans: Sequence[str]) -> bytes:
        """Return a certificate signing request by the key (RFC 2986), PEM.

        Args:
            common_name: Of its subject, empty for a subject without one.
            sans: DNS names, IP addresses, email addresses and URIs, told apart as step-ca does.

        Raises:
            UsageError: a name that no request can hold.
        """
        ...

    @property
    def signer(self) -> Signer:
        """What signs by it."""
        ...

    def serialize(self, password: bytes | None) -> bytes | None:
        """Return the key in PEM, encrypted where there is a password; None where it is in a device."""
        ...


class NewKeys(Protocol):
    """Makes private keys, or one alone that is there already."""

    def make(self, kind: KeyKind) -> NewKey:
        """Return a new key."""
        ...


class Alarm(Protocol):
    """Waits for a time; signals wake it."""

    def wait(self, nanoseconds: int) -> int:
        """Return 0 when so much time is over, whatever clocks show, or somebody asks for what is waited for.

        Where the clock of the machine is changed meanwhile, return how much is left, in nanoseconds.
        """
        ...


class Services(Protocol):
    """Who uses a certificate, and is told of a new one."""

    def notify(self) -> None:
        """Tell them.

        Raises:
            OutputError: one could not be told.
        """
        ...


class HeldKey(Protocol):
    """A key that is somewhere already, where another may take its place."""

    def check(self) -> None:
        """Check that it is still there.

        Raises:
            InputError: it is not.
        """
        ...


class PairSink(Protocol):
    """Where a certificate and its key go: together or not at all."""

    def check(self) -> None:
        """Refuse, before anything is asked for, what can be seen to stand in their way already.

        Raises:
            OutputError: they could not be delivered.
        """
        ...

    def deliver(self, certificates: bytes, key: bytes | None, held: HeldKey | None = None) -> None:
        """Hand over both, PEM, or raise and leave what was there before.

        Args:
            certificates: The chain.
            key: Its key, None for one that is somewhere already.
            held: Where that is, which is checked when nobody else can write the pair any more; None for no check.

        Raises:
            InputError: the key is another one by now.
            OutputError: they could not be delivered.
        """
        ...
