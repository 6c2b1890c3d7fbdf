"""The table of commands that spend tokens."""

from collections.abc import Sequence

from entrypoints.command_line.commands import ENROLL, Command
from entrypoints.command_line.enroll_options import CERTIFICATE_OPTIONS, SIGN_OPTIONS

CA_CERTIFICATE = Command(
    "ca certificate",
    "make a key, and get a certificate for it",
    "<subject> <crt-file> <key-file>",
    "Makes a private key, mints a token for it by the provisioner that the options name, and asks the CA\n"
    "to sign. The certificate with its intermediates, and the key, are written to two files of mode 0600\n"
    "once both are whole; where anything fails, none is.\n"
    "\n"
    "The request is judged by the rules of verify before it is sent: what the CA would refuse is not\n"
    "asked for. The token is bound to the request where the CA looks at that.\n"
    "\n"
    "In the place of the key file may be the PKCS#11 URI of a key in a device, which makes the request\n"
    "and is written nowhere. --password-file alone opens the provisioner's key, as in step; beside\n"
    "--provisioner-password-file or --token, the new key is encrypted by it (PKCS#8).",
    CERTIFICATE_OPTIONS,
    (
        ("A certificate for one name", "ca certificate internal.example.com internal.crt internal.key"),
        ("For a day, with an RSA key", "ca certificate web.example.com web.crt web.key --not-after 24h --kty RSA"),
        ("For several names", "ca certificate web web.crt web.key --san web.example.com --san 10.0.0.7"),
        ("By a token that is in a file", "ca certificate web.example.com web.crt web.key --token token.txt"),
    ),
    ENROLL,
)

CA_SIGN = Command(
    "ca sign",
    "get a certificate for a certificate signing request",
    "<csr-file> <crt-file>",
    "Mints a token for the names of the CSR, bound to it, and asks the CA to sign. The certificate with\n"
    "its intermediates is written to a file of mode 0600. The CSR is PEM or DER, - for standard input,\n"
    "and has to be signed by its own key.",
    SIGN_OPTIONS,
    (
        ("A certificate for a CSR", "ca sign internal.csr internal.crt"),
        ("By a token that is in a file", "ca sign internal.csr internal.crt --token token.txt"),
    ),
    ENROLL,
)

ENROLL_COMMANDS: Sequence[Command] = (CA_CERTIFICATE, CA_SIGN)
