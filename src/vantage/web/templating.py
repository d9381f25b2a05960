"""The one Jinja environment of the pages: autoescape always, undefined names are errors, words through gettext.

Templates of the layout lie in `web/templates`, those of a feature in `features/<name>/templates` and are
loaded as `<name>/page.html`. All components stand in the global `ui` (see README.md beside this file).
"""

import functools
import gettext as gettext_module
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from vantage.kernel.clock import SystemClock
from vantage.kernel.money import format_rupees
from vantage.kernel.phone import mask_phone

WEB = Path(__file__).resolve().parent
STATIC = WEB / "static"
STATIC_URL = "/static"
LOCALES = WEB / "locales"
COMPONENTS = ("actions", "forms", "overlays", "data", "states", "crm")
"""Files of `templates/ui` whose macros make up the global `ui`."""


class NotBuilt(RuntimeError):
    """A static file is asked for that the build has not made."""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a template is rendered: language tag, IANA zone, and the present instant (aware)."""

    language: str
    zone: str
    now: datetime


_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)


@contextmanager
def reading(language: str, zone: str, now: datetime | None = None) -> Iterator[None]:
    """Render for this reader inside the block. Times are shown in `zone`, words in `language`."""
    token = _reader.set(Reader(language, zone, now or SystemClock().now()))
    try:
        yield
    finally:
        _reader.reset(token)


def reader() -> Reader:
    """Who reads, or a default in English and Indian time outside `reading`."""
    return _reader.get() or Reader("en", "Asia/Kolkata", SystemClock().now())


class Components:
    """All macros under one name: `ui.button(...)`, from whichever file of `templates/ui` defines it."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __getattr__(self, name: str) -> Any:
        for file in COMPONENTS:
            module = self._environment.get_template(f"ui/{file}.html").module
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(f"there is no component {name!r} in templates/ui")


@functools.cache
def environment() -> Environment:
    """The environment, made once per process."""
    features = {
        folder.parent.name: FileSystemLoader(folder) for folder in sorted((WEB.parent / "features").glob("*/templates"))
    }
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(WEB / "templates"), PrefixLoader(features)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        asset=asset, icon=icon, csrf_field=csrf_field, attrs=attributes, initials=initials, ui=Components(made)
    )
    made.filters.update(clock=clock, day=day, ago=ago, duration=duration, number=number, json=json.dumps)
    made.filters.update(rupees=rupees, phone_masked=mask_phone)
    return made


# -- files ---------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4)
def _load(path: Path, changed: int) -> dict[str, str]:
    _ = changed  # part of the cache key: a rebuilt file is read again
    loaded: dict[str, str] = json.loads(path.read_text())
    return loaded


def _built(name: str) -> dict[str, str]:
    path = STATIC / name
    try:
        return _load(path, path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise NotBuilt(f"{path} is missing: run python -m vantage.web.build") from error


def asset(name: str) -> str:
    """Address of a built file by its plain name: `asset('app.css')`. Raises `NotBuilt`."""
    try:
        return f"{STATIC_URL}/{_built('manifest.json')[name]}"
    except KeyError as error:
        raise NotBuilt(f"no static file is called {name!r}") from error


def icon(name: str, size: int = 16, label: str = "", **more: str) -> Markup:
    """A Lucide icon as inline svg, `size` CSS pixels wide; hidden from readers of the screen unless it has a label."""
    try:
        inside = _built("icons.json")[name]
    except KeyError as error:
        raise NotBuilt(f"Lucide has no icon {name!r}; see lucide.dev/icons") from error
    given = {"class": "icon", **{key.rstrip("_"): value for key, value in more.items()}}
    spoken = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    return Markup(
        '<svg width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"{attrs}>{inside}</svg>'
    ).format(size=size, attrs=attributes({**given, **spoken}), inside=Markup(inside))  # noqa: S704  from the package, at build time


# -- small html ----------------------------------------------------------------------------------


def attributes(given: Mapping[str, Any]) -> Markup:
    """HTML attributes, escaped, with a leading blank each. None and False are left out, True stands bare."""
    parts = []
    for name, value in given.items():
        if value is None or value is False:
            continue
        plain = name.rstrip("_").replace("_", "-") if ":" not in name else name
        parts.append(Markup(" {}").format(plain) if value is True else Markup(' {}="{}"').format(plain, value))
    return Markup("").join(parts)


@pass_context
def csrf_field(context: Context) -> Markup:
    """The hidden input that every form with method post carries; requests by htmx send a header instead."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(context["shell"].csrf_token)


def initials(name: str) -> str:
    """At most two letters for an avatar: first and last word (`Ananya Deshmukh` → `AD`)."""
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"


# -- words, times, numbers -----------------------------------------------------------------------


@functools.cache
def _translations(language: str) -> gettext_module.NullTranslations:
    return gettext_module.translation("vantage", LOCALES, languages=[language], fallback=True)


def _gettext(message: str) -> str:
    return _translations(reader().language).gettext(message)


def _ngettext(singular: str, plural: str, count: int) -> str:
    return _translations(reader().language).ngettext(singular, plural, count)


def _babel() -> str:
    return {"en": "en_IN", "hi": "hi_IN"}.get(reader().language, "en_IN")


def clock(instant: datetime, zone: str | None = None) -> str:
    """`22 Nov 2026, 18:30 IST`; the year is left out within the present one. `instant` is aware."""
    local = instant.astimezone(ZoneInfo(zone or reader().zone))
    pattern = "d MMM, HH:mm" if local.year == reader().now.astimezone(local.tzinfo).year else "d MMM y, HH:mm"
    name = local.tzname() or ""
    shown = name if name[:1].isalpha() else f"UTC{name}"
    return f"{format_datetime(local, pattern, tzinfo=local.tzinfo, locale=_babel())} {shown}"


def day(instant: datetime, zone: str | None = None) -> str:
    """`Sun 22 Nov` in the reader's zone, or in `zone`."""
    local = instant.astimezone(ZoneInfo(zone or reader().zone))
    return str(format_datetime(local, "EEE d MMM", tzinfo=local.tzinfo, locale=_babel()))


def ago(instant: datetime) -> str:
    """`2h ago`, `in 3d`; within a minute `now`."""
    difference = instant.astimezone(UTC) - reader().now
    if abs(difference) < timedelta(minutes=1):
        return _gettext("now")
    # Not the Indian variant of English, whose short forms are longer ("in 3 days").
    return str(format_timedelta(difference, add_direction=True, format="narrow", locale=_babel().removesuffix("_IN")))


def duration(seconds: int) -> str:
    """A talk's length: `01:42`, above an hour `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def rupees(amount: Decimal | int, style: Literal["short", "full"] = "short") -> str:
    """`₹ 1.45 Cr` for lists and cards, `₹ 1,45,00,000` in full where the exact amount matters."""
    return format_rupees(amount, style)


def number(value: int | Decimal) -> str:
    """Grouped as Indians write: `12,34,567`."""
    return str(format_decimal(value, locale="en_IN"))


def link_to(url: str) -> str:
    """Refuse an address that leaves this site: only paths pass, everything else becomes `/`."""
    safe = url.startswith("/") and not url.startswith(("//", "/\\")) and not any(ord(letter) < 32 for letter in url)
    return url if safe else "/"
