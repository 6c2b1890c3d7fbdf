"""A token before a sandbox's CA: what it asks for, what the rules say of it, and the request that spends it."""

from __future__ import annotations

import json
from base64 import b64decode
from functools import partial
from ssl import PEM_cert_to_DER_cert
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from adapters.certificates.reader import CertificateReader
from adapters.http.bounded import Exchange
from adapters.http.pool import Pool, make_tls_context
from adapters.keys.new_key import LocalNewKeys
from adapters.keys.ssh_keys import LocalSshKeys
from domain.ca_rules.endpoint import Endpoint
from domain.enroll.key_kind import USUAL_KIND
from domain.errors import UsageError, naming
from domain.formats import json_text
from domain.formats.pem import encode_pem
from domain.token.reader import read_audiences, read_fingerprint, read_texts
from step_ott.arguments import check_text
from step_ott.ports import read_content
from step_ott.token import Token
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from step_ott.arguments import Source

REQUEST_SECONDS, MAX_ANSWER_BYTES = 30, 1 << 20


@attrs.frozen
class Spending:
    """A token that is to be spent.

    Attributes:
        csr, public_key: What is to be shown with it, None for something new.
    """

    token: Token
    endpoint: Endpoint
    csr: Source | None
    public_key: Source | None

    def check(self) -> None:
        """Refuse what cannot be shown, and a bound token without its CSR; with SSH keys step-ca compares nothing.

        Raises:
            UsageError, InputError: saying which.
        """
        if self.endpoint is Endpoint.SIGN and self.csr is None and read_fingerprint(self.token.claims):
            raise UsageError("the token is bound to one request", "give csr=")
        if self.public_key is not None:
            with speaking_python(), naming("public_key="):
                CertificateReader().fingerprint_ssh_key(read_content(self.public_key, "public_key"))

    def compose(self) -> tuple[str, dict[str, str], dict[str, Any]]:
        """Return the path, the headers and the JSON object of the request."""
        token, place = str(self.token), self.endpoint.value.replace("-", "/")
        subject = str(self.token.claims.get("sub", ""))
        if self.endpoint is Endpoint.RENEW:
            return "/1.0/renew", {"Authorization": f"Bearer {token}"}, {}
        members: dict[str, Any] = {"ott": token}
        if self.endpoint is Endpoint.SIGN:
            members["csr"] = self._read_csr(subject)
        elif self.endpoint in (Endpoint.REVOKE, Endpoint.SSH_REVOKE):
            members |= {"serial": subject, "passive": True}
        elif self.endpoint is not Endpoint.SSH_RENEW:
            members["publicKey"] = self._read_public_key()
        return f"/1.0/{place}", {}, members

    def _read_csr(self, subject: str) -> str:
        if self.csr is None:
            names = read_texts(self.token.claims.get("sans")) or [subject]
            return LocalNewKeys().make(USUAL_KIND).request(subject, names).decode()
        request = CertificateReader().read_request(read_content(self.csr, "csr"))
        return encode_pem("CERTIFICATE REQUEST", request.der).decode()

    def _read_public_key(self) -> str:
        """Return the base64 of the key's wire bytes."""
        if self.public_key is not None:
            return read_content(self.public_key, "public_key").decode().split()[1]
        return LocalSshKeys().make(USUAL_KIND).public.wire


@attrs.frozen
class Answer:
    """What the CA said."""

    status: int
    body: Mapping[str, Any]

    @property
    def is_taken(self) -> bool:
        """Whether the CA took the token."""
        return self.status in (200, 201)

    @property
    def message(self) -> str:
        """Why not."""
        return str(self.body.get("message", ""))

    @property
    def certificate(self) -> str:
        """What it issued, in PEM, or for SSH as OpenSSH's line."""
        found = str(self.body.get("crt", ""))
        if not found or found.startswith("-----"):
            return found
        wire = b64decode(found)
        return f"{wire[4 : 4 + int.from_bytes(wire[:4])].decode()} {found}"


def plan_spending(token: object, endpoint: object, csr: Source | None, public_key: Source | None) -> Spending:
    """Return how a token is to be spent.

    Raises:
        UsageError: it is not a token, or there is no such endpoint.
    """
    given = Token(check_text(token, "token"))
    if not (endpoint is None or isinstance(endpoint, Endpoint)):
        what = f"endpoint= is of type {type(endpoint).__name__}"
        raise UsageError(what, "give a step_ott.Endpoint such as Endpoint.SIGN")
    return Spending(given, endpoint or _find_endpoint(read_audiences(given.claims)), csr, public_key)


def _find_endpoint(audiences: Sequence[str]) -> Endpoint:
    """Return the endpoint that the audiences name; those of tokens that others issue name none, and may sign."""
    paths = {urlsplit(audience).path for audience in audiences}
    places = (one for one in Endpoint if any(paths.intersection(kind.paths) for kind in one.kinds))
    return next(places, Endpoint.SIGN)


def put_request(url: str, roots: Sequence[str], spending: Spending) -> Answer:
    """Return what the CA says to the request.

    Raises:
        ExchangeError: nothing that could be used.
    """
    path, headers, members = spending.compose()
    exchange = Exchange(REQUEST_SECONDS, MAX_ANSWER_BYTES)
    ask = partial(
        Pool(make_tls_context([PEM_cert_to_DER_cert(root) for root in roots])).ask, exchange, "POST", url + path,
        {"Content-Type": "application/json", **headers}, json.dumps(members),
    )  # fmt: skip
    answer = exchange.run(ask)
    try:
        body = json_text.parse(answer.body)
    except ValueError:
        body = {"message": answer.body.decode("utf-8", "replace").strip()}
    return Answer(answer.status, body if isinstance(body, dict) else {})
