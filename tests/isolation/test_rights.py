"""Grants are reviewed by eye: whoever adds one changes rights.txt in the same commit."""

from pathlib import Path

import psycopg
from tests.isolation.rights import rights

RIGHTS = Path(__file__).with_name("rights.txt")


def test_the_roles_hold_what_the_file_says_and_no_more(superuser: psycopg.Connection) -> None:
    assert rights(superuser) == RIGHTS.read_text().splitlines()


def test_the_login_itself_holds_nothing(superuser: psycopg.Connection) -> None:
    """vantage_app is nobody until a transaction becomes one of its three roles."""
    assert [line for line in RIGHTS.read_text().splitlines() if line.startswith("vantage_app")] == []
