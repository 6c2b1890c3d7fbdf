"""The rows of the table of options for commands that ask the CA about itself."""

from collections.abc import Sequence

from entrypoints.command_line.enroll_options import ONLINE_OPTIONS
from entrypoints.command_line.options import AUTHORITY, CONTEXTS, OUTPUT, Option, switch

FORCE = switch("force", "Replace files that exist without asking.", OUTPUT, "f")

FINGERPRINT = Option(
    "fingerprint", "sha256", "SHA-256 of the CA's root certificate: 64 hex digits of either case, with colons or "
    "dashes between them or without.", AUTHORITY,
)  # fmt: skip

CA_ROOT_OPTIONS: Sequence[Option] = (
    FINGERPRINT, *(option for option in ONLINE_OPTIONS if option.name != "root"), FORCE
)  # fmt: skip

CA_ROOTS_OPTIONS: Sequence[Option] = (*ONLINE_OPTIONS, FORCE)

CONTEXT = "Context"
"""The heading of what names a context that is made."""

CA_BOOTSTRAP_OPTIONS: Sequence[Option] = (
    FINGERPRINT,
    Option("redirect-url", "URI", "Address that step opens in a browser when a sign-in has succeeded; written to "
           "defaults.json.", AUTHORITY),
    *(option for option in ONLINE_OPTIONS if option.name not in ("root", "context")),
    Option("context", "name", "Name of the context that the CA gets. Default: --authority, else the CA's host.",
           CONTEXT, known=CONTEXTS),
    Option("authority", "name", "Name of its folder in authorities/. Default: the context's.", CONTEXT),
    Option("profile", "name", "Name of its folder in profiles/. Default: the context's.", CONTEXT),
    switch("install", "Have the system trust the root by its own tool, trust or update-ca-certificates, as root or "
           "through sudo.", OUTPUT),
    FORCE,
)  # fmt: skip
