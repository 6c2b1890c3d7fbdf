"""What a step-ca would say to a token: its own rules, as pure functions of token, settings and time.

The rules are step-ca's of version 0.30.2, each with the place it was read from.
"""
