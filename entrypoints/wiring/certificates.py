"""The composition root of the commands that get certificates: which adapter is behind each port."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

import attrs

from adapters.ca.requests import HttpsRequests
from adapters.jose.jws import StepCaSignatures
from adapters.keys.new_key import LocalNewKeys
from adapters.keys.passwords import FilePassword, TypedPassword
from adapters.machine.input_files import LocalFiles
from adapters.machine.terminal import Stderr, Terminal
from domain.settings.devices import check_key_sources
from domain.token.go_jws import read_go_jws
from entrypoints.use_cases.certificates import EnrollPorts, SigningPorts
from entrypoints.use_cases.inspect import read_source
from entrypoints.wiring.authority import connect, wire_online, wire_root_source
from entrypoints.wiring.late_adapters import LateIdentityProvider
from entrypoints.wiring.token import assemble_ports

if TYPE_CHECKING:
    from adapters.ca.https import HttpsAuthority
    from domain.enroll.options import CertificateOptions
    from domain.enroll.ports import NewKeys, PairSink, SharedRequests
    from domain.ports import Configuration, InputFiles
    from domain.provisioners.authority import PublishedAuthority
    from domain.provisioners.credential import Ports
    from domain.token.options import TokenOptions


def wire_enroll_ports(
    options: CertificateOptions, step_path: Configuration, pair: PairSink
) -> tuple[EnrollPorts, str | None]:
    """Return the real adapters for one certificate, and the token that is given for it, if any.

    Raises:
        UsageError: an option is missing that this needs.
        InputError: the root or the token cannot be read.
    """
    ports, token = _wire_signing_ports(options, step_path)
    passwords = _wire_password(options, ports.minting.files) if options.encrypts_key else None
    return EnrollPorts(**attrs.asdict(ports, recurse=False), pair=pair, key_passwords=passwords), token


def wire_fleet_ports(options: CertificateOptions, step_path: Configuration) -> tuple[SigningPorts, SharedRequests]:
    """Return the real adapters for many certificates, and those among them that the CA is asked through.

    Raises:
        UsageError: an option is missing that this needs.
        InputError: the root cannot be read.
    """
    from adapters.ca.requests import RequestsOfThread  # noqa: PLC0415  # for these alone

    ports, _ = _wire_signing_ports(options, step_path)
    authority: HttpsAuthority = cast("HttpsAuthority", ports.minting.authority)
    requests = RequestsOfThread(authority.client)
    return attrs.evolve(ports, requests=requests), requests


def _wire_signing_ports(options: CertificateOptions, step_path: Configuration) -> tuple[SigningPorts, str | None]:
    """Return the same without where certificate and key go."""
    notices = Stderr(sys.stderr)
    files, minting = LocalFiles(notices.inform), options.minting
    check_key_sources(minting)
    token = None if options.token is None else _read_token(options, files)
    authority = (
        wire_online(minting, step_path, files) if token is None else wire_by_token(token, minting, step_path, files)
    )
    provider = LateIdentityProvider(minting, notices, os.environ)
    ports = assemble_ports(minting, authority, files, Terminal(), notices, provider)
    notices.inform(f"✔ CA: {authority.url()}")
    return SigningPorts(
        minting=ports,
        roots=authority.client.roots,
        requests=HttpsRequests(authority.client),
        new_keys=_wire_keys(options, ports),
        signatures=StepCaSignatures(),
    ), token


def _read_token(options: CertificateOptions, files: InputFiles) -> str:
    with options.minting.naming("token", str(options.token)):
        return read_source(str(options.token), files, str.strip)


def wire_by_token(token: str, options: TokenOptions, step_path: Configuration, files: InputFiles) -> HttpsAuthority:
    """Return the CA that the settings or the token name, trusted by the root at hand, else by the token's."""
    from domain.enroll.given_token import find_ca_url, find_root_fingerprint  # noqa: PLC0415  # for these alone

    claims = read_go_jws(token).claims
    ca_url, fingerprint = options.ca_url or find_ca_url(claims), find_root_fingerprint(claims)
    has_root = options.text("root") is not None or os.path.exists(step_path.default_root())
    if has_root or fingerprint is None or ca_url is None:
        return wire_online(attrs.evolve(options, ca_url=ca_url), step_path, files)
    return connect(ca_url, [wire_root_source(options, os.environ).find(ca_url, fingerprint)], options)


def _wire_keys(options: CertificateOptions, ports: Ports[PublishedAuthority]) -> NewKeys:
    if options.device_key is None:
        return LocalNewKeys()
    from adapters.keys.device_request import DeviceKeys  # noqa: PLC0415  # for these alone

    return DeviceKeys(ports.keys.open(options.device_key, TypedPassword(ports.prompter)))


def _wire_password(options: CertificateOptions, files: InputFiles) -> FilePassword:
    setting = options.settings["password-file"]
    return FilePassword(files, str(setting.value), setting.shown(str(setting.value)))
