"""Issuers of the types that sign anything, at a real step-ca."""

from pathlib import Path

import pytest

import step_ott
from tests.support.issuing import JWK, know_ca, read_password
from tests.support.provisioned_ca import X5C, ProvisionedCa


@pytest.fixture(scope="module")
def jwk_issuer(provisioned_ca: ProvisionedCa) -> step_ott.JwkIssuer:
    """An issuer by name and password."""
    return step_ott.JwkIssuer(know_ca(provisioned_ca.ca), JWK, password=read_password(provisioned_ca.ca))


@pytest.fixture
def x5c_issuer(provisioned_ca: ProvisionedCa, tmp_path: Path) -> step_ott.X5cIssuer:
    """An issuer by a certificate and its key."""
    held = provisioned_ca.hold(tmp_path, "web.test")
    return step_ott.X5cIssuer(know_ca(provisioned_ca.ca), held.certificate, held.key, name=X5C)


@pytest.fixture(params=["JWK", "X5C"])
def issuer(request: pytest.FixtureRequest) -> step_ott.JwkIssuer | step_ott.X5cIssuer:
    """Each of the two types that sign anything."""
    found: step_ott.JwkIssuer | step_ott.X5cIssuer = request.getfixturevalue(f"{request.param.lower()}_issuer")
    return found
