"""The names that an SSH certificate is for where none are given (step CLI, command/ssh/ssh.go)."""


def name_principals(key_id: str, *, is_host: bool) -> tuple[str, ...]:
    """Return the names that a certificate is for where none are given (step CLI, createPrincipalsFromSubject).

    A host's is the key identifier. A user's are the name of a system's user that is made of what stands before its
    last @, that part as it is, and all of it, each once.
    """
    if is_host:
        return (key_id,)
    local, at, _ = key_id.rpartition("@")
    name = "".join(map(_sanitize, _lower(local if at else key_id)))
    is_new = bool(at) and _lower(local) != name
    return (name, *([local] if is_new else []), *([key_id] if key_id != name else []))


def _lower(text: str) -> str:
    """Return a text in small letters, each by itself (Go, strings.ToLower)."""
    return "".join(character.lower()[0] for character in text)


def _sanitize(character: str) -> str:
    """Return what a character becomes in the name of a system's user (step-ca, SanitizeSSHUserPrincipal)."""
    if character == ".":
        return ""
    return character if "a" <= character <= "z" or "0" <= character <= "9" or character == "-" else "_"
