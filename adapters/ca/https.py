"""The API of a running step-ca: its provisioners and their encrypted keys (step-ca, api/api.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from adapters.ca.https_client import HEALTH, MAX_HEALTH_BYTES, HttpsClient
from adapters.ca.provisioner_json import read_provisioners
from adapters.ca.root_file import fingerprint_root, read_certificates
from adapters.http.pool import make_tls_context
from domain.ca.settings import MAX_PROVISIONERS, AuthoritySettings
from domain.ca.url import CaUrl
from domain.errors import AuthorityError, InputError
from domain.formats import json_text
from domain.provisioners.base import Provisioner

MAX_PAGE_BYTES, MAX_KEY_BYTES, MAX_ROOTS_BYTES, MAX_PAGES, PAGE_SIZE = 8 << 20, 64 << 10, 1 << 20, 1_000, 100
MAX_LIST_BYTES = 16 << 20
"""Of all pages of the list of provisioners together."""


class HttpsAuthority:
    """A `PublishedAuthority` (see `domain.provisioners.authority`) that asks a running step-ca.

    Attributes:
        client: The way to it.
        max_pages: How many pages a list may have.
    """

    def __init__(self, client: HttpsClient, *, max_pages: int = MAX_PAGES) -> None:
        self.client = client
        self.max_pages = max_pages

    def url(self) -> CaUrl:
        return self.client.ca_url

    def names(self) -> Sequence[str]:
        """Return the names in the CA's own certificate (step-ca, GetTLSCertificate)."""
        return [_shorten_address(name) if ":" in name else name for name in self.client.names()]

    def root_fingerprint(self) -> str:
        """Return the fingerprint of the root that the CA's certificate was verified by."""
        return fingerprint_root(self.client.roots, self.client.anchor, self._named_roots)

    def _named_roots(self) -> Sequence[bytes]:
        """Return the DER of what the CA names as its roots, nothing where these are not certificates."""
        with suppress(ValueError):
            return read_certificates("\n".join(self._list_roots()).encode())
        return ()

    def source(self) -> tuple[str, str]:
        return "", ""

    def provisioners(self) -> Sequence[Provisioner]:
        """Return what all pages of `GET /provisioners` list."""
        listed: list[Provisioner] = []
        with self.client.spending():
            for entries in self._read_pages():
                listed += read_provisioners(entries)
        return listed

    def list_provisioners(self) -> Sequence[Any]:
        """Return the provisioners as the CA writes them: parsed JSON, its members in their order."""
        with self.client.spending():
            return [entry for entries in self._read_pages() for entry in entries]

    def _read_pages(self) -> Iterator[Sequence[Any]]:
        """Give the entries of each page of the list of provisioners."""
        count, cursor, seen, size = 0, "", {""}, 0
        for _ in range(self.max_pages):
            found, cursor, page_size = self._read_page(cursor, MAX_PROVISIONERS - count)
            yield found
            count += len(found)
            size += page_size
            if size > MAX_LIST_BYTES:
                raise self._misbehaved(f"its list of provisioners is over {MAX_LIST_BYTES} bytes")
            if not cursor:
                return
            if cursor in seen:
                raise self._misbehaved("its list of provisioners never ends: a page comes twice")
            seen.add(cursor)
        raise self._misbehaved(f"its list of provisioners has over {self.max_pages} pages")

    def _read_page(self, cursor: str, room: int) -> tuple[Sequence[Any], str, int]:
        """Return a page's entries, of which there may be `room`, the next cursor, and the bytes that it took."""
        query = urlencode({"limit": PAGE_SIZE} | ({"cursor": cursor} if cursor else {}), quote_via=quote)
        path = f"/provisioners?{query}"
        body = self._get(path, MAX_PAGE_BYTES)
        page = self._parse(path, body)
        entries, following = page.get("provisioners", ""), page.get("nextCursor") or ""
        if not isinstance(entries, list | None) or not isinstance(following, str):
            raise self._misbehaved("its list of provisioners is not a list")
        if entries and len(entries) > room:
            raise self._misbehaved(f"it lists over {MAX_PROVISIONERS} provisioners")
        return entries or [], following, len(body)

    def settings(self) -> AuthoritySettings:
        with self.client.spending():
            roots = self._list_roots()
            user_keys, host_keys = self.list_ssh_keys()
        return AuthoritySettings(
            dns_names=self.names(),
            roots=[root.encode() for root in roots],
            ssh_user_keys=user_keys,
            ssh_host_keys=host_keys,
        )

    def list_ssh_keys(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return standard base64 of the wire bytes of the keys that sign certificates of users, and of hosts."""
        answer = self._get_object("/ssh/roots", MAX_ROOTS_BYTES)
        return self._list_texts(answer, "userKey"), self._list_texts(answer, "hostKey")

    def _list_roots(self) -> Sequence[str]:
        return self._list_texts(self._get_object("/roots", MAX_ROOTS_BYTES), "crts")

    def list_certificates(self, bundle: str) -> Sequence[bytes]:
        """Return the DER of the certificates that the CA names: as its "roots", or as those of its "federation".

        Raises:
            NetworkError, AuthorityError: it cannot be asked, or answers something else.
        """
        path = f"/{bundle}"
        texts = self._list_texts(self._parse(path, self._get(path, MAX_ROOTS_BYTES)), "crts")
        try:
            found = [der for text in texts for der in read_certificates(text.encode())]
            if found:
                make_tls_context(found)
        except (ValueError, InputError) as error:
            raise self._misbehaved(f"among its {bundle} is something else than a certificate") from error
        return found

    def find_root(self, fingerprint: str) -> str | None:
        """Return what the CA answers for the PEM of its root with this SHA-256, lower-case hex; None where it has none.

        Raises:
            NetworkError, AuthorityError: it cannot be asked, or answers something else.
        """
        answer = self._get_object(f"/root/{fingerprint}", MAX_ROOTS_BYTES)
        pem = answer.get("ca")
        if answer and not isinstance(pem, str):
            raise self._misbehaved("it answers with no root certificate")
        return pem

    def health(self) -> str:
        """Return how the CA says that it is: "ok".

        Raises:
            NetworkError, AuthorityError: it cannot be asked, or answers something else.
        """
        status = self._parse(HEALTH, self._get(HEALTH, MAX_HEALTH_BYTES)).get("status")
        if not isinstance(status, str):
            raise self._misbehaved("it does not say how it is")
        return status

    def _list_texts(self, answer: Mapping[str, Any], member: str) -> list[str]:
        """Return the texts in `member`, none where it is absent."""
        texts = answer.get(member) or []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise self._misbehaved(f"{member} in its answer is not a list of texts")
        return texts

    def encrypted_key(self, kid: str) -> str:
        segment = quote(kid, safe="") if kid.strip(".") else "%2E" * len(kid)  # '..' would lead elsewhere
        answer = self._get_object(f"/provisioners/{segment}/encrypted-key", MAX_KEY_BYTES)
        if not answer:
            raise AuthorityError(
                f"the CA at {self.client.ca_url} keeps no key for kid {kid}",
                "give the provisioner's private key with --key, or choose another provisioner",
            )
        key = answer.get("key")
        if not isinstance(key, str) or not key:
            raise self._misbehaved(f"it answers with no key for kid {kid}")
        return key

    def _get_object(self, path: str, limit: int) -> dict[str, Any]:
        """Return the JSON object that a GET of `path` answers with, an empty one where there is no such thing."""
        return self._parse(path, self._get(path, limit, may_be_absent=True))

    def _get(self, path: str, limit: int, *, may_be_absent: bool = False) -> bytes:
        answer = self.client.get(path, limit)
        if may_be_absent and answer.status == 404:
            return b"{}"
        if 300 <= answer.status < 400:
            raise self._misbehaved(f"it redirects {path} to {answer.location or 'nowhere'}, which is refused")
        if answer.status not in (200, 201):  # /roots answers as if it had created them
            raise self._misbehaved(f"it answers {path} with status {answer.status}{_read_message(answer.body)}")
        return answer.body

    def _parse(self, path: str, body: bytes) -> dict[str, Any]:
        try:
            value = json_text.parse_document(body)
            if not isinstance(value, dict):
                raise ValueError("it is not a JSON object")
        except ValueError as error:
            raise self._misbehaved(f"its answer to {path} cannot be used: {error}") from error
        return value

    def _misbehaved(self, what: str) -> AuthorityError:
        return AuthorityError(
            f"the CA at {self.client.ca_url} cannot be used: {what}", "check --ca-url and the CA's log"
        )


def _read_message(body: bytes) -> str:
    """Return the message of step-ca's error body, where it is one, with a colon in front."""
    try:
        message = json_text.parse_document(body).get("message")
    except (ValueError, AttributeError):
        return ""
    return f": {message[:500]}" if isinstance(message, str) else ""


def _shorten_address(name: str) -> str:
    """Return an IP address in its canonical form, any other name as it is: OpenSSL writes out every zero."""
    from ipaddress import ip_address  # noqa: PLC0415  # only for IPv6

    try:
        return str(ip_address(name))
    except ValueError:
        return name
