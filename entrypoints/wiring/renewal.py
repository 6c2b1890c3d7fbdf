"""The composition root of the commands that renew certificates: which adapter is behind each port."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from adapters.ca.requests import HttpsRequests
from adapters.jose.jws import StepCaSignatures
from adapters.machine.input_files import LocalFiles
from adapters.machine.terminal import Stderr, Terminal
from domain.settings.devices import check_key_sources
from entrypoints.use_cases.ca_ports import CaPorts
from entrypoints.use_cases.renewable_files import RenewableFiles
from entrypoints.wiring.authority import wire_online
from entrypoints.wiring.late_adapters import LateIdentityProvider
from entrypoints.wiring.token import assemble_ports

if TYPE_CHECKING:
    from adapters.machine.services import LocalServices
    from domain.enroll.ports import NewKeys, Services
    from domain.enroll.renewal import RenewalOptions, Schedule
    from domain.enroll.services import ServiceOptions
    from domain.keys.source import KeyFile
    from domain.ports import Configuration
    from domain.token.options import TokenOptions
    from entrypoints.use_cases.renewal import Renewable


def wire_services(options: ServiceOptions) -> LocalServices:
    """Return who is told of a new certificate.

    Raises:
        InputError: the file with a process's identifier cannot be read.
    """
    from adapters.machine.services import LocalServices  # noqa: PLC0415  # slow to load
    from entrypoints.wiring.settings import wire_files  # noqa: PLC0415

    services = LocalServices(options, wire_files())
    services.check()
    return services


def wire_renewable_files(options: RenewalOptions, key: str, ports: CaPorts) -> RenewableFiles:
    """Return the files of a certificate and of its `key`, which may be a pipe or in a device."""
    is_lasting = os.path.isfile(key) and not os.path.abspath(key).startswith(("/dev/", "/proc/"))
    return RenewableFiles(options, ports, is_lasting=is_lasting)


def wire_new_keys(given: KeyFile | None, ports: CaPorts) -> NewKeys:
    """Return what makes keys, or gives the one that there is already.

    Raises:
        InputError: it cannot be opened.
    """
    from adapters.keys.new_key import GivenKey, LocalNewKeys  # noqa: PLC0415  # for these alone

    if given is None:
        return LocalNewKeys()
    return GivenKey(ports.minting.keys.open(given, ports.minting.passwords))


def run_daemon(renewable: Renewable, schedule: Schedule, ports: CaPorts, services: Services) -> int:
    """Keep a certificate renewed until a signal ends that, and return the exit status, 0 as step's."""
    import gc  # noqa: PLC0415  # for what goes on for long alone

    from adapters.output.daemon_log import DaemonLog  # noqa: PLC0415
    from adapters.process.alarm import SignalAlarm  # noqa: PLC0415
    from entrypoints.use_cases.renewal_daemon import DaemonPorts, keep_renewed  # noqa: PLC0415

    gc.enable()
    _load_all()
    minting = ports.minting
    with SignalAlarm() as alarm:
        log = DaemonLog(sys.stdout, sys.stderr)
        found = DaemonPorts(clock=minting.clock, randomness=minting.randomness, alarm=alarm, log=log, services=services)
        keep_renewed(renewable, schedule, found)
    return 0


def _load_all() -> None:
    """Load what a renewal, or the explanation of a refusal, loads where it is first needed.

    A daemon goes on for months: what is installed may be replaced meanwhile by another release, and it may come to have
    as many files open as it may.
    """
    import encodings.idna  # noqa: F401, PLC0415
    import subprocess  # noqa: F401, PLC0415
    import tempfile  # noqa: F401, PLC0415

    from adapters.ca import client_identity, provisioner_json  # noqa: F401, PLC0415
    from adapters.certificates import requests  # noqa: F401, PLC0415
    from adapters.http import identity  # noqa: F401, PLC0415
    from domain.keys import ports  # noqa: F401, PLC0415
    from domain.provisioners import jwk  # noqa: F401, PLC0415


def wire_ca_ports(options: TokenOptions, step_path: Configuration, token: str | None = None) -> CaPorts:
    """Return the real adapters for what is asked of the CA, which a given `token` may name.

    Raises:
        UsageError: an option is missing that this needs.
        InputError: the root cannot be read.
    """
    notices = Stderr(sys.stderr)
    files = LocalFiles(notices.inform)
    check_key_sources(options)
    if token is None:
        authority = wire_online(options, step_path, files)
    else:
        from entrypoints.wiring.certificates import wire_by_token  # noqa: PLC0415  # for these alone

        authority = wire_by_token(token, options, step_path, files)
    provider = LateIdentityProvider(options, notices, os.environ)
    return CaPorts(
        minting=assemble_ports(options, authority, files, Terminal(), notices, provider),
        roots=authority.client.roots,
        requests=HttpsRequests(authority.client),
        signatures=StepCaSignatures(),
    )
