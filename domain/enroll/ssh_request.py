"""What is put to the CA about SSH certificates (step-ca, api/ssh.go, sshRenew.go, sshRekey.go, sshRevoke.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain.ca.cert_types import name_cert_type
from domain.ca_rules.case import SshWishes
from domain.enroll.request import CaRequest, ask_to_revoke
from domain.errors import ForeseenRefusalError
from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.enroll.revocation import Reason
    from domain.formats.moment import Moment


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SshTerms:
    """What a request for an SSH certificate says beside key and token.

    Attributes:
        principals: The names that the certificate is to be for; none for those of the token.
        not_before, not_after: When it is to begin and to end, None for what the CA does of itself.
        template_data: What the CA's templates read.
    """

    is_host: bool
    key_id: str
    principals: tuple[str, ...]
    not_before: Moment | None = None
    not_after: Moment | None = None
    template_data: Mapping[str, Any] = attrs.field(factory=dict)

    def wishes(self) -> SshWishes:
        """Return what of it the CA compares with the token, but for the times."""
        return SshWishes(cert_type=name_cert_type(is_host=self.is_host), key_id=self.key_id, principals=self.principals)


def ask_to_sign_ssh(public_key: str, token: str, terms: SshTerms, add_user_key: str = "") -> CaRequest:
    """Return the request for the certificate of a public key.

    Args:
        public_key: Standard base64 of its wire bytes.
        add_user_key: The same of the key by which a host makes the user, empty for none.
    """
    times = {"validAfter": terms.not_before, "validBefore": terms.not_after}
    members: dict[str, Any] = {
        "publicKey": public_key,
        "ott": token,
        "certType": name_cert_type(is_host=terms.is_host),
        "keyID": terms.key_id,
        "principals": list(terms.principals),
        **{name: moment.canonical() for name, moment in times.items() if moment is not None},
        "addUserPublicKey": add_user_key,
        "templateData": terms.template_data,
    }
    return CaRequest(path=Kind.SSH_USER.path, members={name: value for name, value in members.items() if value})


def check_binding(claims: Mapping[str, Any], fingerprint: str) -> None:
    """Check that a token is not bound to another key, which step-ca itself does not look at for SSH.

    Args:
        claims: The token's.
        fingerprint: Unpadded base64url of the SHA-256 of the key's wire bytes.

    Raises:
        ForeseenRefusalError: it is.
    """
    cnf = claims.get("cnf")
    bound = cnf.get("x5rt#S256") if isinstance(cnf, dict) else None
    if bound and bound != fingerprint:
        raise ForeseenRefusalError("the token is bound to another key, so it was not sent", "mint one for this key")


def ask_to_renew_ssh(token: str) -> CaRequest:
    """Return the request for another certificate of the key that signed the token."""
    return CaRequest(path=Kind.SSH_RENEW.path, members={"ott": token})


def ask_to_rekey_ssh(public_key: str, token: str) -> CaRequest:
    """Return the request for the certificate of a new key, standard base64, in the place of the token's."""
    return CaRequest(path=Kind.SSH_REKEY.path, members={"publicKey": public_key, "ott": token})


def ask_to_revoke_ssh(serial: str, token: str, reason: Reason) -> CaRequest:
    """Return the request that no certificate of this serial number, in decimal, is renewed any more."""
    return attrs.evolve(ask_to_revoke(serial, reason.text, reason.code, token), path=Kind.SSH_REVOKE.path)
