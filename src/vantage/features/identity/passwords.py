"""Passwords of our own accounts: argon2id, checked off the event loop, rehashed when the parameters grow."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vantage.kernel.errors import FieldError, Invalid

MINIMUM_LENGTH = 10
MAXIMUM_LENGTH = 200
# Argon2 costs 64 MiB a hash: more at once than this would let strangers fill the memory.
CONCURRENT_HASHES = 4

_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(CONCURRENT_HASHES, thread_name_prefix="argon2")
# Compared with when there is no such account, so that both answers take the same time.
_nobody = _hasher.hash("a password that no account has")

# The start of every list of broken passwords; length does the rest (NIST SP 800-63B, 5.1.1.2).
_COMMON = frozenset(
    (
        "1234567890",
        "12345678910",
        "0123456789",
        "password123",
        "password1234",
        "qwertyuiop",
        "qwerty12345",
        "iloveyou123",
        "abcdefghij",
        "1q2w3e4r5t",
    )
)


def check_new_password(password: str, *, email: str = "") -> None:
    """Refuse a password that is too short, too long, common, or the e-mail itself.

    Raises Invalid with the field `password`.
    """
    problem = ""
    if len(password) < MINIMUM_LENGTH:
        problem = f"Use at least {MINIMUM_LENGTH} characters; a short sentence is good."
    elif len(password) > MAXIMUM_LENGTH:
        problem = f"Use at most {MAXIMUM_LENGTH} characters."
    elif password.lower() in _COMMON or len(set(password)) < 4:
        problem = "This password is on every list of broken ones. Choose another."
    elif email and password.lower() in {email.lower(), email.split("@", maxsplit=1)[0].lower()}:
        problem = "The password must not be the e-mail address."
    if problem:
        raise Invalid(problem, fields=[FieldError("password", problem, "weak_password")])


async def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def verify_password(password: str, stored: str | None) -> bool:
    """Whether the password fits. Takes the same time when there is no account (`stored` is None)."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, password, stored)


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _verify(password: str, stored: str | None) -> bool:
    try:
        _hasher.verify(stored or _nobody, password[:MAXIMUM_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None
