"""Many tokens in one run: lines, portions, rows and file names."""
