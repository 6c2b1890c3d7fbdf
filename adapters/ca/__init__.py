"""The CA: over HTTPS, from its ca.json, or as the options describe it."""
