"""In a real Chromium, under the product's policy: looks, keys, board, palette, forms, live regions."""

import json
import re
import time
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.web.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web-browser")]

PAGES = ("", "/board", "/leads", "/calls", "/sign-in", "/enquiry")


def wait_for(what: Callable[[], bool], seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_violation_and_no_sideways_scroll(browser: Browser, site: Site, theme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, has_touch=width < 500)  # type: ignore[arg-type]
    for path in PAGES:
        page = context.new_page()
        page.goto(f"{site.url}/styleguide{path}", wait_until="networkidle")
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found] == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        page.close()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_violation_in_what_opens(browser: Browser, site: Site, theme: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
    context.set_default_timeout(5000)
    page = context.new_page()
    for opened, do in (
        ("#palette", lambda: page.keyboard.press("Control+k")),
        ("#key-help", lambda: page.keyboard.press("?")),
        ("#modal", lambda: page.get_by_role("button", name="Loaded dialog").click()),
        ("#sheet", lambda: page.get_by_role("button", name="Sheet").click()),
        ("#user-menu", lambda: page.get_by_role("button", name="Priya Sharma").click()),
    ):
        page.goto(f"{site.url}/styleguide", wait_until="networkidle")
        do()
        expect(page.locator(opened)).to_be_visible()
        page.wait_for_timeout(250)  # axe measures contrast; the fade must be over
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found] == [], opened
    context.close()


