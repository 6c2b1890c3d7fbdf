"""The table of commands that spend tokens, and of those that ask the CA about itself."""

from collections.abc import Sequence

from entrypoints.command_line.commands import ASK, ENROLL, Command
from entrypoints.command_line.enroll_options import CERTIFICATE_OPTIONS, ONLINE_OPTIONS

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

CA_HEALTH = Command(
    "ca health",
    "ask the CA whether it is well",
    "",
    'Prints "ok" where the CA answers that it is well. The exit status is 1 where it does not.',
    ONLINE_OPTIONS,
    (("Is the CA well?", "ca health"), ("Another one", "ca health --ca-url ca.example.com --root root_ca.crt")),
    ASK,
)

ENROLL_COMMANDS: Sequence[Command] = (CA_CERTIFICATE, CA_HEALTH)
