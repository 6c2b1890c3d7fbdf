"""The composition root: which adapter stands behind each port."""
