"""What tests stand on: places, peers, servers and material, made on the fly."""
