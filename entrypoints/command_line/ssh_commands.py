"""The table of commands about SSH certificates."""

from collections.abc import Sequence

from entrypoints.command_line.commands import SSH, Command
from entrypoints.command_line.ssh_options import (
    SSH_CERTIFICATE_OPTIONS,
    SSH_REKEY_OPTIONS,
    SSH_RENEW_OPTIONS,
    SSH_REVOKE_OPTIONS,
    SSH_ROOTS_OPTIONS,
)

SSH_CERTIFICATE = Command(
    "ssh certificate",
    "make an SSH key, and get a certificate for it",
    "<key-id> <key-file>",
    "Makes a private key, mints a token for it by the provisioner that the options name, and asks the CA\n"
    "to sign. The key comes into <key-file>, mode 0600 and in OpenSSH's format, its public half into\n"
    "<key-file>.pub, the certificate into <key-file>-cert.pub: all three, or where anything fails, none.\n"
    "With --sign, <key-file> is a public key that is there, and only the certificate is written.\n"
    "\n"
    "The request is judged by the rules of verify before it is sent: what the CA would refuse is not\n"
    "asked for.",
    SSH_CERTIFICATE_OPTIONS,
    (
        ("A user's certificate and key", "ssh certificate max@example.com id_ecdsa --no-agent"),
        (
            "For two hours, with an Ed25519 key",
            "ssh certificate max@example.com id_ed25519 --kty OKP --not-after 2h --no-agent",
        ),
        (
            "A host's, whose key is not encrypted",
            "ssh certificate --host internal.example.com ssh_host_ecdsa_key \\\n    --no-password --insecure",
        ),
        ("For a host's key that is there", "ssh certificate --host --sign internal.example.com ssh_host_ecdsa_key.pub"),
        ("For other names than the key identifier", "ssh certificate -n max -n root ops id_ecdsa --no-agent"),
    ),
    SSH,
)

SSH_RENEW = Command(
    "ssh renew",
    "renew an SSH host certificate by its own key",
    "<crt-file> <key-file>",
    "Mints a token by the certificate's key, for the CA's provisioner of type SSHPOP, and has the CA sign\n"
    "again for the same key, names and time. step-ca renews host certificates alone.",
    SSH_RENEW_OPTIONS,
    (
        ("In the place of the old one", "ssh renew --force ssh_host_ecdsa_key-cert.pub ssh_host_ecdsa_key"),
        (
            "In another file",
            "ssh renew --out new-cert.pub ssh_host_ecdsa_key-cert.pub ssh_host_ecdsa_key",
        ),
    ),
    SSH,
)

SSH_REKEY = Command(
    "ssh rekey",
    "get a new key for an SSH host certificate by its old one",
    "<crt-file> <key-file>",
    "Makes a new key, mints a token by the old one, for the CA's provisioner of type SSHPOP, and has the\n"
    "CA sign for the new key and the same names and time. Key and certificate are replaced together, or\n"
    "with --out come into other files.",
    SSH_REKEY_OPTIONS,
    (
        (
            "In the place of the old ones",
            "ssh rekey --force --no-password --insecure \\\n    ssh_host_ecdsa_key-cert.pub ssh_host_ecdsa_key",
        ),
        (
            "Beside them",
            "ssh rekey --out new_key --no-password --insecure \\\n    ssh_host_ecdsa_key-cert.pub ssh_host_ecdsa_key",
        ),
    ),
    SSH,
)

SSH_REVOKE = Command(
    "ssh revoke",
    "revoke an SSH certificate",
    "[<serial>]",
    "Has the CA renew and rekey no certificate of this serial number any more; hosts take it until it\n"
    "ends. With --sshpop-cert and --sshpop-key a certificate revokes itself, and the number can be left\n"
    "out. The number is decimal, or hex as in ca revoke; or the certificate's file is named.",
    SSH_REVOKE_OPTIONS,
    (
        ("By a provisioner", "ssh revoke 3997477584487736496"),
        ("The certificate in a file", "ssh revoke ./ssh_host_ecdsa_key-cert.pub"),
        (
            "By its own key, which was stolen",
            "ssh revoke --reasonCode KeyCompromise \\\n"
            "    --sshpop-cert ssh_host_ecdsa_key-cert.pub --sshpop-key ssh_host_ecdsa_key",
        ),
    ),
    SSH,
)

SSH_ROOTS = Command(
    "ssh roots",
    "print the keys by which the CA signs SSH certificates",
    "",
    "Prints the public keys that hosts take user certificates by, or with --host those that users take\n"
    "host certificates by, a line each, as in authorized_keys.",
    SSH_ROOTS_OPTIONS,
    (("For TrustedUserCAKeys in sshd_config", "ssh roots"), ("For @cert-authority in known_hosts", "ssh roots --host")),
    SSH,
)

SSH_COMMANDS: Sequence[Command] = (SSH_CERTIFICATE, SSH_RENEW, SSH_REKEY, SSH_REVOKE, SSH_ROOTS)
