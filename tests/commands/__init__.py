"""Commands as their users see them."""
