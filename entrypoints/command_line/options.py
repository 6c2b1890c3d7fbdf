"""The one table of options: parsing, help, environment names, reference page and completion read it.

Its rows are of a plain class: what help and completion load starts without attrs.
"""

from collections.abc import Sequence


class ValueKind:
    """What an option takes: one text, any number of texts, or nothing."""

    TEXT, LIST, SWITCH = "text", "list", "switch"


class Option:
    """An option of a command.

    Attributes:
        name: Its first name, without dashes; the environment's name is made of it.
        metavar: What its value is, for the help; empty for a switch.
        help: One or two sentences.
        group: The heading that the help shows it under.
        kind: What it takes, one of `ValueKind`.
        aliases: Its other names.
        known: What is known on disk of its values, for completion: `CONTEXTS`, `PROVISIONERS` or nothing.
    """

    def __init__(  # a row of the table
        self, name: str, metavar: str, help: str, group: str,  # noqa: A002
        kind: str = ValueKind.TEXT, aliases: tuple[str, ...] = (), known: str = "",
    ) -> None:  # fmt: skip
        self.name, self.aliases = name, aliases
        self.metavar, self.kind, self.known = metavar, kind, known
        self.help, self.group = help, group

    @property
    def environment(self) -> str:
        """The environment variable that gives it, as step names it."""
        return "STEP_" + self.name.upper().replace("-", "_")

    def spellings(self) -> list[str]:
        """Return every way to write its name, with dashes, the first name first."""
        return [f"-{name}" if len(name) == 1 else f"--{name}" for name in (self.name, *self.aliases)]


REQUEST, SUBJECT, VALIDITY, SIGNER, AUTHORITY, OUTPUT, NEW_KEY = (
    "Kind of request", "Names and data in the token", "Validity",
    "Provisioner and key", "Certificate authority", "Output", "New key",
)  # fmt: skip
CONTEXTS, PROVISIONERS = "contexts", "provisioners"
_MOMENT = "time|duration"
_MOMENT_HELP = "an RFC 3339 time, or a duration from now such as 5m, -1.5h or 2h45m"


def switch(name: str, text: str, group: str, *aliases: str) -> Option:
    """Return a row for an option that takes nothing."""
    return Option(name, "", text, group, ValueKind.SWITCH, aliases)


AUTHORITY_OPTIONS: Sequence[Option] = (
    Option("ca-url", "URI", "Address of the CA: host or host:port, with or without https://.", AUTHORITY),
    Option("root", "file", "Root certificate of the CA, the only one trusted. Default: certs/root_ca.crt in the "
           "step path.", AUTHORITY),
    switch("offline", "Ask no CA: read ca.json, or without one take --issuer, --key, --ca-url and --root.", AUTHORITY),
    Option("ca-config", "file", "With --offline: the CA's configuration. Default: config/ca.json in the step path.",
           AUTHORITY),
    Option("context", "name", "The step context to use, in place of the current one.", AUTHORITY,
           known=CONTEXTS),
    Option("request-timeout", "duration", "The longest that one request to the CA may take. Default: 15s.", AUTHORITY),
    Option("timeout", "duration", "The longest that all requests to the CA may take. Default: 60s. Also "
           "how long you may take to sign in for an OIDC provisioner; default: 5m.", AUTHORITY),
)  # fmt: skip
"""Which CA is meant: the same for every command that needs one."""

