"""The machine: its clock, files, terminal and settings."""
