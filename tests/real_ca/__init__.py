"""The real step-ca and the real step CLI: what they take, and what they make."""
