"""Signing in at an identity provider by Authlib: by the browser (RFC 7636, 8252), or by a device code (RFC 8628)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import webbrowser
from base64 import b64encode
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import attrs
from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.client import OAuth2Client

from adapters.sign_in.id_tokens import check_id_token
from adapters.sign_in.redirect_listener import listen_for_redirect
from adapters.sign_in.session import IdentitySession
from domain.errors import IdentityError
from domain.formats.duration import NANOSECONDS, format_duration
from domain.sign_in.provider import (
    SLOWER,
    DeviceGrant,
    ProviderMetadata,
    read_code,
    read_device_grant,
    read_metadata,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.ports import Clock, Notices, Randomness
    from domain.sign_in.client import IdentityClient

DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_PENDING, _SLOW_DOWN = "authorization_pending", "slow_down"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OidcSignIn:
    """An `IdentityProvider` (see `domain.sign_in.ports`) that a person signs in at with a browser.

    Attributes:
        session: Asks the identity provider.
        patience: Nanoseconds that a person may take.
    """

    session: IdentitySession
    clock: Clock
    randomness: Randomness
    notices: Notices
    patience: int

    def sign_in(self, client: IdentityClient, by_device: bool) -> str:
        document = self.session.get_json(client.discovery_url().text)
        metadata = read_metadata(document, client)
        oauth = OAuth2Client(
            self.session, client_id=client.client_id, client_secret=client.client_secret or None,
            token_endpoint_auth_method=metadata.auth_method, code_challenge_method="S256",
        )  # fmt: skip
        oauth.register_client_auth_method(("client_secret_basic", _prove_in_header))
        nonce = None if by_device else self.randomness.token_id()
        try:
            if nonce is None:
                answer = self._by_device(client, metadata, oauth)
            else:
                answer = self._by_browser(client, metadata, oauth, nonce)
            return self._check(client, metadata, answer, nonce)
        except AuthlibBaseError as error:
            raise _hide(client, refuse(str(error.error), error.description)) from None
        except IdentityError as error:
            raise _hide(client, error) from None

    def _by_browser(
        self, client: IdentityClient, metadata: ProviderMetadata, oauth: OAuth2Client, nonce: str
    ) -> Mapping[str, Any]:
        """Return what the token endpoint gives for the code that the browser comes back with."""
        state, verifier = self.randomness.token_id(), self.randomness.token_id()
        extra = client.extra_parameters()

        def read(pairs: Sequence[tuple[str, str]]) -> str | None:
            return read_code(pairs, state, metadata.issuer, metadata.names_issuer)

        with listen_for_redirect(*client.listen_at(), read) as listener:
            address, _ = oauth.create_authorization_url(
                metadata.authorization_endpoint, state=state, code_verifier=verifier,
                redirect_uri=listener.redirect_uri, scope=client.scope, nonce=nonce,
            )  # fmt: skip
            address = add_params_to_uri(address, extra) if extra else address
            where = _OPENED if open_browser(address) else _NOT_OPENED
            self.notices.inform(f"Sign in at {metadata.issuer} {where}; the address is")
            self.notices.inform(address)
            try:
                code = listener.wait(self.patience / NANOSECONDS)
            except TimeoutError as error:
                raise _give_up(self.patience, listener.strangers) from error
            return self._fetch(
                oauth, metadata, grant_type="authorization_code", code=code, code_verifier=verifier,
                redirect_uri=listener.redirect_uri,
            )  # fmt: skip

    def _by_device(self, client: IdentityClient, metadata: ProviderMetadata, oauth: OAuth2Client) -> Mapping[str, Any]:
        """Return what the token endpoint gives once the person has typed the code anywhere."""
        if not metadata.device_authorization_endpoint:
            raise IdentityError(f"{metadata.issuer} has no device flow", "sign in without --console")
        answer = self.session.post(
            metadata.device_authorization_endpoint, {"scope": client.scope}, _HEADERS,
            oauth.client_auth(metadata.auth_method),
        )  # fmt: skip
        grant = read_device_grant(answer.json(), client.discovery_url().is_loopback)
        self.notices.inform(f"Sign in with any browser at {grant.address} and enter the code {grant.user_code}")
        if grant.complete_address:
            self.notices.inform(f"or at {grant.complete_address}")
        return self._poll(metadata, oauth, grant)

    def _poll(self, metadata: ProviderMetadata, oauth: OAuth2Client, grant: DeviceGrant) -> Mapping[str, Any]:
        """Ask for the token at the provider's pace (RFC 8628, 3.5) until it is there, or time is up."""
        interval, patience = grant.interval, min(grant.expires_in * NANOSECONDS, self.patience)
        deadline = monotonic() + patience / NANOSECONDS
        while monotonic() + interval <= deadline:
            sleep(interval)
            try:
                return self._fetch(oauth, metadata, grant_type=DEVICE_CODE_GRANT, device_code=grant.device_code)
            except AuthlibBaseError as error:
                if error.error not in (_PENDING, _SLOW_DOWN):
                    raise
                interval += SLOWER if error.error == _SLOW_DOWN else 0
        raise _give_up(patience)

    def _fetch(self, oauth: OAuth2Client, metadata: ProviderMetadata, **parameters: str) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = oauth.fetch_token(metadata.token_endpoint, **parameters)
        except (TypeError, ValueError) as error:  # such as an expiry that is not a number
            what = f"the identity provider's answer from {metadata.token_endpoint} cannot be used"
            raise IdentityError(what, "check the address at the CA") from error
        return answer

    def _check(
        self, client: IdentityClient, metadata: ProviderMetadata, answer: Mapping[str, Any], nonce: str | None
    ) -> str:
        token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str):
            raise IdentityError("the identity provider gives no ID token", "add openid to the provisioner's scopes")
        check_id_token(
            token, self.session.get_json(metadata.jwks_uri), self.clock.now(),
            issuer=metadata.issuer, client_id=client.client_id, nonce=nonce,
            access_token=access_token if isinstance(access_token, str) else None,
        )  # fmt: skip
        return token


_OPENED = "in the browser, which has been opened"
_NOT_OPENED = "with a browser on this machine (--console works with one elsewhere)"
_HEADERS = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}


def _prove_in_header(
    client: Any, _: str, uri: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    """Add identifier and secret to the headers, escaped as RFC 6749, 2.3.1 says, which Authlib leaves out."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    return uri, {**headers, "Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, body


def open_browser(url: str) -> bool:
    """Have the person's browser open `url`; return whether `webbrowser` finds one (BROWSER names another).

    It runs beside this process and cannot write to its stdout, where the token goes. STEP_OPEN_BROWSER=0
    leaves it closed, as with step.
    """
    if os.environ.get("STEP_OPEN_BROWSER") == "0":
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    words = [sys.executable, "-I", "-m", "webbrowser", url]
    threading.Thread(target=_run_silently, args=(words,), daemon=True).start()
    return True


def _run_silently(words: list[str]) -> None:
    subprocess.run(  # noqa: S603  # the interpreter's own module, and an address
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )


def _give_up(waited: int, strangers: int = 0) -> IdentityError:
    what = f"nobody signed in within {format_duration(waited)}"
    if strangers:
        what += f"; the browser came back {strangers} times with the state of another sign-in"
    return IdentityError(what, "run the command again, or raise --timeout")


def _hide(client: IdentityClient, error: IdentityError) -> IdentityError:
    """Return the error without the client's secret, which a provider might repeat."""
    if not client.client_secret:
        return error
    return IdentityError(*(text.replace(client.client_secret, "***") for text in (error.what, error.fix)))
