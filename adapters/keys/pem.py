"""Private keys in PEM, in the formats that step writes and reads, on `cryptography`.

PKCS#8 plain and encrypted (RFC 5958), OpenSSH's own container (OpenSSH, PROTOCOL.key), PKCS#1 (RFC 8017), SEC 1
(RFC 5915) and these two encrypted in the legacy way, `Proc-Type: 4,ENCRYPTED` (RFC 1421).

What a container asks for is read first (domain/keys/pkcs8.py, domain/keys/openssh.py); the parser of PKCS#8 sees no key
whose type cannot sign. An RSA key is looked at by size and numbers: `cryptography` would test primes for seconds.
"""

import re
import warnings
from binascii import a2b_base64

from cryptography import __version__
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.utils import CryptographyDeprecationWarning

from domain.errors import KeyFormatError, WrongPasswordError, translating
from domain.formats.pem import decode_pem, join_pem, split_pem
from domain.keys.jwk import check_rsa_key, complete_rsa
from domain.keys.openssh import check_openssh_key
from domain.keys.pkcs8 import SealedPkcs8, check_key_type, read_sealed_pkcs8

_OPENSSH = "OPENSSH PRIVATE KEY"
_KEY_LABELS = frozenset({"PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", _OPENSSH})
_LEGACY_ENCRYPTION = re.compile(rb"Proc-Type:\s*4,\s*ENCRYPTED")
_WITHOUT_SSH_PRIMES = {} if int(__version__.partition(".")[0]) < 45 else {"unsafe_skip_rsa_key_validation": True}
"""What keeps primes from being tested, which `cryptography` could not be told of OpenSSH's keys before 45."""

_UNKNOWN_CIPHER = "^Unknown |unknown cipher"
"""What the library says of a cipher it lacks, by the same ValueError that a wrong password gives."""

_CONVERT = "convert it with 'openssl pkcs8 -topk8 -v2 aes256' or ssh-keygen"


def load_pem_key(data: bytes, password: bytes | None) -> object | None:
    """Return the private key in the PEM text `data`, or None where it is encrypted and `password` is None.

    Raises:
        KeyFormatError: no private key is in it, or one of a kind that cannot be read, that is unsound, or whose
            password asks for too much work.
        WrongPasswordError: the password does not open it.
    """
    label, body = _find_key(data)
    is_sealed = False

    def explain(error: BaseException) -> KeyFormatError | WrongPasswordError:
        return _explain(error, label, is_sealed and password is not None)

    deprecation = CryptographyDeprecationWarning  # an old kind of key is refused in our words
    with translating(explain), warnings.catch_warnings(action="ignore", category=deprecation):
        sealed = _look(label, body)
        is_sealed = bool(sealed)
        if is_sealed and password == b"":
            raise WrongPasswordError("the password does not open the key")
        key = _open(label, body, sealed, password if is_sealed else None)
        if isinstance(key, rsa.RSAPrivateKey):
            _check_rsa_key(key)
        return key


def _find_key(data: bytes) -> tuple[str, bytes]:
    """Return the label of the one private key in `data`, and what is between its beginning and its end."""
    blocks = split_pem(data)
    keys = [(label, body) for label, body in blocks if label in _KEY_LABELS]
    if len(keys) > 1:
        raise KeyFormatError("the file holds several private keys", "give a file with one")
    if not keys:
        found = ", ".join(sorted({label for label, _ in blocks})) or "no PEM block"
        raise KeyFormatError(
            f"the file holds {found}, not a private key that can be read", "give the private key's file"
        )
    label, body = keys[0]
    if body is None:
        raise _damaged(label)
    return label, body


def _look(label: str, body: bytes) -> SealedPkcs8 | bool:
    """Return whether the key in `body` is encrypted, and PKCS#8 in its parts; what asks too much is refused."""
    if label == _OPENSSH:
        return check_openssh_key(a2b_base64(body))
    if label == "ENCRYPTED PRIVATE KEY":
        return read_sealed_pkcs8(decode_pem(body))
    return _LEGACY_ENCRYPTION.search(body) is not None


