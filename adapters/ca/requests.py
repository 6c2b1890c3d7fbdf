"""Requests to a running step-ca that change something (step-ca, api/api.go)."""

from __future__ import annotations

import threading
from time import sleep
from typing import TYPE_CHECKING

from domain.enroll.answer import CaAnswer
from domain.formats import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.ca.https_client import HttpsClient
    from domain.certificates.x509_and_ssh import Certificate
    from domain.enroll.request import CaRequest
    from domain.keys.ports import Signer

MAX_ANSWER_BYTES = 1 << 20


class HttpsRequests:
    """Puts requests to a running CA (see `domain.enroll.ports.CaRequests`).

    Attributes:
        client: The way to it.
    """

    def __init__(self, client: HttpsClient) -> None:
        self.client = client

    def presenting(self, chain: Sequence[Certificate], signer: Signer) -> HttpsRequests:
        from adapters.ca.client_identity import make_identity  # noqa: PLC0415  # for these alone

        return HttpsRequests(self.client.presenting(make_identity(chain, signer)))

    def start_over(self) -> None:
        self.client.start_over()

    def wait(self, seconds: float) -> None:
        with self.client.spending():
            sleep(seconds)

    def put(self, request: CaRequest) -> CaAnswer:
        headers = {"Authorization": f"Bearer {request.bearer}"} if request.bearer else {}
        answer = self.client.post(request.path, json_text.serialize(request.members), MAX_ANSWER_BYTES, headers)
        try:
            members = json_text.parse(answer.body)
        except ValueError:
            members = None
        return CaAnswer(answer.status, members if isinstance(members, dict) else {})


class RequestsOfThread(threading.local):
    """The same for each thread that asks, over a connection of its own (see `domain.enroll.ports.SharedRequests`)."""

    def __init__(self, client: HttpsClient) -> None:
        self._requests = HttpsRequests(client.again())

    def put(self, request: CaRequest) -> CaAnswer:
        return self._requests.put(request)

    def wait(self, seconds: float) -> None:
        self._requests.wait(seconds)

    def renew_time(self) -> None:
        self._requests.client.renew_time()
