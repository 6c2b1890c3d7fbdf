"""What a CA would say to a token: provisioner and rules put together."""
