"""The table of commands that are about tokens: the name, options and help of each."""

from collections.abc import Sequence

from entrypoints.command_line.options import (
    BATCH_OPTIONS,
    DOCTOR_OPTIONS,
    INSPECT_OPTIONS,
    SANDBOX_OPTIONS,
    TOKEN_OPTIONS,
    VERIFY_OPTIONS,
    Option,
)

PROGRAM = "step-ott"

SHELLS = ("bash", "zsh", "fish")
"""The shells that there is completion for."""

COMPLETE = "__complete"
"""The hidden command that they ask: the shell's name, then bash's line up to the cursor and what of it to replace;
from other shells the words behind the program's name, the last as far as it is typed."""

MINT, ENROLL, SSH, ASK, EXPLAIN, SET_UP = (
    "Mint",
    "X.509 certificates",
    "SSH certificates",
    "The CA",
    "Inspect and diagnose",
    "Try out and set up",
)
GROUPS = (MINT, ENROLL, SSH, ASK, EXPLAIN, SET_UP)
"""The headings that the help shows commands under."""


class Command:
    """A command of step-ott; `entrypoints.commands` has what each does.

    Attributes:
        name: Its words on the command line.
        summary: One line.
        positional: Its positional words, as the usage line shows them.
        description: What it does, in paragraphs.
        options: Rows of the table of options.
        examples: What an example does, and its words after the program's name.
        group: The heading that the help shows it under.
    """

    def __init__(
        self, name: str, summary: str, positional: str, description: str,
        options: Sequence[Option] = (), examples: Sequence[tuple[str, str]] = (), group: str = SET_UP,
    ) -> None:  # fmt: skip
        self.name, self.positional, self.options = name, positional, options
        self.summary, self.description, self.examples = summary, description, examples
        self.group = group


TOKEN = Command(
    "token",
    "mint a one-time token that a step-ca accepts",
    "<subject>",
    "Prints a one-time token (OTT) that lets whoever holds it make one request to the CA. The subject is\n"
    "the common name, DNS name, IP address or user that the certificate is for; for --revoke it is the\n"
    "certificate's serial number. Without --san, the subject is the certificate's only name.\n"
    "\n"
    "Settings come from flags, then from the environment (STEP_ and the flag's name, as in STEP_CA_URL),\n"
    "then from the current context or config/defaults.json in the step path ($STEPPATH, else ~/.step).\n"
    "A file named - is standard input. The token goes to stdout, everything else to stderr.",
    TOKEN_OPTIONS,
    (
        ("A token for a DNS name, which becomes the only name in the certificate", "token internal.example.com"),
        ("A token for an IP address", "token 192.168.10.10"),
        ("Names of your own; the subject is not among them", "token foobar --san 1.1.1.1 --san hello.example.com"),
        ("A token that expires in 30 minutes", "token --not-after 30m internal.example.com"),
        (
            "A token for later: valid in 30 minutes, for 5 minutes",
            "token --not-before 30m --not-after 35m internal.example.com",
        ),
        ("Signed with a private key whose public half the CA knows", "token internal.smallstep.com --key token.key"),
        (
            "One provisioner of one CA",
            "token internal.example.com \\\n"
            "    --kid 4vn46fbZT68Uxfs9LBwHkTvrjEvxQqx-W8nnE-qDjts \\\n"
            "    --ca-url https://ca.example.com \\\n"
            "    --root /path/to/root_ca.crt",
        ),
        ("Beside the CA's own configuration, asking no CA", "token internal.example.com --offline"),
        (
            "Without any CA, with all that a token needs",
            "token internal.example.com \\\n"
            "    --offline \\\n"
            "    --kid 4vn46fbZT68Uxfs9LBwHkTvrjEvxQqx-W8nnE-qDjts \\\n"
            "    --issuer you@example.com \\\n"
            "    --key provisioner.key \\\n"
            "    --ca-url https://ca.example.com \\\n"
            "    --root /path/to/root_ca.crt",
        ),
        ("Revocation of a certificate by its serial number", "token --revoke 146103349666685108195655980390445292315"),
        ("The same, asking no CA", "token --offline --revoke 146103349666685108195655980390445292315"),
        ("An SSH user certificate", "token max@smallstep.com --ssh"),
        ("An SSH host certificate", "token my-remote.hostname --ssh --host"),
        (
            "Signed by the key of a certificate, for an X5C provisioner",
            "token internal.example.com --x5c-cert internal.crt --x5c-key internal.key",
        ),
        (
            "Renewal of a certificate by its own key, even after it expired",
            "token --renew --x5c-cert internal.crt --x5c-key internal.key",
        ),
        (
            "Renewal of an SSH host certificate by its own key",
            "token my-remote.hostname --ssh --renew \\\n"
            "    --sshpop-cert ssh_host_ecdsa_key-cert.pub \\\n"
            "    --sshpop-key ssh_host_ecdsa_key",
        ),
        (
            "The token that Kubernetes gave this pod",
            "token internal.example.com \\\n    --k8ssa-token-path /var/run/secrets/kubernetes.io/serviceaccount/token",
        ),
        (
            "Signed by the key of a host's Nebula certificate",
            "token internal.example.com --nebula-cert host.crt --nebula-key host.key",
        ),
        (
            "Signed in at an identity provider, for an OIDC provisioner; --console where no browser is at hand",
            "token you@example.com --provisioner corporate",
        ),
        ("Bound to one SSH host key", "token --ssh --host --cnf-file internal.pub internal.smallstep.com"),
        ("Data for the CA's templates, in the user claim", "token --set field=value internal.example.com"),
    ),
    MINT,
)

