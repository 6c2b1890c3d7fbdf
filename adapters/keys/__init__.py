"""Private keys: in files of every format, in envelopes, in devices, with their passwords."""
