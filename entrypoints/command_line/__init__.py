"""The command line: its words, options, commands, help and completion."""
