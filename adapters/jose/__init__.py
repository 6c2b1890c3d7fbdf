"""JWS and JWE by hand on `cryptography`: which other families of adapters use."""
