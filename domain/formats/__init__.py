"""How texts and bytes are written: base64url, JSON, times, DER, and what Go makes of the same."""
