"""Spending tokens: what a request to the CA holds, and what its answer must be."""
