"""A web service that hands each host the token for its own certificate: `uvicorn web_service:app`.

It stands behind a proxy that has verified the host's client certificate, sets X-Verified-Host to the name in it, and
takes that header from nobody else. FastAPI calls a plain function in a thread of its own: issuers are made for that.
"""

import os
from pathlib import Path

from fastapi import FastAPI, Header
from fastapi.responses import PlainTextResponse

import step_ott

ca = step_ott.CA(os.environ["CA_URL"], root=os.environ["CA_ROOT"])
issuer = ca.issuer("sandbox@example.com", password=Path(os.environ["CA_PASSWORD_FILE"]))
app = FastAPI()


@app.post("/token", response_class=PlainTextResponse)
def hand_out(x_verified_host: str = Header()) -> str:
    return issuer.token(x_verified_host)
