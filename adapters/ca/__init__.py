"""How a CA describes itself: what is read alike from its answers and from its ca.json."""
