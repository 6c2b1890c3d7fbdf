"""Keys: where they are, what they are, and what opening one may cost."""
