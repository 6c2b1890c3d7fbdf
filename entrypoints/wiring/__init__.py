"""The composition root: which adapter is behind each port."""
