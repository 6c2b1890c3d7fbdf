"""The rows of the table of options for commands about SSH certificates."""

from collections.abc import Sequence

from entrypoints.command_line.enroll_options import FORCE, ONLINE_OPTIONS, REASON_OPTIONS, TERMS_OPTIONS
from entrypoints.command_line.options import (
    FORMAT,
    KEY_KIND_OPTIONS,
    NEW_KEY,
    OUTPUT,
    PROVISIONER_OPTIONS,
    REQUEST,
    SIGNER,
    SIGNING_OPTIONS,
    SSHPOP_OPTIONS,
    SUBJECT,
    Option,
    ValueKind,
    switch,
)

_TOKEN = Option("token", "token|file", "A token that is there, in place of one that is minted.", SIGNER)
_PROVISIONER = tuple(option for option in SIGNING_OPTIONS if option.name == "provisioner")
_PASSWORD_FILES = tuple(option for option in PROVISIONER_OPTIONS if option.name.endswith("password-file"))

SEAL_OPTIONS: Sequence[Option] = (
    Option("password-file", "file", "File with the password that encrypts the new key; without "
           "--provisioner-password-file, of the key that signs the token too.", NEW_KEY),
    switch("no-password", "Do not encrypt the new key; needs --insecure.", NEW_KEY),
    switch("insecure", "With --no-password: yes, leave the new key as it is.", NEW_KEY),
)  # fmt: skip
"""How a new key is encrypted."""

SSH_CERTIFICATE_OPTIONS: Sequence[Option] = (
    switch("host", "A host certificate instead of a user certificate.", REQUEST),
    switch("sign", "Make no key: the file is that of a public key, which gets the certificate.", REQUEST),
    switch("add-user", "Make a second key, and get the certificate for it by which hosts make the user.", REQUEST),
    Option("principal", "name", "User or host name that the certificate is for. Repeatable. Default: for a host the "
           "key identifier; for a user what stands in it before the @, and all of it.", SUBJECT, ValueKind.LIST,
           ("n",)),
    *TERMS_OPTIONS,
    *KEY_KIND_OPTIONS,
    *SEAL_OPTIONS,
    _TOKEN,
    *SIGNING_OPTIONS,
    *(option for option in PROVISIONER_OPTIONS if option.name != "password-file"),
    *ONLINE_OPTIONS,
    Option("comment", "text", "What an SSH agent calls the key. Default: the key identifier.", OUTPUT),
    switch("no-agent", "Do not add key and certificate to an SSH agent.", OUTPUT),
    Option("host-id", "id", "With --host: a UUID, or machine: who the host is in an identity certificate, which no "
           "step-ca asks for.", SUBJECT),
    FORCE,
)  # fmt: skip

SSH_RENEW_OPTIONS: Sequence[Option] = (
    *_PROVISIONER,
    *_PASSWORD_FILES,
    *ONLINE_OPTIONS,
    Option("out", "file", "File for the new certificate. Default: that of the old one.", OUTPUT,
           aliases=("output-file",)),
    FORCE,
)  # fmt: skip

SSH_REKEY_OPTIONS: Sequence[Option] = (
    *SEAL_OPTIONS,
    *_PROVISIONER,
    *(option for option in _PASSWORD_FILES if option.name != "password-file"),
    *ONLINE_OPTIONS,
    Option("out", "file", "File for the new key; .pub and -cert.pub are added for the others. Default: those of the "
           "old ones.", OUTPUT),
    FORCE,
)  # fmt: skip

SSH_REVOKE_OPTIONS: Sequence[Option] = (
    *REASON_OPTIONS,
    _TOKEN,
    *SIGNING_OPTIONS,
    *SSHPOP_OPTIONS,
    *_PASSWORD_FILES,
    *ONLINE_OPTIONS,
)  # fmt: skip

SSH_ROOTS_OPTIONS: Sequence[Option] = (
    switch("host", "The keys for host certificates instead of those for user certificates.", REQUEST),
    *ONLINE_OPTIONS,
    FORMAT,
)
