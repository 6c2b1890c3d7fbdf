"""JWS, JWE and JWKs on `cryptography`, for all other families of adapters."""
