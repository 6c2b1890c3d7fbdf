"""What the user has set, and by which option, variable or file."""
