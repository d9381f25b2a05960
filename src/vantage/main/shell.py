"""The frame around every page: who is here, where they can go, what holds for their organisation."""

from datetime import datetime
from gettext import gettext as _

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from vantage.features.identity.resolve import KnownPerson
from vantage.kernel.errors import Unauthenticated
from vantage.platform.http.auth import Principal, resolve
from vantage.platform.http.csrf import csrf_token
from vantage.platform.http.problems import Problem, plain_page
from vantage.web.responses import render
from vantage.web.shell import Impersonation, NavGroup, NavItem, Shell


async def furnish(connection: HTTPConnection) -> None:
    """Dependency of every router of pages: puts the Shell on the request. Somebody unknown gets the empty one."""
    try:
        principal = await resolve(connection)
    except Unauthenticated:
        principal = None
    connection.state.shell = shell_of(principal, csrf_token(connection))


def error_page(request: Request, problem: Problem) -> Response:
    """A refusal as a person sees it: a page of ours; for a part of a page, the sentences that become a message."""
    context = {
        "title": problem["title"],
        "detail": problem.get("detail", ""),
        "way_out": problem.get("way_out", ""),
        "code": problem["status"],
    }
    try:
        return render(request, "layouts/error.html", context, status=problem["status"])
    except Exception:  # noqa: BLE001 - the page about an error must not be the next one
        return plain_page(request, problem)


def shell_of(principal: Principal | None, token: str) -> Shell:
    """The frame for a person. Links that lead nowhere for them are left out."""
    if not isinstance(principal, KnownPerson) or principal.organization_id is None:
        return Shell(csrf_token=token)
    role = {"owner": _("Owner"), "admin": _("Admin")}.get(principal.system_role, principal.role_name)
    simulated = principal.of_organization("carrier") == "simulated"
    return Shell(
        person=principal.name,
        role=role,
        email=principal.email,
        organization=principal.of_organization("name"),
        plan=str(principal.of_organization("tier")).title(),
        nav=navigation(principal),
        csrf_token=token,
        time_zone=principal.of_organization("time_zone", "Asia/Kolkata"),
        account_url="/team",
        search_url="/search" if _sees_leads(principal) else "",
        live_url="/live",
        new_url="/leads/new" if principal.may("lead.create") else "",
        impersonation=_support(principal),
        simulation=_("Calls are simulated: nobody is rung.") if simulated else "",
    )


def navigation(principal: KnownPerson) -> tuple[NavGroup, ...]:
    """The six modules, as far as the person may enter them."""
    sees_leads = _sees_leads(principal)
    groups = (
        NavGroup(
            tuple(
                item
                for item, shown in (
                    (NavItem(_("Pipeline"), "/board", "square-kanban", keys="g p"), sees_leads),
                    (NavItem(_("Leads"), "/leads", "users", keys="g l"), sees_leads),
                    (NavItem(_("Import"), "/leads/import", "upload", keys="g m"), principal.may("lead.import")),
                )
                if shown
            )
        ),
        NavGroup(
            tuple(
                item
                for item, shown in (
                    (NavItem(_("Campaigns"), "/campaigns", "megaphone", keys="g c"), principal.may("campaign.view")),
                    (NavItem(_("Calls"), "/calls", "phone-call", keys="g a"), principal.may("call.view")),
                )
                if shown
            ),
            _("AI calling"),
        ),
        NavGroup(
            (NavItem(_("Projects"), "/projects", "building-2", keys="g i"),) if principal.may("project.view") else (),
            _("Inventory"),
        ),
        NavGroup(
            tuple(
                item
                for item, shown in (
                    (NavItem(_("Team"), "/team", "users-round", keys="g t"), principal.may("team.view")),
                    (
                        NavItem(_("Billing"), "/billing", "receipt-indian-rupee", keys="g b"),
                        principal.may("billing.view"),
                    ),
                    (NavItem(_("Audit"), "/audit", "scroll-text", keys="g u"), principal.may("audit.view")),
                )
                if shown
            ),
            _("Organisation"),
        ),
    )
    return tuple(group for group in groups if group.items)


def _sees_leads(principal: Principal) -> bool:
    return principal.may("lead.view", "lead.view_team", "lead.view_own")


def _support(principal: KnownPerson) -> Impersonation | None:
    if principal.act_person_id is None or not principal.support_until:
        return None
    return Impersonation(
        person=principal.name,
        organization=principal.of_organization("name"),
        until=datetime.fromisoformat(principal.support_until),
        end_url="/support/end",
    )