def _open(label: str, body: bytes, sealed: SealedPkcs8 | bool, password: bytes | None) -> object | None:
    """Return the key in `body`, None where it is `sealed` and there is no password."""
    if isinstance(sealed, SealedPkcs8):
        return None if password is None else _load_pkcs8(_decrypt_pkcs8(sealed, password))
    if label == "PRIVATE KEY":
        return _load_pkcs8(decode_pem(body))
    try:
        if label == _OPENSSH:
            return serialization.load_ssh_private_key(join_pem(label, body), password, **_WITHOUT_SSH_PRIMES)
        return serialization.load_pem_private_key(join_pem(label, body), password, unsafe_skip_rsa_key_validation=True)
    except (TypeError, ValueError) as error:
        wants_password = isinstance(error, TypeError) or "password-protected" in str(error)  # the latter before 45
        if sealed and password is None and wants_password:
            return None
        raise


def _load_pkcs8(der: bytes) -> object:
    check_key_type(der)
    return serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)


def _decrypt_pkcs8(sealed: SealedPkcs8, password: bytes) -> bytes:
    """Return what is in an encrypted container, or raise a ValueError where the password does not open it."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES  # noqa: PLC0415  # for this alone
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415  # for this alone
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415  # for this alone

    key, iv = _derive(sealed, password)
    algorithm = algorithms.AES(key) if sealed.cipher == "AES" else TripleDES(key)
    decryptor, unpadder = Cipher(algorithm, modes.CBC(iv)).decryptor(), PKCS7(8 * len(iv)).unpadder()
    padded = decryptor.update(sealed.ciphertext) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def _derive(sealed: SealedPkcs8, password: bytes) -> tuple[bytes, bytes]:
    """Return the key and the initialisation vector that are made of a password."""
    salt, costs, size = sealed.salt, sealed.costs, sealed.key_bytes
    if sealed.kdf == "PBKDF2":
        from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC  # noqa: PLC0415  # for this alone

        return PBKDF2HMAC(getattr(hashes, sealed.digest)(), size, salt, *costs).derive(password), sealed.iv
    if sealed.kdf == "scrypt":
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415  # for this alone

        return Scrypt(salt, size, *costs).derive(password), sealed.iv
    from domain.keys.pkcs12_derivation import (  # noqa: PLC0415  # for this alone
        ENCRYPTION_KEY,
        INITIALISATION_VECTOR,
        derive_pkcs12,
    )

    text, purposes = password.decode("utf-8"), ((ENCRYPTION_KEY, size), (INITIALISATION_VECTOR, 8))
    key, iv = (derive_pkcs12(text, salt, costs[0], purpose, length) for purpose, length in purposes)
    return key, iv


def _explain(error: BaseException, label: str, is_tried: bool) -> KeyFormatError | WrongPasswordError:
    """Return what the library's error means, where a password has been tried or not."""
    is_unknown = isinstance(error, UnsupportedAlgorithm | NotImplementedError) or re.search(_UNKNOWN_CIPHER, str(error))
    if is_unknown:
        return KeyFormatError(f"the {label} uses an algorithm that cannot be read: {error}", _CONVERT)
    if is_tried and isinstance(error, ValueError | InvalidTag):
        return WrongPasswordError("the password does not open the key")
    return _damaged(label)


def _damaged(label: str) -> KeyFormatError:
    return KeyFormatError(f"the {label} is damaged or of a kind that cannot be read", "convert it to PKCS#8")


def _check_rsa_key(key: rsa.RSAPrivateKey) -> None:
    """Refuse an RSA key that is too short, too long or unsound, or whose exponent step-ca does not take."""
    public = key.public_key().public_numbers()
    check_rsa_key(public.n, public.e)
    own = key.private_numbers()
    try:
        if complete_rsa(public.n, public.e, own.d, own.p, own.q) != (own.dmp1, own.dmq1, own.iqmp):
            raise ValueError("its parts do not match")
    except ValueError as error:
        raise KeyFormatError(f"the RSA key is damaged: {error}", "get a good copy of it") from error
