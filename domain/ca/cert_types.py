"""The types of SSH certificates, as step-ca spells them (step-ca, provisioner/sign_ssh_options.go, certType)."""

USER, HOST = CERT_TYPES = ("user", "host")


def name_cert_type(*, is_host: bool) -> str:
    """Return the type of a certificate for a host or for a user."""
    return HOST if is_host else USER
