"""Signing in at an identity provider, by the browser or by a code."""
