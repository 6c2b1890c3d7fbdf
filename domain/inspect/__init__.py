"""What a token says, in words."""