BATCH = Command(
    "batch",
    "mint one-time tokens for a whole fleet",
    "<file|->",
    "Mints a token for every line of a file, or of standard input. A line is a subject, or a JSON\n"
    'object with "subject" and what differs from the defaults: "sans", "principals", "not_before",\n'
    '"not_after", "cert_not_before", "cert_not_after", "cnf", "set". The flags are those of token, and\n'
    "the defaults. The key is opened once and the CA asked once; each token's validity counts from its\n"
    "own signing.\n"
    "\n"
    "Tokens come in the order of the lines. A line that cannot be minted is reported on stderr with its\n"
    "number, the rest goes on, and the exit status is 1 at the end. Whatever ends a batch early, every\n"
    "line printed is whole, and stderr says which --resume-from continues it.\n"
    "\n"
    "With --certificates, each line gets a certificate by its token, with a new key. The token's validity\n"
    "is that of --not-before and --not-after, the certificate's that of --cert-not-before and\n"
    "--cert-not-after, and --set and --set-file are data for the CA's templates, as the line's members.",
    BATCH_OPTIONS,
    (
        ("A token for each name in a file", "batch hosts.txt > tokens.ndjson"),
        ("The same, asking no CA, and a file for each", "batch hosts.txt --offline --output-dir tokens"),
        ("For SSH hosts, from another program", "batch - --ssh --host --format tokens < hosts.txt"),
        ("A certificate and its key for each name", "batch hosts.txt --certificates certs > certs.ndjson"),
        ("The rest of a batch that was cut short", "batch hosts.txt --resume-from 2 > rest.ndjson"),
    ),
    MINT,
)

INSPECT = Command(
    "inspect",
    "show what a token is for",
    "<token|file|->",
    "Says what a token authorises: which request, for whom, at which CA, by which provisioner, from when\n"
    "until when, bound to what. It checks no signature, so what it says is what the token claims. The\n"
    "token, or a row of batch, is given as it is, in a file, or on standard input (-).",
    INSPECT_OPTIONS,
    (
        ("A token on standard input", "inspect - < token.txt"),
        ("For a program", "inspect token.txt --format json"),
    ),
    EXPLAIN,
)

