"""The table of commands that ask the CA about itself."""

from collections.abc import Sequence

from entrypoints.command_line.ca_options import CA_BOOTSTRAP_OPTIONS, CA_ROOT_OPTIONS, CA_ROOTS_OPTIONS
from entrypoints.command_line.commands import ASK, Command
from entrypoints.command_line.enroll_options import ONLINE_OPTIONS

CA_BOOTSTRAP = Command(
    "ca bootstrap",
    "set up this user's environment for a CA, by its root's fingerprint",
    "",
    "Downloads the root certificate, which counts only if it has the fingerprint, and writes it to\n"
    "certs/root_ca.crt and the CA's address to config/defaults.json in the step path ($STEPPATH, else\n"
    "~/.step): both or neither. After that, commands need no --ca-url and no --root. What else is in\n"
    "defaults.json stays. Files that say something else are replaced with --force, or when asked.\n"
    "\n"
    "With --context, --authority or --profile, or where the step path has contexts already, the CA gets a\n"
    "context, named after its host unless you say otherwise, which becomes the current one.",
    CA_BOOTSTRAP_OPTIONS,
    (
        (
            "Set up for a CA",
            "ca bootstrap --ca-url https://ca.example.com \\\n"
            "    --fingerprint d9d0978692f1c7cc791f5c343ce98771900721405e834cd27b9502cc719f5097",
        ),
        (
            "And have the whole system trust its certificates",
            "ca bootstrap --ca-url https://ca.example.com --install \\\n"
            "    --fingerprint d9d0978692f1c7cc791f5c343ce98771900721405e834cd27b9502cc719f5097",
        ),
        (
            "Beside another CA, in a context of its own",
            "ca bootstrap --ca-url https://ca.example.com --context production \\\n"
            "    --fingerprint d9d0978692f1c7cc791f5c343ce98771900721405e834cd27b9502cc719f5097",
        ),
    ),
    ASK,
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

CA_ROOT = Command(
    "ca root",
    "download the CA's root certificate by its fingerprint",
    "[<file>]",
    "Prints the CA's root certificate in PEM, or writes it to a file, mode 0600. The CA cannot be\n"
    "verified yet: what it answers counts only if it is a certificate with the fingerprint, which comes\n"
    "from --fingerprint, STEP_FINGERPRINT or defaults.json.",
    CA_ROOT_OPTIONS,
    (
        ("The root of the CA that is set up here", "ca root"),
        (
            "The root of a CA of which nothing else is known",
            "ca root root_ca.crt --ca-url https://ca.example.com \\\n"
            "    --fingerprint d9d0978692f1c7cc791f5c343ce98771900721405e834cd27b9502cc719f5097",
        ),
    ),
    ASK,
)

CA_ROOTS = Command(
    "ca roots",
    "download all root certificates of the CA",
    "[<file>]",
    "Prints the root certificates that the CA names as its own, in PEM, or writes them to a file, mode\n"
    "0600. There are several while a CA changes its root.",
    CA_ROOTS_OPTIONS,
    (("All roots", "ca roots"), ("In a file", "ca roots roots.pem")),
    ASK,
)

CA_FEDERATION = Command(
    "ca federation",
    "download the root certificates of the CA's federation",
    "[<file>]",
    "Prints the root certificates of the CA and of those that it is federated with, in PEM, or writes\n"
    "them to a file, mode 0600.",
    CA_ROOTS_OPTIONS,
    (("All roots of the federation", "ca federation"), ("In a file", "ca federation federation.pem")),
    ASK,
)

CA_PROVISIONER_LIST = Command(
    "ca provisioner list",
    "list the provisioners of the CA",
    "",
    "Prints a JSON list of the CA's provisioners, as the CA has them.",
    ONLINE_OPTIONS,
    (
        ("All provisioners", "ca provisioner list"),
        ("Of another CA", "ca provisioner list --ca-url ca.example.com --root root_ca.crt"),
    ),
    ASK,
)

CA_COMMANDS: Sequence[Command] = (CA_BOOTSTRAP, CA_HEALTH, CA_ROOT, CA_ROOTS, CA_FEDERATION, CA_PROVISIONER_LIST)