SIGNING_OPTIONS: Sequence[Option] = (
    Option("provisioner", "name", "Name of the provisioner to use.", SIGNER, aliases=("issuer",),
           known=PROVISIONERS),
    Option("kid", "kid", "Key identifier of the provisioner to use.", SIGNER),
    Option("key", "file|URI", "Private key to sign with (JWK, encrypted JWK, PEM, OpenSSH, or a PKCS#11 URI), in place "
           "of the one that the CA keeps encrypted.", SIGNER),
    Option("kms", "URI", "PKCS#11 URI of the module and token that hold the key, which --key or --x5c-key then names "
           "by pkcs11:object=NAME or pkcs11:id=HEX.", SIGNER),
    Option("x5c-cert", "chain", "Certificates in PEM, in any order: the leaf's key signs the token, for an X5C "
           "provisioner or, with --renew, for the renewal of the leaf.", SIGNER),
    Option("x5c-key", "file|URI", "Private key of the leaf in --x5c-cert, a file or a PKCS#11 URI.", SIGNER),
    Option("x5c-chain", "file", "More certificates of the chain in --x5c-cert. Repeatable.",
           SIGNER, ValueKind.LIST),
    switch("x5c-insecure", "Put the chain into the header 'x5cInsecure' and not 'x5c'.", SIGNER),
)  # fmt: skip
"""Whose token it is, and the key that signs it."""

SSHPOP_OPTIONS: Sequence[Option] = (
    Option("sshpop-cert", "file", "SSH certificate whose key signs the token, for an SSHPOP provisioner: with --ssh "
           "and --renew, --rekey or --revoke.", SIGNER),
    Option("sshpop-key", "file", "Private key of --sshpop-cert.", SIGNER),
)  # fmt: skip
"""What signs tokens for SSH certificates alone."""

PROVISIONER_OPTIONS: Sequence[Option] = (
    Option("nebula-cert", "file", "Nebula certificate whose key signs the token, for a Nebula provisioner.", SIGNER),
    Option("nebula-key", "file", "Private key of --nebula-cert.", SIGNER),
    Option("k8ssa-token-path", "file", "File with the Kubernetes service account token, for a K8sSA provisioner. "
           "Default: /var/run/secrets/kubernetes.io/serviceaccount/token.", SIGNER),
    Option("provisioner-password-file", "file", "File with the password of the signing key; takes precedence "
           "over --password-file.", SIGNER),
    Option("password-file", "file", "File with the password of the signing key.", SIGNER),
    switch("console", "For an OIDC provisioner: open no browser here; sign in with any browser, by a code that is "
            "typed there.", SIGNER),
)  # fmt: skip
"""What is for single types of provisioner, and the files with passwords."""

TOKEN_OPTIONS: Sequence[Option] = (
    switch("ssh", "Authorise an SSH certificate (of a user, unless --host).", REQUEST),
    switch("host", "With --ssh: a host certificate instead of a user certificate.", REQUEST),
    switch("revoke", "Authorise a revocation; the subject is the certificate's serial number.", REQUEST),
    switch("renew", "Authorise a renewal.", REQUEST),
    switch("rekey", "Authorise a rekeying.", REQUEST),
    Option("san", "dns|ip|email|uri", "Subject Alternative Name that the certificate must have, in place of the "
           "subject. Repeat it for several; the request must hold exactly these.", SUBJECT, ValueKind.LIST),
    Option("principal", "name", "With --ssh: a user or host name that the certificate may be for. Repeatable.",
           SUBJECT, ValueKind.LIST, ("n",)),
    Option("cnf", "fingerprint", "Bind the token to one request: unpadded base64url of the SHA-256 of the CSR's DER, "
           "or of the SSH public key's wire bytes.", SUBJECT),
    Option("cnf-file", "file", "Bind the token to the CSR (with --ssh: the SSH public key) in this file.", SUBJECT),
    Option("csr", "file", "Mint for this CSR alone: for its names, which are given in no other way, and bound to it.",
           SUBJECT),
    Option("set", "key=value", "A member of the token's user claim, for the CA's templates; the value is JSON where it "
           "parses, else text. Repeatable, merged over --set-file.", SUBJECT, ValueKind.LIST),
    Option("set-file", "file", "JSON object for the token's user claim.", SUBJECT),
    Option("not-before", _MOMENT, f"When the token becomes valid: {_MOMENT_HELP}. Default: now.", VALIDITY),
    Option("not-after", _MOMENT, "When the token expires, likewise. Default: 5 minutes after it becomes valid; "
           "at most an hour.", VALIDITY),
    Option("cert-not-before", _MOMENT, "With --ssh: when the certificate becomes valid. The CA counts a duration "
           "from its signing.", VALIDITY),
    Option("cert-not-after", _MOMENT, "With --ssh: when the certificate expires, likewise.", VALIDITY),
    *SIGNING_OPTIONS,
    *SSHPOP_OPTIONS,
    *PROVISIONER_OPTIONS,
    *AUTHORITY_OPTIONS,
    Option("output-file", "file", "Write the token to this file, mode 0600, and not to stdout.", OUTPUT),
    switch("force", "Replace the output file if it exists.", OUTPUT, "f"),
)  # fmt: skip

