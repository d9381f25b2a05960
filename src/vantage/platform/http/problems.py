"""Refusals and defects as answers: problem+json (RFC 9457) for programs, a page or fragment for people."""

from typing import Any, Protocol
from urllib.parse import urlencode

import psycopg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from vantage.kernel.errors import FieldError, Invalid, TooManyRequests, Unauthenticated, Unavailable, VantageError
from vantage.platform.http.database_errors import from_database

log = structlog.get_logger(__name__)

Problem = dict[str, Any]

TITLES = {
    400: ("bad_request", "This request can't be understood"),
    401: ("unauthenticated", "Please sign in"),
    403: ("forbidden", "You may not do this"),
    404: ("not_found", "Not found"),
    405: ("method_not_allowed", "This can't be done here"),
    413: ("too_large", "This is too large"),
    415: ("unsupported_media_type", "This kind of content is not taken here"),
}


class ErrorPage(Protocol):
    """Draws a problem for a person: implemented by the pages, plugged in by main (`use_error_page`)."""

    def __call__(self, request: Request, problem: Problem, /) -> Response:
        """Draws it: a page, or a fragment when only a part of one was asked for."""
        ...


def use_error_page(app: FastAPI, page: ErrorPage) -> None:
    """From now on `page` draws what people see of errors."""
    app.state.error_page = page


def problem_of(error: VantageError) -> Problem:
    """The members of RFC 9457, and our own: `code`, `way_out`, `fields`. Empty ones are left out."""
    problem: Problem = {
        "type": f"urn:vantage:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "way_out": error.way_out,
        "fields": [{"field": one.field, "message": one.message, "code": one.code} for one in error.fields],
    }
    return {key: value for key, value in problem.items() if value not in ("", [])}


def defect() -> Problem:
    """What is said when it is our fault: nothing of the inside."""
    return {
        "type": "urn:vantage:problem:internal",
        "title": "Something went wrong on our side",
        "status": 500,
        "code": "internal",
        "detail": "The error was recorded.",
        "way_out": "Try again; if it happens again, report the request id.",
    }


def answer(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """`problem` in the form that the asker reads, with the request id in it."""
    request_id = request.scope.get("state", {}).get("request_id", "")
    problem = {**problem, **({"request_id": request_id} if request_id else {})}
    response: Response
    if not for_person(request):
        response = JSONResponse(problem, problem["status"], media_type="application/problem+json")
    elif problem["status"] == 401 and request.method in ("GET", "HEAD"):
        response = _to_sign_in(request)
    else:
        page: ErrorPage = getattr(request.app.state, "error_page", plain_page)
        response = page(request, problem)
    response.headers.update(headers or {})
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def for_person(request: Request) -> bool:
    """Whether a browser's page asked, not a program."""
    if request.url.path.startswith("/api/"):
        return False
    return request.headers.get("HX-Request") == "true" or "text/html" in request.headers.get("Accept", "")


def plain_page(_request: Request, problem: Problem) -> Response:
    """A page that needs no templates; what people see when even those fail."""
    body = Markup(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        "<h1>{title}</h1><p>{detail}</p><p>{way_out}</p><p><small>{request_id}</small></p></html>"
    ).format(
        title=problem["title"],
        detail=problem.get("detail", ""),
        way_out=problem.get("way_out", ""),
        request_id=problem.get("request_id", ""),
    )
    return HTMLResponse(body, problem["status"])


def _to_sign_in(request: Request) -> Response:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    address = f"/sign-in?{urlencode({'next': path})}"
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=200, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def install(app: FastAPI) -> None:
    """Registers the handlers of everything that can be raised under a route."""
    app.add_exception_handler(VantageError, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _by_framework)
    app.add_exception_handler(psycopg.Error, _by_database)
    app.add_exception_handler(Exception, unexpected)


def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, VantageError):
        raise error
    headers = {}
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "1"
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return answer(request, problem_of(error), headers)


def _unreadable(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # the value itself is not echoed: it may be a password
    fields = [
        FieldError(".".join(str(part) for part in one["loc"][1:]) or str(one["loc"][0]), one["msg"], one["type"])
        for one in error.errors()
    ]
    return answer(request, problem_of(Invalid("Some values are missing or have the wrong form.", fields=fields)))


def _by_framework(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code, title = TITLES.get(error.status_code, ("http_error", "This request was refused"))
    problem = {"type": f"urn:vantage:problem:{code}", "title": title, "status": error.status_code, "code": code}
    return answer(request, problem, dict(error.headers or {}))


def _by_database(request: Request, error: Exception) -> Response:
    if not isinstance(error, psycopg.Error):
        raise error
    refusal = from_database(error)
    if refusal is None:
        return unexpected(request, error)
    if isinstance(refusal, Unavailable):
        log.warning("database unavailable", sqlstate=error.sqlstate, kind=type(error).__name__)
    return _refused(request, refusal)


def unexpected(request: Request, error: Exception) -> Response:
    """A defect: logged whole (masked), answered without its text."""
    log.error("unexpected error", kind=type(error).__name__, exc_info=error)
    return answer(request, defect())
