"""The files of SSH certificates, by the names that OpenSSH and step look for them under."""

from __future__ import annotations

from base64 import b64decode

import attrs

PUBLIC, CERTIFICATE = ".pub", "-cert.pub"


@attrs.frozen
class SshFileNames:
    """Where a key, its public half and its certificate are; empty for a file that is not written."""

    private_key: str
    public_key: str
    certificate: str

    def list_paths(self) -> list[str]:
        """Return those that are written."""
        return [path for path in (self.private_key, self.public_key, self.certificate) if path]


def name_ssh_files(key_file: str, *, signs: bool = False) -> SshFileNames:
    """Return the files of the key `key_file`; with `signs` it is a public key that is there, and stays as it is."""
    if signs:
        return SshFileNames("", "", key_file.removesuffix(PUBLIC) + CERTIFICATE)
    return SshFileNames(key_file, key_file + PUBLIC, key_file + CERTIFICATE)


def format_line(wire: str, comment: str) -> bytes:
    """Return a public key or certificate, standard base64 of its wire bytes, as OpenSSH reads it from a file."""
    return f"{format_key(wire)} {comment}\n".encode()


def format_key(wire: str) -> str:
    """Return the same without a comment: the algorithm, which the bytes begin with (RFC 4253, 6.6), and base64.

    Raises:
        ValueError: it is not base64, or begins with no name.
    """
    data = b64decode(wire, validate=True)
    algorithm = data[4 : 4 + int.from_bytes(data[:4], "big")].decode("ascii")
    if not algorithm.isprintable() or " " in algorithm or not algorithm:
        raise ValueError("it begins with no algorithm's name")
    return f"{algorithm} {wire}"
