"""schema.sql, built from one file per table.

Each file of `database/schema/<module>/` is cut at its `-- @section NAME` lines; the sections are emitted one
after the other over all modules, so that no file needs to know which table another one creates first.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from vantage.platform.database.sql_files import sql_root

MODULES = ("identity", "system", "billing", "inventory", "crm", "calling")
SECTIONS = ("tables", "references", "functions", "triggers", "grants", "policies")

_SECTION_LINE = re.compile(r"^-- @section[ \t]+(\S+)[ \t]*$", re.MULTILINE)
_MIGRATION_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_FORBIDDEN = ("$schema$", "$vantage$")

_HEAD = """\
-- Quinite Vantage: the whole database, for an empty PostgreSQL 15 or newer.
--
-- Built from database/schema/ by `vantage db schema`. Change the files there, never this one.
--
-- On Supabase: paste all of it into the SQL editor and press Run, then do the same with seed.sql.
-- On plain PostgreSQL: `vantage db init` (it applies supabase_shim.sql first).
--
-- It is one transaction: it installs everything or nothing. On a database that has this version already it
-- does nothing; on one that has another version it stops and says what to do. The plain SQL of the schema
-- stands between the two lines with $schema$.

do $vantage$
declare
  recorded integer;
begin
  if to_regclass('private.schema_version') is not null then
    execute 'select version from private.schema_version' into recorded;
  end if;
  if recorded = {version} then
    raise notice 'Version {version} of the schema is installed already: nothing was changed.';
    return;
  elsif recorded is not null then
    raise exception 'This database has version % of the schema, this file is version {version}.', recorded
      using hint = 'Run `vantage db migrate`: it brings the database forward without losing a row.';
  elsif to_regclass('public.organizations') is not null then
    raise exception 'There is a table "organizations", but not from this schema: no version is recorded.'
      using hint = 'Install into an empty database, or into a new Supabase project.';
  end if;
  execute $schema$
"""

_PREAMBLE = """\
set local client_min_messages = warning;
-- Every name below says its schema; nothing is found by chance.
set local search_path = '';
-- Functions may name what is created after them.
set local check_function_bodies = off;

do $roles$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'vantage_worker') then
    create role vantage_worker nologin;
  end if;
exception when duplicate_object or unique_violation then
  null;  -- roles belong to the whole server: another database's installation was faster
end
$roles$;
grant vantage_worker to current_user;

create schema private;

-- What is created from here on belongs to nobody but its owner until a grant says otherwise. The first line
-- must stand without IN SCHEMA: a default of one schema cannot take away the one that PUBLIC has everywhere.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;

grant usage on schema public to anon, authenticated, service_role, vantage_worker;
grant usage on schema private to anon, authenticated, service_role, vantage_worker;

-- Which version this is, and how it came to be.
create table private.schema_version (
  version      integer not null,
  installed_at timestamptz not null default now(),
  only_row     boolean not null default true,
  constraint schema_version_pkey primary key (only_row),
  constraint schema_version_only_row_check check (only_row)
);
create table private.schema_migrations (
  version    integer not null,
  name       text not null,
  -- sha256 of the file; empty for what a fresh installation holds already
  checksum   text not null,
  applied_at timestamptz not null default now(),
  constraint schema_migrations_pkey primary key (version)
);
alter table private.schema_version enable row level security;
alter table private.schema_migrations enable row level security;
create policy "Processes read the version" on private.schema_version
  for select to vantage_worker using (true);
create policy "Only the owner" on private.schema_migrations
  for all to authenticated, vantage_worker using (false) with check (false);
grant select on private.schema_version to vantage_worker;
"""

# Supabase projects made before November 2026 granted everything to the API roles; here they end like new ones.
_BEFORE_GRANTS = """\
revoke all on all tables in schema public from public, anon, authenticated, service_role;
revoke all on all sequences in schema public from public, anon, authenticated, service_role;
revoke execute on all functions in schema public from public, anon, authenticated, service_role;
revoke execute on all functions in schema private from public;
"""

# Supabase's supautils takes an exclusive lock on the tables of auth while a policy is created.
_BEFORE_POLICIES = """\
-- Last and quickly: on Supabase a policy's creation holds up sign-ins until the end of the transaction.
set local lock_timeout = '5s';
"""


class SchemaFileError(ValueError):
    """A file of `database/schema/` cannot be built; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Part:
    """One section of one file. `line` is the line of its first text in that file, from 1."""

    module: str
    file: Path
    section: str
    line: int
    sql: str

    @property
    def name(self) -> str:
        """Module and file, as errors say it."""
        return f"{self.module}/{self.file.name}"


