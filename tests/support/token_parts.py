"""The header and the claims of a token as people have them, and a moment at which it is valid."""

NOW = 1_800_000_000
HEADER = {"alg": "ES256", "kid": "k", "typ": "JWT"}
CLAIMS = {
    "aud": "https://ca.test/1.0/sign", "iss": "me", "jti": "j", "nbf": NOW, "exp": NOW + 300, "sub": "a.test",
    "sans": ["a.test"],
}  # fmt: skip