VERIFY = Command(
    "verify",
    "predict whether the CA would accept a token",
    "<token|file|->",
    "Judges a token by the rules that step-ca judges it by, and says of each whether it passes, fails\n"
    "(why, and what to do), or cannot be checked from here. The CA is asked for what it publishes, or\n"
    "with --offline its ca.json is read; the token itself goes nowhere, so that it can still be used.\n"
    "\n"
    "The exit status is 0 when the CA would accept the token, and 1 when it would refuse it, or when\n"
    "that cannot be predicted.",
    VERIFY_OPTIONS,
    (
        ("Would the CA sign for this token?", "verify token.txt --for sign"),
        ("With this very CSR, asking no CA", "verify token.txt --for sign --csr web.csr --offline"),
        ("For a program", "verify - --for revoke --format json < revoke.txt"),
    ),
    EXPLAIN,
)

DOCTOR = Command(
    "doctor",
    "diagnose why minting fails here, or why the CA refuses the token",
    "",
    "Goes the way of a token step by step and says of each step whether all is well, with a remedy where\n"
    "it is not: step path and context, defaults.json, root and stored fingerprint, the connection to the\n"
    "CA, TLS, the two clocks, the CA's provisioners and which of them token would use, whether its key\n"
    "opens (given a password file; nobody is asked for a password), and who may read the files with\n"
    "secrets.\n"
    "\n"
    "It takes the settings that token would take, goes as far as a token, which it judges as verify does\n"
    "and gives to nobody, and changes nothing. The exit status is 1 when token would fail or the CA\n"
    "would refuse its token, else 0.",
    DOCTOR_OPTIONS,
    (
        ("Why does it not work here?", "doctor"),
        (
            "The same, with the key",
            "doctor --provisioner you@example.com --provisioner-password-file password.txt",
        ),
        ("Beside the CA's own configuration, asking no CA", "doctor --offline"),
        ("For a program", "doctor --format json"),
    ),
    EXPLAIN,
)

SANDBOX = Command(
    "sandbox",
    "write a throw-away step path with a CA of its own, to try things on",
    "<folder>",
    "Writes a complete step path into an empty or new folder: root and intermediate certificates, SSH CA\n"
    "keys, config/ca.json with one JWK provisioner whose random password is in secrets/password, and\n"
    "config/defaults.json. 'step-ca <folder>/config/ca.json' serves it as it is, and with\n"
    "STEPPATH=<folder> step-ott and step use it. Its keys are not encrypted: never use it in production.",
    SANDBOX_OPTIONS,
    (
        ("A CA to try things on", "sandbox /tmp/ca"),
        ("At another address", "sandbox /tmp/ca --address 127.0.0.1:9443 --dns ca.example.com"),
    ),
)

COMPLETION = Command(
    "completion",
    "print a script that completes command lines in a shell",
    f"<{'|'.join(SHELLS)}>",
    "Prints a script for bash (4 or later), zsh or fish (3.4 or later) that completes commands, options\n"
    "and their values, with the names of contexts and provisioners. Its first lines say how to install\n"
    "it. It asks the step-ott on PATH, which reads files of this machine and asks no CA.",
    (),
    (
        ("For bash, into whose ~/.bashrc goes: source <(step-ott completion bash)", "completion bash"),
        ("For zsh, into whose ~/.zshrc goes, after compinit: source <(step-ott completion zsh)", "completion zsh"),
        (
            "For fish, after: mkdir -p ~/.config/fish/completions",
            "completion fish > ~/.config/fish/completions/step-ott.fish",
        ),
    ),
)

VERSION = Command(
    "version",
    "print the version",
    "",
    "Prints the program's name and version.",
    (),
    (("Which version is this?", "version"),),
)

TOKEN_COMMANDS: Sequence[Command] = (TOKEN, BATCH, INSPECT, VERIFY, DOCTOR, SANDBOX, COMPLETION, VERSION)
"""Each can also be called as `ca COMMAND`, as scripts for step do."""
