"""Passwords as argon2id hashes, with the library's parameters of RFC 9106; and the tokens of sign-ins."""

import hashlib
import secrets

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_LENGTH, MOST_LENGTH = 10, 200
_HASHER = PasswordHasher(type=Type.ID)
# What an unknown login is checked against, so that it takes as long as a known one: the hash of a password nobody has.
_NOBODY = _HASHER.hash(secrets.token_hex(32))


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password belongs to the hash; None (no such login) takes the same time and is never right."""
    try:
        _HASHER.verify(password_hash or _NOBODY, password[:MOST_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """All that is kept of a token: 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
