"""JWS and JWE by hand on `cryptography`: the ground that other adapters stand on."""
