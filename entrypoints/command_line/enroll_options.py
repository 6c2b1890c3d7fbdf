"""The rows of the table of options for commands that ask the CA for more than a token's makings."""

from collections.abc import Sequence

from entrypoints.command_line.options import (
    AUTHORITY_OPTIONS,
    KEY_KIND_OPTIONS,
    NEW_KEY,
    OUTPUT,
    PROVISIONER_OPTIONS,
    REQUEST,
    SIGNER,
    SIGNING_OPTIONS,
    SUBJECT,
    TOKEN_OPTIONS,
    VALIDITY,
    Option,
    ValueKind,
    switch,
)

TIMES, SERVICES = "When", "Who is told"
_MOMENT = "time|duration"

NOT_ONLINE = frozenset({"offline", "ca-config"})
"""Options of which nothing is left where the CA itself is asked."""

ONLINE_OPTIONS: Sequence[Option] = tuple(option for option in AUTHORITY_OPTIONS if option.name not in NOT_ONLINE)
"""Which CA is asked, and how long."""

TERMS_OPTIONS: Sequence[Option] = (
    Option("not-before", _MOMENT, "When the certificate begins: an RFC 3339 time, or a duration from when the CA signs "
           "it. Default: as the CA does.", VALIDITY),
    Option("not-after", _MOMENT, "When the certificate ends, likewise.", VALIDITY),
    Option("set", "key=value", "A member of the data for the CA's templates; the value is JSON where it parses, else "
           "text. Repeatable, merged over --set-file.", SUBJECT, ValueKind.LIST),
    Option("set-file", "file", "JSON object of data for the CA's templates.", SUBJECT),
)  # fmt: skip
"""What is asked of the CA beside the names."""

_PASSWORD_FILE = Option("password-file", "file", "File with the password of the key.", SIGNER)
_KMS = next(option for option in SIGNING_OPTIONS if option.name == "kms")
FORCE = switch("force", "Replace the files if they exist.", OUTPUT, "f")

SERVICE_OPTIONS: Sequence[Option] = (
    Option("exec", "command", "Program to run after that, with its arguments behind single spaces; no shell reads it.",
           SERVICES),
    Option("pid", "number", "Process to send a signal to after that.", SERVICES),
    Option("pid-file", "file", "File with the identifier of that process, read each time.", SERVICES),
    Option("signal", "number", "Which signal. Default: 1, SIGHUP.", SERVICES),
)  # fmt: skip
"""Who is told of a new certificate."""


def _schedule(verb: str) -> Sequence[Option]:
    return (
        Option("expires-in", "duration", f"{verb.capitalize()} it only if it expires within this time; up to a "
               "twentieth of it is left to chance.", TIMES),
        switch("daemon", f"Go on, and {verb} it whenever two thirds of its life are over, or --expires-in or "
               f"--{verb}-period says so.", TIMES),
        Option(f"{verb}-period", "duration", f"With --daemon: how often to {verb} it.", TIMES),
    )  # fmt: skip


RENEW_OPTIONS: Sequence[Option] = (
    switch("mtls", "Show the certificate by TLS; --mtls=false authorises the request by a token. Default: by TLS, "
           "unless the certificate has expired or the key is in a device.", SIGNER),
    _PASSWORD_FILE,
    _KMS,
    *_schedule("renew"),
    *SERVICE_OPTIONS,
    *ONLINE_OPTIONS,
    Option("output-file", "file", "Write the new certificate to this file. Default: replace the old one.", OUTPUT,
           aliases=("out",)),
    FORCE,
)  # fmt: skip

REKEY_OPTIONS: Sequence[Option] = (
    *KEY_KIND_OPTIONS,
    Option("private-key", "file", "Private key to use in place of a new one; only --out-key writes it: the "
           "certificate is then for this key, and the old key file stays as it is.", NEW_KEY),
    _PASSWORD_FILE,
    *_schedule("rekey"),
    *SERVICE_OPTIONS,
    *ONLINE_OPTIONS,
    Option("out-cert", "file", "Write the new certificate to this file. Default: replace the old one.", OUTPUT),
    Option("out-key", "file", "Write its key to this file. Default: replace the old one.", OUTPUT),
    FORCE,
)  # fmt: skip

TOKEN = Option("token", "token|file", "The token to spend, the file that it is in, or - for standard input, in place "
               "of one that is minted.", SIGNER)  # fmt: skip

SIGN_OPTIONS: Sequence[Option] = (
    *TERMS_OPTIONS, TOKEN, *SIGNING_OPTIONS, *PROVISIONER_OPTIONS, *ONLINE_OPTIONS, FORCE
)  # fmt: skip

_PASSWORD_FILES = Option("password-file", "file", "File with the password of the signing key; beside "
                        "--provisioner-password-file or --token: with the one to encrypt the new key by.",
                        SIGNER)  # fmt: skip

REASON_OPTIONS: Sequence[Option] = (
    Option("reason", "text", "Why it is revoked, in words.", REQUEST),
    Option("reason-code", "reason", "Why it is revoked, as RFC 5280 counts reasons: 0 to 10, or a name such as "
           "keyCompromise. Default: 0, unspecified.", REQUEST, aliases=("reasonCode",)),
)  # fmt: skip
"""Why a certificate is revoked."""

REVOKE_OPTIONS: Sequence[Option] = (
    Option("cert", "file", "Certificate that revokes itself, shown by TLS with --key.", REQUEST),
    TOKEN,
    *REASON_OPTIONS,
    *SIGNING_OPTIONS,
    *PROVISIONER_OPTIONS,
    *ONLINE_OPTIONS,
)  # fmt: skip

CERTIFICATE_OPTIONS: Sequence[Option] = (
    *(option for option in TOKEN_OPTIONS if option.name == "san"),
    *TERMS_OPTIONS,
    *KEY_KIND_OPTIONS,
    TOKEN,
    *SIGNING_OPTIONS,
    *(_PASSWORD_FILES if option.name == "password-file" else option for option in PROVISIONER_OPTIONS),
    *ONLINE_OPTIONS,
    FORCE,
)  # fmt: skip
