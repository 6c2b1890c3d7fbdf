"""What a token may hold, drawn by Hypothesis: known names with anything in them, and anything else."""

from hypothesis import strategies as st

from domain.formats import json_text

NAMES = st.sampled_from(
    [
        "aud", "iss", "jti", "nbf", "exp", "iat", "sub", "sans", "cnf", "step", "ssh", "user", "sha", "x5rt#S256",
        "certType", "keyID", "principals", "validAfter", "validBefore", "templateData", "kubernetes.io", "namespace",
        "serviceaccount", "name", "alg", "kid", "typ", "crit", "x5c", "x5cInsecure", "sshpop", "nebula",
    ]
)  # fmt: skip
TEXTS = (
    st.text(st.characters(exclude_characters="vV", exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["https://ca.test/1.0/sign", "https://ca.test/1.0/ssh/sign#x5c/a", "MAAA", "AAAAB3NzaC1yc2E="])
    | st.sampled_from(["\x1b[2J", "\u202e", "a\nrequest: forged", "kubernetes/serviceaccount", "step-ca-client/1.0"])
)
NUMBERS = st.integers() | st.sampled_from(["1e999", "-0", "0.5", "1.8e9"]).map(json_text.Number)
OBJECTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=4),
    max_leaves=12,
)
PARTS = st.dictionaries(NAMES | TEXTS, OBJECTS, max_size=12)
