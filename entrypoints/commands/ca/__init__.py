"""What each command under `ca` does, a module each."""
