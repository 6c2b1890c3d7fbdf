"""Issuers of tokens, a class for each type of provisioner."""
