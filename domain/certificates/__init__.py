"""Certificates that vouch for a key or come with a token: X.509, SSH, Nebula."""
