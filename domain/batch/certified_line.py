"""A certificate of a batch."""

import attrs


@attrs.frozen(repr=False)
class CertifiedLine:
    """A certificate of a batch, with its key.

    Attributes:
        number: Of its line.
        subject: What it is for.
        chain: PEM, the certificate first.
        key: PEM, not encrypted.
        serial: The certificate's serial number.
        not_after: When it ends: RFC 3339, UTC.
    """

    number: int
    subject: str
    chain: bytes
    key: bytes
    serial: int
    not_after: str
