"""Nobody else's page can act with a person's cookie.

Two independent checks on every request that changes something: the browser's own word on where it comes from
(Sec-Fetch-Site, Origin), and, when it is the session cookie that signs the person in, a token that only our pages know:
an HMAC over that cookie and a fresh salt (fresh, so that compression leaks nothing of it). A bearer token needs no
second check: no foreign page can send one.
"""

import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, WebSocketException
from starlette.requests import HTTPConnection

from vantage.kernel.errors import Forbidden

SESSION_COOKIE: Final = "vantage_session"
HEADER: Final = "X-CSRF-Token"
FIELD: Final = "csrf_token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_SALT_CHARACTERS: Final = 22


def csrf_token(connection: HTTPConnection) -> str:
    """A token for the forms of a page, bound to the session cookie of this request; empty without one."""
    session = connection.cookies.get(SESSION_COOKIE, "")
    return make_token(connection.app.state.secret, session) if session else ""


def make_token(secret: bytes, session: str) -> str:
    """A fresh token for `session`."""
    salt = secrets.token_urlsafe(16)[:_SALT_CHARACTERS]
    return f"{salt}.{_sign(secret, session, salt)}"


def is_valid(secret: bytes, session: str, token: str) -> bool:
    """Whether `token` was made by us for this session. Takes the same time whatever is wrong with it."""
    salt, _, signature = token.partition(".")
    return hmac.compare_digest(_sign(secret, session, salt).encode(), signature.encode())


def same_origin(connection: HTTPConnection) -> bool:
    """Whether the browser says that the request comes from our own pages, or no browser asks at all."""
    site = connection.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = connection.headers.get("Origin")
    if origin is None:
        return True
    public = urlsplit(getattr(connection.app.state, "public_url", "") or "").netloc
    return urlsplit(origin).netloc in {connection.headers.get("Host", ""), public} - {""}


async def check_csrf(connection: HTTPConnection) -> None:
    """Dependency of the whole application. Raises Forbidden for a request that another site may have made.

    A WebSocket carries the cookie too and no browser asks us before it opens one, so its origin is checked as well.
    """
    if not isinstance(connection, Request):
        if not same_origin(connection):
            raise WebSocketException(1008, "opened by another site")
        return
    request = connection
    if request.method in SAFE_METHODS:
        return
    if not same_origin(request):
        raise Forbidden("This request came from another site.", way_out="Do it from our own pages.")
    session = request.cookies.get(SESSION_COOKIE)
    if not session or "Authorization" in request.headers:
        return
    token = request.headers.get(HEADER, "")
    if not token and request.headers.get("Content-Type", "").startswith(_FORMS):
        token = str((await request.form()).get(FIELD, ""))
    if not is_valid(request.app.state.secret, session, token):
        raise Forbidden("This page has expired.", way_out="Reload the page and try again.")


def _sign(secret: bytes, session: str, salt: str) -> str:
    return hmac.new(secret, f"csrf\0{salt}\0{session}".encode(), hashlib.sha256).hexdigest()
