"""How SSH certificates come into files: with the key that they are for, all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.enroll.key_kind import USUAL_KIND
from domain.enroll.ssh_files import SshFileNames, format_line, name_ssh_files
from domain.errors import UsageError, naming, naming_pair
from domain.formats.file_mode import FOR_ALL, OWNER_ALONE
from domain.ports import OutputFile
from entrypoints.use_cases.ssh_certificates import obtain_ssh_certificate, rekey_ssh_certificate, renew_ssh_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.certificates.x509_and_ssh import SshCertificate, SshPublicKey
    from domain.enroll.ssh_options import SshCertificateOptions
    from domain.enroll.ssh_ports import NewSshKey, SshSink
    from domain.enroll.ssh_renewal import SshRenewalOptions
    from domain.keys.ports import Passwords
    from entrypoints.use_cases.ssh_tokens import SshPorts

MAX_KEY_BYTES = 1 << 20


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WrittenSsh:
    """What was written.

    Attributes:
        names: The files.
        add_user: Those by which a host makes the user, None where there are none.
        differences: What the CA decided otherwise than was asked for, a phrase each.
    """

    names: SshFileNames
    add_user: SshFileNames | None = None
    differences: Sequence[str] = ()


def write_ssh_certificate(
    options: SshCertificateOptions,
    key_file: str,
    files: SshSink,
    ports: SshPorts,
    *,
    passwords: Passwords | None,
    token: str | None = None,
) -> WrittenSsh:
    """Get a certificate, and write it, and its key where that is new.

    Args:
        options: What is asked for.
        key_file: The file of the key; of a public key that is there, where no key is made.
        files: Where all goes.
        ports: What else is outside.
        passwords: What a new key is encrypted by, None for nothing.
        token: One that is there, None where one is minted.
    """
    names = name_ssh_files(key_file, signs=options.key_kind is None)
    add_user_names = name_ssh_files(f"{key_file}-provisioner") if options.adds_user else None
    files.check(list_written_files(options, key_file))
    if options.key_kind is None:
        issued = obtain_ssh_certificate(options, _read_key(key_file, ports), ports, token=token)
        files.deliver(list(_list_files(names, issued.certificate, options.terms.key_id)))
        return WrittenSsh(names=names, differences=issued.differences)
    password = None if passwords is None else choose_password(passwords)
    key = ports.new_keys.make(options.key_kind)
    add_user_key = ports.new_keys.make(options.key_kind) if options.adds_user else None
    issued = obtain_ssh_certificate(
        options, key.public, ports, token=token, add_user_key=add_user_key.public if add_user_key else None
    )
    written = list(_list_files(names, issued.certificate, options.terms.key_id, key, password))
    if add_user_names is not None and add_user_key is not None and issued.add_user is not None:
        written += _list_files(add_user_names, issued.add_user, options.add_user_comment, add_user_key)
    else:
        add_user_names = None
    files.deliver(written)
    return WrittenSsh(names=names, add_user=add_user_names, differences=issued.differences)


def list_written_files(options: SshCertificateOptions, key_file: str) -> list[str]:
    """Return the files that `write_ssh_certificate` writes."""
    paths = name_ssh_files(key_file, signs=options.key_kind is None).list_paths()
    return paths + (name_ssh_files(f"{key_file}-provisioner").list_paths() if options.adds_user else [])


def write_renewed_ssh(options: SshRenewalOptions, files: SshSink, ports: SshPorts) -> str:
    """Renew a certificate, write the new one, and return its file."""
    path = options.out or options.certificate
    files.check([path])
    before = read_ssh_certificate_file(options.certificate, ports)
    with naming_pair(options.certificate, options.key):
        certificate = renew_ssh_certificate(options.minting, before, ports)
    files.deliver([OutputFile(path, format_line(certificate.wire, before.key_id), FOR_ALL)])
    return path


def write_rekeyed_ssh(
    options: SshRenewalOptions, files: SshSink, passwords: Passwords | None, ports: SshPorts
) -> SshFileNames:
    """Get a certificate for a new key in the place of another, write both, and return the files."""
    names = name_rekeyed_files(options)
    files.check(names.list_paths())
    before = read_ssh_certificate_file(options.certificate, ports)
    password = None if passwords is None else choose_password(passwords)
    key = ports.new_keys.make(USUAL_KIND)
    with naming_pair(options.certificate, options.key):
        certificate = rekey_ssh_certificate(options.minting, before, key.public, ports)
    files.deliver(list(_list_files(names, certificate, before.key_id, key, password)))
    return names


def name_rekeyed_files(options: SshRenewalOptions) -> SshFileNames:
    """Return the files that a rekeying writes."""
    usual = name_ssh_files(options.out or options.key)
    return usual if options.out else attrs.evolve(usual, certificate=options.certificate)


def choose_password(passwords: Passwords) -> bytes:
    """Return the password of a new key.

    Raises:
        UsageError: there is none.
    """
    try:
        password = next(filter(None, passwords.candidates("the password to encrypt the private key")), None)
    except UsageError as error:
        raise UsageError(error.what, f"{error.fix}, or leave the key as it is by --no-password --insecure") from error
    if password is None:
        raise UsageError("the password to encrypt the private key is empty", "type one")
    return password


def read_ssh_certificate_file(path: str, ports: SshPorts) -> SshCertificate:
    """Return the SSH certificate in a file."""
    with naming(path):
        return ports.minting.certificates.read_ssh(ports.minting.files.read(path, MAX_KEY_BYTES))


def _read_key(path: str, ports: SshPorts) -> SshPublicKey:
    with naming(path):
        return ports.minting.certificates.read_ssh_key(ports.minting.files.read(path, MAX_KEY_BYTES))


def _list_files(
    names: SshFileNames,
    certificate: SshCertificate,
    comment: str,
    key: NewSshKey | None = None,
    password: bytes | None = None,
) -> Iterator[OutputFile]:
    """Give the files of a certificate, and of its key where that is new."""
    if key is not None:
        yield OutputFile(names.private_key, key.serialize(password), OWNER_ALONE)
        yield OutputFile(names.public_key, format_line(key.public.wire, comment), FOR_ALL)
    yield OutputFile(names.certificate, format_line(certificate.wire, comment), FOR_ALL)
