"""Exchanges over HTTP that no peer can make endless, for all other families of adapters."""
