"""What a command has found out, as a value: facts and findings."""
