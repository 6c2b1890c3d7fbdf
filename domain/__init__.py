"""What a step-ca one-time token is and which rules it obeys: no I/O, no clock, no randomness."""
