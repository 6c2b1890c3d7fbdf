"""One-time tokens: their kinds, claims and times, and how one is taken apart."""