@dataclass(frozen=True, slots=True)
class Schema:
    """schema.sql and where each of its lines comes from."""

    version: int
    text: str
    parts: tuple[tuple[int, Part], ...]
    """Line in `text` at which the part's first line stands, from 1, and the part; ascending."""

    def source(self, line: int) -> tuple[Part, int] | None:
        """The part and the line in its file from which a line of schema.sql comes; None for our own frame."""
        for start, part in reversed(self.parts):
            if start <= line:
                inside = line - start < part.sql.count("\n") + 1
                return (part, part.line + line - start) if inside else None
        return None


def read_parts(root: Path) -> list[Part]:
    """All sections under `root/schema`, in the order in which they are emitted.

    Raises SchemaFileError on an unknown or doubled section, and on SQL before the first one.
    """
    parts: list[Part] = []
    for module in MODULES:
        for file in sorted((root / "schema" / module).glob("*.sql")):
            parts += _parts_of(module, file)
    unknown = {folder.name for folder in (root / "schema").iterdir() if folder.is_dir()} - set(MODULES)
    if unknown:
        raise SchemaFileError(f"database/schema/ has folders that are no module: {', '.join(sorted(unknown))}")
    return sorted(parts, key=lambda part: SECTIONS.index(part.section))


def _parts_of(module: str, file: Path) -> list[Part]:
    text = file.read_text(encoding="utf-8")
    marks = list(_SECTION_LINE.finditer(text))
    where = f"database/schema/{module}/{file.name}"
    for number, before in enumerate(text[: marks[0].start() if marks else len(text)].splitlines(), 1):
        if before.strip() and not before.lstrip().startswith("--"):
            raise SchemaFileError(f"{where}:{number}: SQL before the first line `-- @section NAME`")
    parts: list[Part] = []
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        line = text.count("\n", 0, mark.start()) + 1
        if mark[1] not in SECTIONS:
            raise SchemaFileError(f"{where}:{line}: unknown section {mark[1]!r}; known: {', '.join(SECTIONS)}")
        if any(part.section == mark[1] for part in parts):
            raise SchemaFileError(f"{where}:{line}: section {mark[1]!r} stands twice")
        body = text[mark.end() : after.start() if after else len(text)]
        for tag in _FORBIDDEN:
            if tag in body:
                raise SchemaFileError(f"{where}:{line}: the quote {tag} is taken by schema.sql; use another tag")
        sql = body.strip("\n")
        first = line + len(body) - len(body.lstrip("\n"))
        if sql.strip():
            parts.append(Part(module, file, mark[1], first, sql))
    return parts


def schema_version(root: Path) -> int:
    """The number of the newest migration; 1 while there is none, which is the first schema itself."""
    return max((number for number, _ in _migrations(root)), default=1)


def _migrations(root: Path) -> list[tuple[int, str]]:
    found = (_MIGRATION_NAME.match(file.name) for file in sorted((root / "migrations").glob("*.sql")))
    return [(int(match[1]), match[2]) for match in found if match]


def build_schema(root: Path | None = None) -> Schema:
    """Read `database/schema/` and compose schema.sql. Raises SchemaFileError."""
    root = root or sql_root()
    version = schema_version(root)
    text = _HEAD.format(version=version) + "\n" + _PREAMBLE
    placed: list[tuple[int, Part]] = []
    section = ""
    for part in read_parts(root):
        if part.section != section:
            section = part.section
            text += f"\n\n-- {section} {'-' * (100 - len(section))}\n"
            text += {"grants": "\n" + _BEFORE_GRANTS, "policies": "\n" + _BEFORE_POLICIES}.get(section, "")
        text += f"\n-- {part.name}\n\n"
        placed.append((text.count("\n") + 1, part))
        text += part.sql + "\n"
    text += f"\n\ninsert into private.schema_version (version) values ({version});\n"
    for number, name in _migrations(root):
        # number and name come from a file name of digits and letters
        row = f"({number}, '{name}', '')"
        text += f"insert into private.schema_migrations (version, name, checksum) values {row};\n"  # noqa: S608
    return Schema(version, text + "  $schema$;\nend\n$vantage$;\n", tuple(placed))
