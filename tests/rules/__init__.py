"""The rules of the domain: pure functions and their properties."""
