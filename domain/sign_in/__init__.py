"""Signing in at an identity provider (OpenID Connect): what is asked, and what an answer may be."""
