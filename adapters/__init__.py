"""The ports' implementations: each adapter knows the domain and its own library, never another adapter."""
