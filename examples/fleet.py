"""Tokens for a fleet from a database, one for each host without a certificate; what was issued is written down there.

The table: `hosts (name TEXT PRIMARY KEY, address TEXT, jti TEXT, expires TEXT)`.
"""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import step_ott


def issue_tokens(database: sqlite3.Connection, issuer: step_ott.JwkIssuer) -> Iterator[tuple[str, step_ott.Token]]:
    waiting = database.execute("SELECT name, address FROM hosts WHERE jti IS NULL ORDER BY name").fetchall()
    for name, address in waiting:
        token = issuer.token(name, sans=[name, address], not_after=timedelta(minutes=30))
        expires = token.expires_at and token.expires_at.isoformat()
        with database:
            database.execute("UPDATE hosts SET jti = ?, expires = ? WHERE name = ?", (token.jti, expires, name))
        yield name, token
