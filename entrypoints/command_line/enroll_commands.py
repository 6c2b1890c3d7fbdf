"""The table of commands that spend tokens."""

from collections.abc import Sequence

from entrypoints.command_line.commands import ENROLL, Command
from entrypoints.command_line.enroll_options import CERTIFICATE_OPTIONS

CA_CERTIFICATE = Command(
    "ca certificate",
    "make a key, and get a certificate for it",
    "<subject> <crt-file> <key-file>",
    "Makes a private key, mints a token for it by the provisioner that the options name, and asks the CA\n"
    "to sign. The certificate with its intermediates, and the key, are written to two files of mode 0600\n"
    "once both are whole; where anything fails, none is.\n"
    "\n"
    "The request is judged by the rules of verify before it is sent: what the CA would refuse is not\n"
    "asked for. The token is bound to the request where the CA looks at that.",
    CERTIFICATE_OPTIONS,
    (
        ("A certificate for one name", "ca certificate internal.example.com internal.crt internal.key"),
        ("For a day, with an RSA key", "ca certificate web.example.com web.crt web.key --not-after 24h --kty RSA"),
    ),
    ENROLL,
)

ENROLL_COMMANDS: Sequence[Command] = (CA_CERTIFICATE,)
