"""This machine: its clock, files, terminal and settings."""
