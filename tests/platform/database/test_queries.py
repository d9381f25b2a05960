"""Every named query of the product is prepared against the real schema, and every one is used."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import vantage
from vantage.platform.database import Queries, QueryFileError, Statement
from vantage.platform.database.queries import parse_queries

SOURCE = Path(vantage.__file__).parent


def packages() -> Iterator[str]:
    for file in sorted(SOURCE.rglob("queries.sql")):
        yield ".".join(("vantage", *file.parent.relative_to(SOURCE).parts))


def all_statements() -> list[Statement]:
    return [statement for package in packages() for statement in Queries.load(package).values()]


@pytest.mark.parametrize("statement", all_statements(), ids=lambda statement: f"{statement.package}.{statement.name}")
def test_the_schema_knows_every_name_in_it(statement: Statement, owner: psycopg.Connection) -> None:
    """Parsing and planning by the server itself; nothing is run."""
    order = sorted(statement.parameters)
    numbered = re.sub(r"%\((\w+)\)s", lambda match: f"${order.index(match[1]) + 1}", statement.text).replace("%%", "%")
    result = owner.pgconn.prepare(b"", numbered.encode())
    if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
        pytest.fail(f"{statement.package}/queries.sql: {statement.name}: {result.error_message.decode()}")


@pytest.mark.parametrize("package", list(packages()))
def test_every_query_is_used(package: str) -> None:
    folder = SOURCE.joinpath(*package.split(".")[1:])
    code = "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    unused = [name for name in Queries.load(package) if not re.search(rf"""["']{name}["']""", code)]
    assert unused == [], f"{package}/queries.sql holds queries that no module beside it names"


def test_an_error_in_a_query_would_be_found(owner: psycopg.Connection) -> None:
    statement = Statement.of("wrong", "select no_such_column from public.organizations", package="vantage.nowhere")
    with pytest.raises(pytest.fail.Exception, match="no_such_column"):
        test_the_schema_knows_every_name_in_it(statement, owner)


FILE = """-- Leads of a project
-- by age, for the list.
-- name: list_leads
select id -- not a %(parameter)s
  from public.leads where organization_id = %(organization_id)s and name like 'Tower %%';

-- One lead.
-- name: one_lead
select 1
"""


def test_a_file_is_cut_at_its_names() -> None:
    one, two = parse_queries(FILE, "vantage.features.crm")
    assert (one.name, one.reason, one.parameters) == (
        "list_leads",
        "Leads of a project by age, for the list.",
        frozenset({"organization_id"}),
    )
    assert one.text.endswith("like 'Tower %%'")
    assert "--" not in one.text
    assert (two.name, two.reason, two.text) == ("one_lead", "One lead.", "select 1")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-- name: bare\nselect 1", "must say why"),
        ("-- why\n-- name: a\nselect 1;\n-- why\n-- name: a\nselect 2", "stands twice"),
        ("-- why\n-- name: a\nselect '%(x)s'", "inside quotes"),
        ("-- why\n-- name: a\nselect 'a' like 'a%'", "written %%"),
        ("-- why\n-- name: a\n\n-- why\n-- name: b\nselect 2", "a has no SQL"),
    ],
)
def test_a_file_that_breaks_the_rules_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(QueryFileError, match=complaint):
        list(parse_queries(text, "vantage.features.crm"))
