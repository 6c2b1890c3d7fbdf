"""Metadata services of clouds: what is asked, and what an answer may be."""
