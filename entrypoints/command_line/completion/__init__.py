"""Completion: the shells' scripts ask the hidden command `__complete` what can stand at the cursor."""