KEY_KIND_OPTIONS: Sequence[Option] = (
    Option("kty", "EC|OKP|RSA", "Type of the new key. Default: EC.", NEW_KEY),
    Option("curve", "P-256|P-384|P-521|Ed25519", "Curve of an EC or OKP key. Default: P-256 or Ed25519.", NEW_KEY,
           aliases=("crv",)),
    Option("size", "bits", "Size of an RSA key. Default: 2048.", NEW_KEY),
)  # fmt: skip
"""What key is made."""

_ONE_BY_ONE = frozenset(
    {"console", "csr", "renew", "sshpop-cert", "sshpop-key", "k8ssa-token-path", "output-file", "force"}
)
"""Options of `token` that are about a single token or certificate."""

BATCH_OPTIONS: Sequence[Option] = (
    *(option for option in TOKEN_OPTIONS if option.name not in _ONE_BY_ONE),
    Option("format", "ndjson|tokens", "What to print: a JSON object per line with the token and what it is for, or the "
           "bare tokens. Default: ndjson.", OUTPUT),
    Option("output-dir", "folder", "Write each token to a file of its own in this folder, which is new or empty, mode "
           "0600, and print which is whose.", OUTPUT),
    Option("certificates", "folder", "Spend the tokens: get a certificate with a new key for each line, both in files "
           "of mode 0600 in this folder, which is new or empty, and print which is whose.", OUTPUT),
    Option("requests", "count", "With --certificates: how many are asked for at a time. Default: 4; at most 64.",
           OUTPUT),
    *KEY_KIND_OPTIONS,
    Option("workers", "count", "How many processes sign. Default: one per core.", OUTPUT),
    Option("resume-from", "line", "Begin with the line of this number, from 1: where a batch that was cut short said "
           "to go on.", OUTPUT),
)  # fmt: skip

FORMAT = Option("format", "text|json", "How to print it: text for people, or json. Default: text.", OUTPUT)

INSPECT_OPTIONS: Sequence[Option] = (FORMAT,)

DOCTOR_OPTIONS: Sequence[Option] = (
    *SIGNING_OPTIONS, *PROVISIONER_OPTIONS, *AUTHORITY_OPTIONS, FORMAT
)  # fmt: skip

VERIFY_OPTIONS: Sequence[Option] = (
    Option("for", "sign|revoke|renew|ssh-sign|ssh-revoke|ssh-renew|ssh-rekey", "Which request to the CA the token "
           "will be shown with.", REQUEST),
    Option("csr", "file", "With --for sign: the certificate signing request to be shown, PEM or DER.", REQUEST),
    Option("cert-type", "user|host", "With --for ssh-sign: the type of certificate that the request will ask for.",
           REQUEST),
    Option("key-id", "text", "With --for ssh-sign: the key identifier that the request will ask for.", REQUEST),
    Option("principal", "name", "With --for ssh-sign: a principal that the request will ask for. Repeatable.", REQUEST,
           ValueKind.LIST, ("n",)),
    *AUTHORITY_OPTIONS,
    FORMAT,
)  # fmt: skip

SANDBOX_OPTIONS: Sequence[Option] = (
    Option("address", "host:port", "Where its step-ca will listen. Default: 127.0.0.1:9000.", AUTHORITY),
    Option("dns", "name", "DNS name or IP address of its step-ca. Repeatable. Default: 127.0.0.1 and localhost.",
           AUTHORITY, ValueKind.LIST),
    Option("provisioner", "name", "Name of its JWK provisioner. Default: sandbox@example.com.", AUTHORITY),
)  # fmt: skip
