"""SSH certificates from Python: what programs may say of one, and the ports by which it is got."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from adapters.ca.requests import HttpsRequests
from adapters.jose.jws import StepCaSignatures
from adapters.keys.ssh_keys import LocalSshKeys
from adapters.machine.clock import SystemClock
from domain.enroll.ssh_names import name_principals
from domain.enroll.ssh_request import SshTerms
from domain.errors import UsageError
from domain.token.validity import check_certificate_window
from entrypoints.use_cases.ssh_tokens import SshPorts
from step_ott.arguments import check_text, check_texts, read_moment
from step_ott.enrollment import reaching
from step_ott.json_values import copy_user_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.provisioners.credential import Ports
    from step_ott.issuers.asked_ca import AskedCA


def read_ssh_terms(
    key_id: object, principals: object, not_before: object, not_after: object, template_data: object, *, is_host: bool
) -> SshTerms:
    """Return what an SSH certificate is asked for by.

    Raises:
        UsageError: an argument will not do.
    """
    name = check_text(key_id, "key_id")
    if any(character in name for character in "\n\r\0"):
        raise UsageError("key_id= has a line break in it", "leave it out: it ends the lines of .pub files")
    begin, end = read_moment(not_before, "not_before"), read_moment(not_after, "not_after")
    check_certificate_window(begin, end, SystemClock().now())
    return SshTerms(
        is_host=is_host,
        key_id=name,
        principals=check_texts(principals, "principals") or name_principals(name, is_host=is_host),
        not_before=begin,
        not_after=end,
        template_data={} if template_data is None else copy_user_data(template_data, "template_data"),
    )


@contextmanager
def changing_ssh(ca: AskedCA, minting: Ports[Any]) -> Iterator[SshPorts]:
    """Give the ports to a running CA by which SSH certificates are got, for the time of a block.

    Raises:
        UsageError: the CA does not run.
    """
    with reaching(ca) as authority:
        yield SshPorts(
            minting=attrs.evolve(minting, authority=authority),
            requests=HttpsRequests(authority.client),
            new_keys=LocalSshKeys(),
            signatures=StepCaSignatures(),
        )
