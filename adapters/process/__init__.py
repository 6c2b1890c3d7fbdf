"""The process itself: the signals that end it, and the libraries that are installed for it."""
