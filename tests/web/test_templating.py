"""The environment: escaping, undefined names, files, icons, times and numbers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from vantage.web import templating
from vantage.web.templating import NotBuilt, environment, initials, link_to, reading

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


def render(source: str, **given: object) -> str:
    with reading("en", "Asia/Kolkata", NOW):
        return environment().from_string(source).render(given)


def test_what_people_typed_is_escaped_everywhere() -> None:
    evil = '"><script>alert(1)</script>'
    for source in (
        "{{ x }}", "{{ ui.button(x) }}", "{{ ui.badge(x, x) }}", "{{ ui.avatar(x) }}", "{{ ui.input('a', x, value=x, error=x) }}",
        "{{ ui.select('a', x, [(x, x)], x) }}", "{{ ui.card('1', x, '/', 5, x, x, x, ('user', x), none, x) }}",
        "{{ ui.icon_button('x', x, more={'data-x': x}) }}", "{{ ui.utterance('lead', x, x) }}", "{{ ui.facts([(x, x)]) }}",
        "{{ ui.empty_state(x, x) }}", "{{ ui.palette_item(x, '/', note=x) }}", "{{ ui.chip(x, x, remove_url='/') }}",
        "{{ icon('user', label=x) }}", "{{ ui.swatch(x) }}", "{{ ui.swatch('#' ~ x) }}", "{{ ui.form_errors({x: x}) }}",
    ):  # fmt: skip
        out = render(source, x=evil)
        assert "<script" not in out, source
        assert 'alert(1)"' not in out or "&lt;script" in out, source


def test_an_undefined_name_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("{{ nobody.name }}")
    with pytest.raises(UndefinedError):
        render("{{ ui.no_such_component() }}")


def test_files_and_icons_that_are_missing_say_so() -> None:
    with pytest.raises(NotBuilt, match=r"no static file is called 'other\.css'"):
        render("{{ asset('other.css') }}")
    with pytest.raises(NotBuilt, match="no icon 'no-such-icon'"):
        render("{{ icon('no-such-icon') }}")
    assert 'aria-hidden="true"' in render("{{ icon('phone') }}")
    assert 'aria-label="Call"' in render("{{ icon('phone', label='Call') }}")


def test_a_missing_build_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templating, "STATIC", tmp_path)
    with pytest.raises(NotBuilt, match=r"python -m vantage\.web\.build"):
        render("{{ asset('app.css') }}")


def test_features_are_found_by_their_name_only() -> None:
    with pytest.raises(TemplateNotFound):
        environment().get_template("../templating.py")
    with pytest.raises(TemplateNotFound):
        environment().get_template("crm/../../../web/templating.py")


def test_times_in_the_readers_zone_with_its_name() -> None:
    assert render("{{ t|clock }}", t=NOW) == "22 Nov, 18:30 IST"
    assert render("{{ t|clock('America/New_York') }}", t=NOW) == "22 Nov, 08:00 EST"
    assert render("{{ t|clock('Asia/Dubai') }}", t=NOW) == "22 Nov, 17:00 UTC+04"
    assert render("{{ t|clock }}", t=NOW.replace(year=2025)) == "22 Nov 2025, 18:30 IST"
    # New Year's Eve in UTC is already the next year in India.
    assert render("{{ t|clock }}", t=datetime(2025, 12, 31, 20, 0, tzinfo=UTC)) == "1 Jan, 01:30 IST"
    assert render("{{ t|day }}", t=NOW) == "Sun 22 Nov"


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        (timedelta(seconds=-20), "now"),
        (timedelta(minutes=-5), "5m ago"),
        (timedelta(hours=-2), "2h ago"),
        (timedelta(days=3), "in 3d"),
    ],
)
def test_ago(difference: timedelta, text: str) -> None:
    assert render("{{ t|ago }}", t=NOW + difference) == text


def test_numbers_as_indians_write_them() -> None:
    assert render("{{ n|number }}", n=1234567) == "12,34,567"
    assert render("{{ n|rupees }}", n=Decimal(14500000)) == "₹ 1.45 Cr"
    assert render("{{ n|rupees }}", n=8500000) == "₹ 85 L"
    assert render("{{ n|rupees('full') }}", n=1234567) == "₹ 12,34,567"
    assert render("{{ n|duration }}", n=102) == "01:42"
    assert render("{{ n|duration }}", n=3723) == "1:02:03"
    assert "301" in render("{{ n|phone_masked }}", n="+919845012301")
    assert "12301" not in render("{{ n|phone_masked }}", n="+919845012301")


def test_initials() -> None:
    assert [initials(name) for name in ("Ananya Deshmukh", "sara", "A. B. Rao", "", "प्रिया शर्मा", "«»")] == [
        "AD",
        "S",
        "AR",
        "?",
        "पश",
        "?",
    ]


def test_links_stay_on_this_site() -> None:
    assert link_to("/leads?q=1") == "/leads?q=1"
    for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", ""):
        assert link_to(elsewhere) == "/"


def test_words_of_the_readers_language_fall_back_to_english() -> None:
    with reading("hi", "Asia/Kolkata", NOW):
        assert environment().from_string("{{ _('No such sentence') }}").render() == "No such sentence"
