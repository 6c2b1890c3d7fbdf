"""What each command does, through ports: no adapter is known here."""
