"""Docs that cannot rot: what is generated is current, what is named exists."""

from pathlib import Path

import psycopg

from vantage.kernel.permissions import ALL_PERMISSIONS
from vantage.main.settings_docs import PAGE, environment_page

ROOT = Path(__file__).parents[2]


def test_the_environment_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == environment_page(), "run `python -m vantage.main.settings_docs`"


def test_the_permission_keys_of_python_and_of_the_database_are_the_same(superuser: psycopg.Connection) -> None:
    rows = superuser.execute("select key from public.permissions").fetchall()
    assert {key for (key,) in rows} == set(ALL_PERMISSIONS)
