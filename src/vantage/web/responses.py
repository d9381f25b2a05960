"""Answers with pages: whole, or only the fragment that htmx will put in place."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from vantage.web.shell import Flash, NavItem, Shell, Undo
from vantage.web.templating import environment, link_to, reading

FLASH_COOKIE = "vantage_flash"


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    fragment: str | None = None,
    flash: Flash | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Render `template` with `context` and what the layout needs.

    When htmx asks for a part, only one block is rendered: `fragment`, else the block named like the id of
    the request's target (`#lead-list` → block `lead_list`), if the template has it. Otherwise the whole page.
    """
    shell: Shell = getattr(request.state, "shell", Shell())
    page = environment().get_template(template)
    block = _wanted_block(request, fragment)
    whole = block is None or block not in page.blocks
    if fragment and block and whole:
        raise LookupError(f"{template} has no block {fragment!r}")

    shown = _carried(request) if whole else ()
    if whole and flash:
        shown = (*shown, flash)
    given = {
        "shell": replace(shell, flashes=(*shell.flashes, *shown)),
        "active": _active(shell, request.url.path),
        "path": request.url.path,
        **(context or {}),
    }
    with reading(shell.language, shell.time_zone):
        body = page.render(given) if block is None or whole else "".join(page.blocks[block](page.new_context(given)))
    answer = HTMLResponse(body, status, headers=dict(headers or {}))
    # The same address answers with a page or a part: caches and the back button must not mix them.
    answer.headers["Vary"] = "HX-Request, HX-Target, HX-Request-Type"
    if whole and FLASH_COOKIE in request.cookies:
        answer.delete_cookie(FLASH_COOKIE, path="/")
    if not whole and flash:
        trigger(answer, "vantage:toast", _flash_to_dict(flash))
    return answer


def redirect(request: Request, url: str, *, flash: Flash | None = None) -> Response:
    """Send the person on to a path of this site, with a sentence that the next page shows."""
    url = link_to(url)
    if asks_for_part(request) or request.headers.get("HX-Request"):
        answer = Response(status_code=200, headers={"HX-Redirect": url})
    else:
        answer = RedirectResponse(url, 303)
    if flash:
        packed = base64.urlsafe_b64encode(json.dumps(_flash_to_dict(flash)).encode()).decode()
        answer.set_cookie(
            FLASH_COOKIE, packed, max_age=60, path="/", httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip
    return answer


def trigger(answer: Response, event: str, detail: object = True) -> None:
    """Make htmx fire `event` on the element that asked, once the swap is done (`vantage:close` closes dialogs)."""
    events = json.loads(answer.headers.get("HX-Trigger", "{}"))
    answer.headers["HX-Trigger"] = json.dumps({**events, event: detail})


def asks_for_part(request: Request) -> bool:
    """True when htmx will put the answer into a part of the page."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Request-Type", "partial") == "partial"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def _wanted_block(request: Request, fragment: str | None) -> str | None:
    if not asks_for_part(request):
        return None
    return fragment or request.headers.get("HX-Target", "").rpartition("#")[2].replace("-", "_") or None


def _active(shell: Shell, path: str) -> NavItem | None:
    """The link whose address is the longest beginning of this path."""
    items = [item for group in shell.nav for item in group.items]
    fitting = [item for item in items if path == item.url or path.startswith(item.url.rstrip("/") + "/")]
    return max(fitting, key=lambda item: len(item.url), default=None)


def _carried(request: Request) -> tuple[Flash, ...]:
    """The flash left by a redirect. The cookie is the person's own to forge: text is escaped, links stay here."""
    try:
        given = json.loads(base64.urlsafe_b64decode(request.cookies[FLASH_COOKIE]))
        undo = Undo(link_to(str(given["undo"]["url"])), str(given["undo"]["label"])) if given.get("undo") else None
        return (Flash(str(given["message"])[:500], str(given["tone"]), undo),)
    except (KeyError, ValueError, TypeError, AttributeError, binascii.Error):
        return ()


def _flash_to_dict(flash: Flash) -> dict[str, Any]:
    undo = {"url": flash.undo.url, "label": flash.undo.label} if flash.undo else None
    return {"message": flash.message, "tone": flash.tone, "undo": undo}
