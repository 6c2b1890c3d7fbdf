"""Adapters at their edge: files, keys, networks, devices, hostile ones too."""
