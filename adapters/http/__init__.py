"""Exchanges over HTTP that no peer can make endless: the ground that other adapters stand on."""
