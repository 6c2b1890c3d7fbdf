"""The ports' implementations, in families: each imports the domain, its library, itself, and `http` and `jose`."""
