"""The suite is tested itself: one fault after the other is planted into the schema, and each must be caught.

Every policy dropped or made `true`, every withheld column granted, every function opened or unpinned, every
composite reference dropped, every trigger disabled, row security switched off table by table. A survivor is
listed by name. Part of `make verify` (T1).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from tests.isolation import test_catalogue
from tests.isolation.rights import rights
from tests.isolation.test_matrix import (
    allowed,
    matrix,
)
from tests.isolation.test_matrix import (
    test_strangers_see_what_is_published_and_offered_alone as strangers_see_the_public_alone,
)
from tests.isolation.test_references import points_across, references
from tests.isolation.test_rights import RIGHTS
from tests.isolation.world import World, make_world

# Planting these changes nothing that can be reached: another reference says the same of the same rows.
EQUIVALENT = {"leads_project_id_fkey dropped"}  # leads_stage_id_fkey holds project and stage together

pytestmark = [pytest.mark.verify, pytest.mark.timeout(1800)]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault: its name, the statement that plants it, and the part of the suite that should see it."""

    name: str
    statement: str
    seen_by: str
    table: str = ""


def mutants(connection: psycopg.Connection) -> Iterator[Mutant]:
    """All of them, from the catalogue."""
    for table, policy, verb, using, check in connection.execute(
        """select c.relname, p.polname, p.polcmd::text, p.polqual is not null, p.polwithcheck is not null
             from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'public' order by 1, 2"""
    ).fetchall():
        yield Mutant(
            f'policy "{policy}" on {table} dropped', f'drop policy "{policy}" on public.{table}', "matrix", table
        )
        conditions = (" using (true)" if using else "") + (" with check (true)" if check else "")
        already = connection.execute(
            "select pg_get_expr(polqual, polrelid) = 'true' from pg_policy where polname = %s"
            " and polrelid = ('public.' || quote_ident(%s))::regclass",
            [policy, table],
        ).fetchone()
        if already != (True,):
            yield Mutant(
                f'policy "{policy}" on {table} made true ({verb})',
                f'alter policy "{policy}" on public.{table}{conditions}',
                "policies",
                table,
            )
    for table, column, role in connection.execute(
        """select c.relname, a.attname, r.role from pg_class c join pg_namespace n on n.oid = c.relnamespace
             join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
             cross join (values ('authenticated'), ('vantage_worker')) r (role)
            where n.nspname = 'public' and c.relkind = 'r'
              and not has_column_privilege(r.role, c.oid, a.attnum, 'update') order by 1, 2, 3"""
    ).fetchall():
        yield Mutant(
            f"{role} may update {table}.{column}", f"grant update ({column}) on public.{table} to {role}", "rights"
        )
    for function, pinned in connection.execute(
        """select p.oid::regprocedure::text, p.proconfig is not null from pg_proc p
             join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'private') order by 1"""
    ).fetchall():
        yield Mutant(f"{function} executable by all", f"grant execute on function {function} to public", "rights")
        if pinned:
            yield Mutant(f"{function} unpinned", f"alter function {function} reset search_path", "search_path")
    for (table,) in connection.execute(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relkind = 'r' order by 1"
    ).fetchall():
        yield Mutant(f"row security of {table} off", f"alter table public.{table} disable row level security", "rls")
        yield Mutant(f"anon may truncate {table}", f"grant truncate on public.{table} to anon", "truncate")
        for trigger, enabled in connection.execute(
            "select tgname, tgenabled from pg_trigger where tgrelid = ('public.' || quote_ident(%s))::regclass"
            " and not tgisinternal order by 1",
            [table],
        ).fetchall():
            assert enabled in (b"O", "O")
            yield Mutant(
                f"trigger {trigger} on {table} disabled",
                f"alter table public.{table} disable trigger {trigger}",
                "triggers",
            )
    for constraint, table, *_ in references(connection):
        yield Mutant(
            f"{constraint} dropped", f"alter table public.{table} drop constraint {constraint}", "references", table
        )


@pytest.fixture
def world(owner: psycopg.Connection, superuser: psycopg.Connection) -> World:
    return make_world(owner, superuser)


def test_every_planted_fault_is_caught(superuser: psycopg.Connection, world: World) -> None:
    expected_rights = RIGHTS.read_text().splitlines()
    expected_matrix = allowed()
    before = {reference[0]: reference for reference in references(superuser)}

    def caught(mutant: Mutant) -> bool:
        if mutant.seen_by == "matrix":
            return _matrix_differs(mutant.table)
        if mutant.seen_by == "policies":
            return (
                _fails(test_catalogue.test_every_policy_of_a_tenant_table_names_the_organisation)
                or _fails(strangers_see_the_public_alone, world)
                or _matrix_differs(mutant.table)
            )
        if mutant.seen_by == "rights":
            return rights(superuser) != expected_rights
        if mutant.seen_by == "references":
            return points_across(superuser, world, before[mutant.name.split()[0]])
        return _fails(
            {
                "search_path": test_catalogue.test_every_function_pins_its_search_path,
                "rls": test_catalogue.test_row_level_security_on_every_table,
                "truncate": test_catalogue.test_nobody_may_truncate_or_make_triggers,
                "triggers": test_catalogue.test_every_trigger_is_enabled,
            }[mutant.seen_by]
        )

    def _matrix_differs(table: str) -> bool:
        found = matrix(superuser, world, {table})
        return any(expected_matrix[key] != actors for key, actors in found.items())

    def _fails(check: Callable[..., None], *more: object) -> bool:
        try:
            check(superuser, *more)
        except AssertionError:
            return True
        return False

    planted = list(mutants(superuser))
    survivors = []
    for mutant in planted:
        with superuser.transaction(force_rollback=True):
            superuser.execute(mutant.statement.encode())
            superuser.execute("set local search_path = ''")
            if not caught(mutant) and mutant.name not in EQUIVALENT:
                survivors.append(mutant.name)
    print(f"{len(planted)} mutants, {len(survivors)} survivors")  # noqa: T201 - the figure of T1
    assert not survivors, "\n".join(survivors)
