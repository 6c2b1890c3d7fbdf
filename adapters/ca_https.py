"""The API of a running step-ca: its provisioners and their encrypted keys (step-ca, api/api.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from domain import json_text
from domain.authority_settings import AuthoritySettings
from domain.errors import AuthorityError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adapters.http.pool import Answer
    from domain.ca_url import CaUrl
    from domain.provisioners.base import Provisioner

MAX_PAGE_BYTES, MAX_KEY_BYTES, MAX_ROOTS_BYTES, MAX_PAGES, PAGE_SIZE = 8 << 20, 64 << 10, 1 << 20, 1_000, 100


class HttpsAuthority:
    """An `Authority` (see `domain.ports`) that asks a running step-ca.

    Attributes:
        ca_url: Where it listens.
        fingerprint: SHA-256 of the root certificate's DER, lower-case hex.
        get: Path and the most bytes of a body to the answer; redirects not followed.
        read_provisioners: Parsed JSON to provisioners.
        names: Tells the names in the certificate that the CA last answered by.
        max_pages: How many pages a list may have.
    """

    def __init__(
        self,
        *,
        ca_url: CaUrl,
        fingerprint: str,
        get: Callable[[str, int], Answer],
        read_provisioners: Callable[[Sequence[Any]], list[Provisioner]],
        names: Callable[[], Sequence[str]],
        max_pages: int = MAX_PAGES,
    ) -> None:
        self.ca_url = ca_url
        self.fingerprint = fingerprint
        self.get = get
        self.read_provisioners = read_provisioners
        self.names = names
        self.max_pages = max_pages

    def url(self) -> CaUrl:
        """Return the address."""
        return self.ca_url

    def root_fingerprint(self) -> str:
        """Return the fingerprint of the root that TLS trusts."""
        return self.fingerprint

    def provisioners(self) -> Sequence[Provisioner]:
        """Return what all pages of `GET /provisioners` list."""
        listed: list[Any] = []
        cursor, seen = "", {""}
        for _ in range(self.max_pages):
            query = urlencode({"limit": PAGE_SIZE} | ({"cursor": cursor} if cursor else {}), quote_via=quote)
            page = self._get_object(f"/provisioners?{query}", MAX_PAGE_BYTES)
            entries, cursor = page.get("provisioners", ""), page.get("nextCursor") or ""
            if not isinstance(entries, list | None) or not isinstance(cursor, str):
                raise self._misbehaved("its list of provisioners is no list")
            listed += entries or ()
            if not cursor:
                return self.read_provisioners(listed)
            if cursor in seen:
                raise self._misbehaved("its list of provisioners goes round in a circle")
            seen.add(cursor)
        raise self._misbehaved(f"its list of provisioners has over {self.max_pages} pages")

    def settings(self) -> AuthoritySettings:
        """Return what the CA publishes; its names are those in its own certificate (step-ca, GetTLSCertificate)."""
        provisioners = self.provisioners()
        roots = self._list_texts(self._get_object("/roots", MAX_ROOTS_BYTES), "crts")
        ssh = self._get_object("/ssh/roots", MAX_ROOTS_BYTES, absent=404)
        return AuthoritySettings(
            dns_names=[_shorten_address(name) for name in self.names()],
            provisioners=provisioners,
            roots=[root.encode() for root in roots],
            ssh_user_keys=self._list_texts(ssh, "userKey"),
            ssh_host_keys=self._list_texts(ssh, "hostKey"),
        )

    def _list_texts(self, answer: Mapping[str, Any], member: str) -> list[str]:
        """Return the texts in `member`, none where it is absent."""
        texts = answer.get(member) or []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise self._misbehaved(f"{member} in its answer is no list of texts")
        return texts

    def encrypted_key(self, kid: str) -> str:
        """Return the `key` that `GET /provisioners/KID/encrypted-key` answers with."""
        segment = quote(kid, safe="") if kid.strip(".") else "%2E" * len(kid)  # '..' would lead elsewhere
        key = self._get_object(f"/provisioners/{segment}/encrypted-key", MAX_KEY_BYTES).get("key")
        if not isinstance(key, str) or not key:
            raise self._misbehaved(f"it answers with no key for kid {kid}")
        return key

    def _get_object(self, path: str, limit: int, absent: int | None = None) -> dict[str, Any]:
        """Return the JSON object that a GET of `path` answers with, an empty one for the status `absent`."""
        answer = self.get(path, limit)
        status, location, body = answer.status, answer.location, answer.body
        if status == absent:
            return {}
        if 300 <= status < 400:
            raise self._misbehaved(f"it redirects {path} to {location or 'nowhere'}, which is refused")
        if status not in (200, 201):  # /roots answers as if it had created them
            raise self._misbehaved(f"it answers {path} with status {status}{_read_message(body)}")
        try:
            value = json_text.parse(body)
            if not isinstance(value, dict):
                raise ValueError("no JSON object")
        except ValueError as error:
            raise self._misbehaved(f"its answer to {path} cannot be used: {error}") from error
        return value

    def _misbehaved(self, what: str) -> AuthorityError:
        return AuthorityError(f"the CA at {self.ca_url} cannot be used: {what}", "check --ca-url and the CA's log")


def _read_message(body: bytes) -> str:
    """Return the message of step-ca's error body, where it is one, with a colon in front."""
    try:
        message = json_text.parse(body).get("message")
    except (ValueError, AttributeError):
        return ""
    return f": {message[:500]}" if isinstance(message, str) else ""


def _shorten_address(name: str) -> str:
    """Return an IP address in its canonical form, any other name as it is: OpenSSL writes out every zero."""
    from ipaddress import ip_address  # noqa: PLC0415  # not for minting

    try:
        return str(ip_address(name))
    except ValueError:
        return name
