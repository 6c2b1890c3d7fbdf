"""The table of commands that spend tokens."""

from collections.abc import Sequence

from entrypoints.command_line.commands import ENROLL, Command
from entrypoints.command_line.enroll_options import (
    CERTIFICATE_OPTIONS,
    REKEY_OPTIONS,
    RENEW_OPTIONS,
    REVOKE_OPTIONS,
    SIGN_OPTIONS,
)

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
    "In the place of the key file may be the PKCS#11 URI of a key in a device, which then makes the\n"
    "request and is written nowhere. --password-file alone opens the provisioner's key, as in step;\n"
    "beside --provisioner-password-file or --token, the new key is encrypted by it (PKCS#8).",
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

CA_RENEW = Command(
    "ca renew",
    "renew a certificate",
    "<crt-file> <key-file>",
    "Gets a new certificate for the same key and names, and puts it in the place of the old one, whose\n"
    "mode stays. The certificate itself authorises that, shown by TLS; one that has expired does so by\n"
    "a token, where its provisioner allows that. What is not what was asked for replaces nothing.\n"
    "\n"
    "With --daemon it goes on until SIGINT or SIGTERM, and renews at once upon SIGHUP. What fails is\n"
    "told, and tried again.",
    RENEW_OPTIONS,
    (
        ("A new certificate in the place of the old one", "ca renew internal.crt internal.key --force"),
        ("Beside it", "ca renew internal.crt internal.key --out renewed.crt"),
        ("Only if it expires within 8 hours", "ca renew internal.crt internal.key --force --expires-in 8h"),
        ("By a token, as through a proxy that ends TLS", "ca renew internal.crt internal.key --force --mtls=false"),
        ("Again and again", 'ca renew internal.crt internal.key --daemon --exec "nginx -s reload"'),
    ),
    ENROLL,
)

CA_REKEY = Command(
    "ca rekey",
    "give a certificate another key",
    "<crt-file> <key-file>",
    "Makes a key, gets a certificate for it with the names of the old one, and puts both in the place of\n"
    "the old certificate and key, together or not at all; their modes stay. The old certificate, shown\n"
    "by TLS, authorises that. A new key is encrypted where the old one is, by the same password.",
    REKEY_OPTIONS,
    (
        ("A new key and certificate in the place of the old ones", "ca rekey internal.crt internal.key --force"),
        ("Beside them", "ca rekey internal.crt internal.key --out-cert new.crt --out-key new.key"),
        (
            "By a key that there is already, written as well",
            "ca rekey web.crt web.key --force --private-key other.key --out-key web.key",
        ),
        ("Again and again", 'ca rekey internal.crt internal.key --daemon --exec "nginx -s reload"'),
    ),
    ENROLL,
)

CA_REVOKE = Command(
    "ca revoke",
    "revoke a certificate",
    "<serial|file>",
    "Has the CA renew a certificate no more; it stays valid until it expires, unless whoever meets it\n"
    "looks at the CA's list of revoked ones. A token of a provisioner authorises that, or with --cert\n"
    "and --key the certificate itself. The serial number is decimal, or hex with 0x in front, with\n"
    "colons, or with a letter in it; or the certificate's file is given.",
    REVOKE_OPTIONS,
    (
        ("By its serial number", "ca revoke 308893286343609293989051180431574390766"),
        ("By its file, with a reason", 'ca revoke internal.crt --reason "laptop lost" --reasonCode keyCompromise'),
        ("By itself", "ca revoke --cert internal.crt --key internal.key"),
    ),
    ENROLL,
)

ENROLL_COMMANDS: Sequence[Command] = (CA_CERTIFICATE, CA_SIGN, CA_RENEW, CA_REKEY, CA_REVOKE)