def test_card_moves_by_keyboard_and_keeps_the_focus(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide/board", wait_until="networkidle")
    page.locator("#lead-1 a").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#lead-2 a")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#lead-5 a")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("#stage-contacted #lead-2")).to_be_attached()
    expect(page.locator("#lead-2 a")).to_be_focused()
    expect(page.locator("#stage-contacted [data-count]")).to_have_text("3")
    expect(page.locator("#stage-new [data-count]")).to_have_text("2")
    expect(page.locator("#board-said")).to_have_text("Moved Rohit Malhotra to Contacted")
    (moved,) = site.posts
    assert moved[0] == "/styleguide/leads/2/move"
    assert moved[1]["x-csrf-token"] == "styleguide"
    assert moved[2] == "stage_id=contacted&version=1"


def test_a_refused_move_goes_back_and_says_why(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide/board", wait_until="networkidle")
    page.locator("#lead-8 a").focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.get_by_role("alert")).to_have_text("No unit is reserved for this lead. Reserve one first.")
    expect(page.locator("#stage-negotiation [data-cards] > :first-child")).to_have_attribute("id", "lead-8")
    expect(page.locator("#lead-8 a")).to_be_focused()
    expect(page.locator("#stage-booked [data-count]")).to_have_text("0")


def test_a_move_without_connection_goes_back(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide/board", wait_until="networkidle")
    page.context.set_offline(True)
    page.locator("#lead-4 a").focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.get_by_role("alert")).to_contain_text("No connection")
    expect(page.locator("#stage-contacted #lead-4")).to_be_attached()
    page.context.set_offline(False)


def test_a_card_is_dragged(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide/board", wait_until="networkidle")
    start = page.locator("#lead-3").bounding_box()
    goal = page.locator("#stage-visit [data-cards]").bounding_box()
    assert start
    assert goal
    page.mouse.move(start["x"] + 40, start["y"] + 30)
    page.mouse.down()
    page.mouse.move(goal["x"] + 60, goal["y"] + 120, steps=12)
    page.mouse.move(goal["x"] + 60, goal["y"] + 124, steps=3)
    page.wait_for_timeout(250)  # the drag looks where it is twenty times a second
    page.mouse.up()
    expect(page.locator("#stage-visit #lead-3")).to_be_attached()
    wait_for(lambda: len(site.posts) == 1)
    assert site.posts[0][2] == "stage_id=visit&version=1"
    assert page.url.endswith("/board"), "the drag is not a click"


def test_palette_finds_pages_and_leads_by_keyboard(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide/board", wait_until="networkidle")
    page.keyboard.press("Control+k")
    page.keyboard.type("vikram")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Vikram Singh")
    page.keyboard.press("Control+a")
    page.keyboard.type("lead")
    expect(page.locator("#palette [role=option]:visible").first).to_contain_text("New lead")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Leads")
    page.keyboard.press("Enter")
    page.wait_for_url("**/styleguide/leads")


def test_two_keys_go_places_but_not_while_typing(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide/leads", wait_until="networkidle")
    page.keyboard.press("/")
    page.keyboard.type("g p?")
    expect(page.get_by_role("searchbox")).to_have_value("g p?")
    expect(page.locator("#key-help")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/styleguide/board")


def test_the_list_searches_and_sorts_in_place(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide/leads", wait_until="networkidle")
    page.get_by_role("searchbox").fill("vik")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("searchbox").fill("nobody of that name")
    expect(page.get_by_role("heading", name="No lead has that name")).to_be_visible()
    page.goto(f"{site.url}/styleguide/leads", wait_until="networkidle")
    page.get_by_role("link", name="Score").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Score")
    page.get_by_role("link", name="Score").click()
    expect(page.locator("tbody tr").first).to_contain_text("Shalini Gupta")
    assert "sort=-score" in page.url


def test_a_refused_form_keeps_what_was_typed(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide", wait_until="networkidle")
    page.locator("#budget").fill("85 lakh")
    page.get_by_role("button", name="Save lead").click()
    expect(page.locator("#name")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#budget")).to_have_value("85 lakh")
    expect(page.locator(".alert[role=alert]")).to_be_focused()
    page.locator("#name").fill("Meera")
    page.get_by_role("button", name="Save lead").click()
    expect(page.locator(".toast-note")).to_contain_text("Saved Meera")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast-note")).to_contain_text("Undone")
    assert [post[0] for post in site.posts] == ["/styleguide/form", "/styleguide/form", "/styleguide/undo"]
    assert all(post[1]["x-csrf-token"] == "styleguide" for post in site.posts)


def test_menu_by_keyboard(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide", wait_until="networkidle")
    button = page.get_by_role("button", name="More")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Duplicate")).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()  # past the disabled one
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_theme_is_kept_and_never_flashes(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide/sign-in", wait_until="networkidle")
    page.get_by_role("radio", name="Dark").click()
    expect(page.locator("html")).to_have_class("dark")
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => window.darkAtStart = document.documentElement.matches('.dark'))"
    )
    page.goto(f"{site.url}/styleguide/board")
    assert page.evaluate("window.darkAtStart") is True


def test_upload_shows_its_end(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide", wait_until="networkidle")
    page.locator("#s-file").set_input_files({"name": "leads.csv", "mimeType": "text/csv", "buffer": b"a" * 100_000})
    expect(page.locator(".toast-note")).to_contain_text("Uploaded")
    expect(page.locator("[data-drop-name]")).to_have_text("leads.csv")
    expect(page.locator("[data-drop-progress]")).to_be_hidden()


def test_the_menu_of_a_phone(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(f"{site.url}/styleguide/board", wait_until="networkidle")
    expect(page.locator("#side")).to_be_hidden()
    page.get_by_role("button", name="Open menu").tap()
    expect(page.get_by_role("link", name="Campaigns")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()
    context.close()


def test_live_regions_follow_events_gaps_and_reconnects(page: Page, site: Site) -> None:
    site.live.heard.clear()
    page.goto(f"{site.url}/live-page", wait_until="networkidle")
    wait_for(lambda: site.live.heard == [{"hello": None}])
    any_lead, one_call = page.locator("#any"), page.locator("#one")

    # A burst is one request; a call with another key is not shown here.
    for seq, topic, key in ((8, "lead.moved", "a"), (9, "lead.updated", "b"), (10, "call.updated", "c-2")):
        site.live.send({"seq": seq, "topic": topic, "key": key})
    expect(any_lead).to_have_text("1")
    expect(one_call).to_have_text("0")
    site.live.send({"seq": 11, "topic": "call.updated", "key": "c-1"})
    expect(one_call).to_have_text("2")

    # An event that was heard already changes nothing; a hole asks for everything again.
    site.live.send({"seq": 11, "topic": "lead.moved", "key": "a"})
    site.live.send({"seq": 14, "topic": "call.updated", "key": "c-2"})
    expect(any_lead).to_have_text(re.compile("^[34]$"))
    expect(one_call).to_have_text(re.compile("^[34]$"))

    site.live.send({"beat": True})
    wait_for(lambda: {"beat": True} in site.live.heard)

    site.live.seq = 20
    site.live.drop()
    wait_for(lambda: {"hello": 14} in site.live.heard, 10)
    expect(any_lead).to_have_text(re.compile("^[56]$"))
    expect(page.locator("[data-live-note]")).to_be_hidden()


def test_a_signed_out_or_refused_answer_never_lands_in_the_page(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/styleguide", wait_until="networkidle")
    refusal = json.dumps(
        {"title": "No", "detail": "Plan limit reached: 500 of 500 leads.", "way_out": "Upgrade to Pro."}
    )
    page.route(
        "**/styleguide/dialog",
        lambda route: route.fulfill(status=409, content_type="application/problem+json", body=refusal),
    )
    page.get_by_role("button", name="Loaded dialog").click()
    expect(page.get_by_text("Plan limit reached: 500 of 500 leads. Upgrade to Pro.")).to_be_visible()
    expect(page.locator("#modal")).to_be_hidden()
    assert page.locator("#modal-body").inner_text() == ""
