"""What `doctor` checks: why minting fails here, or why the CA refuses the token."""
