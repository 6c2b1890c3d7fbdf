"""Certificates and requests for them, read on `cryptography` or by hand."""
