"""Lines in, tokens out, on all cores."""
