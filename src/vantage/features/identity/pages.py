"""The pages before the product: sign-in, sign-up, onboarding; and the team."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from vantage.features.identity import store
from vantage.features.identity.models import SignedIn as Session
from vantage.features.identity.onboarding import NewOrganization, found_organization
from vantage.features.identity.resolve import KnownPerson, TheIdentity, TheResolver
from vantage.features.identity.sign_in import SESSION_LIFETIME, open_session, sign_in, sign_out, sign_up
from vantage.kernel.errors import VantageError
from vantage.platform.http.auth import Principal, Public, Requires, SignedIn
from vantage.platform.http.csrf import SESSION_COOKIE
from vantage.platform.http.rate_limits import client_of
from vantage.platform.http.state import TheDatabase
from vantage.web.responses import redirect, render

router = APIRouter(include_in_schema=False)

Anybody = Annotated[Principal | None, Public("the way in; attempts are counted per account and address")]
Somebody = Annotated[Principal, SignedIn()]


@router.get("/sign-in")
async def get_sign_in(request: Request, principal: Anybody, next: str = "/") -> Response:  # noqa: A002 - the parameter's name in the address
    """The form; whoever is signed in already goes on."""
    if principal is not None:
        return redirect(request, next)
    return render(request, "identity/sign_in.html", {"values": {"next": next}, "errors": {}, "refusal": ""})


@router.post("/sign-in")
async def post_sign_in(
    request: Request,
    identity: TheIdentity,
    _: Anybody,
    email: Annotated[str, Form(max_length=254)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - the field's name in the form
) -> Response:
    """Open a session."""
    try:
        session = await sign_in(
            identity, email=email, password=password, client_address=client_of(request), user_agent=_agent(request)
        )
    except VantageError as error:
        values = {"email": email, "next": next}
        return _again(request, "identity/sign_in.html", error, values)
    return _signed_in(request, session, next)


@router.get("/sign-up")
async def get_sign_up(request: Request, principal: Anybody) -> Response:
    """The form; whoever is signed in already goes on."""
    if principal is not None:
        return redirect(request, "/")
    return render(request, "identity/sign_up.html", {"values": {}, "errors": {}, "refusal": ""})


@router.post("/sign-up")
async def post_sign_up(
    request: Request,
    identity: TheIdentity,
    _: Anybody,
    email: Annotated[str, Form(max_length=254)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    full_name: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Make an account, sign it in, go on to onboarding."""
    try:
        account = await sign_up(
            identity,
            email=email,
            password=password,
            full_name=full_name,
            client_address=client_of(request),
        )
    except VantageError as error:
        return _again(request, "identity/sign_up.html", error, {"email": email, "full_name": full_name})
    if not account.confirmed:
        return render(request, "identity/confirm_email.html", {"email": email})
    return _signed_in(request, await open_session(identity, account.person_id, _agent(request)), "/onboarding")


@router.post("/sign-out")
async def post_sign_out(
    request: Request, identity: TheIdentity, resolver: TheResolver, principal: Somebody
) -> Response:
    """Close the session here and now."""
    if isinstance(principal, KnownPerson) and principal.session_id is not None:
        await sign_out(identity, principal.session_id)
    resolver.forget(principal.person_id)
    answer = redirect(request, "/sign-in")
    answer.delete_cookie(SESSION_COOKIE, path="/")
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@router.get("/onboarding")
async def get_onboarding(request: Request, principal: Somebody) -> Response:
    """The company and its first project; whoever has an organisation goes on."""
    if principal.organization_id is not None:
        return redirect(request, "/")
    return render(request, "identity/onboarding.html", {"values": {}, "errors": {}, "refusal": ""})


@router.post("/onboarding")
async def post_onboarding(
    request: Request,
    database: TheDatabase,
    resolver: TheResolver,
    principal: Somebody,
    new: Annotated[NewOrganization, Form()],
) -> Response:
    """Make the organisation whole."""
    try:
        await found_organization(database, principal, new)
    except VantageError as error:
        return _again(request, "identity/onboarding.html", error, new.model_dump())
    resolver.forget(principal.person_id)
    return redirect(request, "/")


@router.get("/team")
async def get_team(
    request: Request, database: TheDatabase, principal: Annotated[Principal, Requires("team.view")]
) -> Response:
    """Who works here, and what each may do."""
    assert principal.organization_id is not None  # noqa: S101 - Requires() has seen to it
    async with database.reading(principal.actor()) as tx:
        people = await store.members(tx, principal.organization_id)
    return render(request, "identity/team.html", {"people": people})


def _signed_in(request: Request, session: Session, url: str) -> Response:
    answer = redirect(request, url)
    answer.set_cookie(
        SESSION_COOKIE,
        session.cookie,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


def _again(request: Request, template: str, error: VantageError, values: dict[str, Any]) -> Response:
    """The same form with what was typed and what is wrong with it; nothing is lost."""
    context = {
        "values": values,
        "errors": {field.field: field.message for field in error.fields},
        "refusal": "" if error.fields else " ".join(filter(None, (error.detail, error.way_out))),
    }
    return render(request, template, context, status=error.status)


def _agent(request: Request) -> str:
    return request.headers.get("User-Agent", "")[:300]
