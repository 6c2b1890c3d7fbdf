"""Permission bits of files, most of which are for their owner alone (chmod(2))."""

OWNER_ALONE = 0o600
"""What a file has that is written here."""

FOR_ALL = 0o644
"""What a file has that others may read."""

FOLDER_OF_OWNER = 0o700
"""What a folder has that is made here."""

FOR_OTHERS = 0o077
"""The bits that give somebody else than the owner something."""

FOR_STRANGERS = 0o007
"""Those of them that give it to whoever is not of the file's group either."""
