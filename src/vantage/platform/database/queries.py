"""SQL as SQL: named statements from a package's `queries.sql`, and what is asked with them."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Generic, TypeVar

from psycopg import AsyncCursor
from psycopg.rows import AsyncRowFactory, class_row, tuple_row

from vantage.kernel.errors import NotFound

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_NAME = re.compile(r"^-- name:[ \t]*(\w+)[ \t]*$", re.MULTILINE)
_PARAMETER = re.compile(r"%\((\w+)\)s")
_COMMENT_OR_STRING = re.compile(r"--[^\n]*|'(?:[^']|'')*'")


class QueryFileError(ValueError):
    """A queries.sql breaks its rules; the message names package, query and rule."""


@dataclass(frozen=True, slots=True)
class Ask(Generic[T_co]):
    """A statement with its values and the shape of its answer; sent by a transaction."""

    statement: "Statement"
    parameters: Mapping[str, object]
    row_factory: AsyncRowFactory[Any]
    take: Callable[[AsyncCursor[Any]], Awaitable[T_co]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One named query. Its parameters stand in the text as `%(name)s`.

    Every method returns an `Ask`; the parameters are given by name and must be exactly the query's own,
    else TypeError.
    """

    name: str
    text: str
    reason: str
    package: str = ""
    parameters: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, name: str, text: str, reason: str = "", package: str = "") -> "Statement":
        """A statement from its text, comments left out.

        Raises QueryFileError where the driver would misread it: a `%` that is not doubled, a parameter in quotes.
        """
        bare = _COMMENT_OR_STRING.sub(lambda match: "" if match[0].startswith("--") else match[0], text).strip()
        quoted = [match[0] for match in _COMMENT_OR_STRING.finditer(bare) if _PARAMETER.search(match[0])]
        if quoted:
            raise QueryFileError(f"{package}: query {name}: a parameter stands inside quotes: {quoted[0]}")
        if "%" in _PARAMETER.sub("", bare).replace("%%", ""):
            raise QueryFileError(f"{package}: query {name}: a percent sign that is no parameter is written %%")
        return cls(name, bare, reason, package, frozenset(_PARAMETER.findall(bare)))

    def all(self, row: type[T], /, **values: object) -> Ask[list[T]]:
        """Every row, as the dataclass whose fields are the query's columns."""
        return self._ask(_all, values, class_row(row))

    def one(self, row: type[T], /, **values: object) -> Ask[T]:
        """The only row; NotFound when there is none."""
        return self._ask(_one, values, class_row(row))

    def maybe(self, row: type[T], /, **values: object) -> Ask[T | None]:
        """The first row, or None."""
        return self._ask(_maybe, values, class_row(row))

    def rows(self, /, **values: object) -> Ask[list[tuple[Any, ...]]]:
        """Every row, as a tuple."""
        return self._ask(_all, values, tuple_row)

    def scalar(self, kind: type[T], /, **values: object) -> Ask[T]:  # noqa: ARG002 - it types the answer
        """The first column of the only row; NotFound when there is none. `kind` is for the type checker."""
        return self._ask(_scalar, values, tuple_row)

    def json(self, /, **values: object) -> Ask[bytes]:
        """The first column of the only row, built as JSON by PostgreSQL and not parsed; NotFound when null or absent."""
        return self._ask(_json, values, tuple_row)

    def count(self, /, **values: object) -> Ask[int]:
        """How many rows an INSERT, UPDATE or DELETE has changed."""
        return self._ask(_count, values, tuple_row)

    def _ask(self, take: Callable[[AsyncCursor[Any]], Awaitable[T]], values: dict[str, object], row: Any) -> Ask[T]:
        self.check(values)
        return Ask(self, values, row, take)

    def check(self, values: Mapping[str, object]) -> None:
        """Raise TypeError unless the values are exactly the query's parameters."""
        if values.keys() != self.parameters:
            missing, unknown = self.parameters - values.keys(), values.keys() - self.parameters
            raise TypeError(
                f"{self.package}: query {self.name}"
                + (f" lacks {', '.join(sorted(missing))}" if missing else "")
                + (f" has no parameter {', '.join(sorted(unknown))}" if unknown else "")
            )


class Queries(Mapping[str, Statement]):
    """The named statements of one package, by name. `queries["list_leads"]` raises KeyError for a wrong name."""

    def __init__(self, package: str, statements: Sequence[Statement]) -> None:
        self.package = package
        self._statements = {statement.name: statement for statement in statements}

    @classmethod
    def load(cls, package: str | None) -> "Queries":
        """Read `queries.sql` of a package, called with `__package__`.

        Above each query stand one line `-- name: list_leads` and, before that line, one or more comment lines
        that say why it is as it is. Raises QueryFileError when the file breaks these rules.
        """
        if not package:
            raise QueryFileError("Queries.load(__package__) works in a module of a package only")
        text = (files(package) / "queries.sql").read_text(encoding="utf-8")
        return cls(package, list(parse_queries(text, package)))

    def __getitem__(self, name: str) -> Statement:
        return self._statements[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._statements)

    def __len__(self) -> int:
        return len(self._statements)


def parse_queries(text: str, package: str) -> Iterator[Statement]:
    """Cut a queries.sql. Raises QueryFileError on a doubled name, a missing reason, an empty query."""
    marks = list(_NAME.finditer(text))
    seen: set[str] = set()
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        name = mark[1]
        if name in seen:
            raise QueryFileError(f"{package}/queries.sql: {name} stands twice")
        seen.add(name)
        reason = _trailing_comment(text[: mark.start()])
        body = text[mark.end() : after.start() if after else len(text)]
        if after:  # the comment above the next name belongs to the next query
            body = _without_trailing_comment(body)
        body = body.strip().removesuffix(";").strip()
        if not reason:
            raise QueryFileError(f"{package}/queries.sql: above `-- name: {name}` a line must say why the query is so")
        if not body:
            raise QueryFileError(f"{package}/queries.sql: {name} has no SQL")
        yield Statement.of(name, body, reason, package)


def _trailing_comment(text: str) -> str:
    lines: list[str] = []
    for line in reversed(text.rstrip("\n").split("\n")):
        if not line.startswith("--"):
            break
        lines.insert(0, line.removeprefix("--").strip())
    return " ".join(lines)


def _without_trailing_comment(text: str) -> str:
    lines = text.rstrip().split("\n")
    while lines and (lines[-1].startswith("--") or not lines[-1].strip()):
        lines.pop()
    return "\n".join(lines)


async def _all(cursor: AsyncCursor[Any]) -> Any:
    return await cursor.fetchall()


async def _maybe(cursor: AsyncCursor[Any]) -> Any:
    return await cursor.fetchone()


async def _one(cursor: AsyncCursor[Any]) -> Any:
    if (row := await cursor.fetchone()) is None:
        raise NotFound
    return row


async def _scalar(cursor: AsyncCursor[Any]) -> Any:
    return (await _one(cursor))[0]


async def _json(cursor: AsyncCursor[Any]) -> bytes:
    result = cursor.pgresult
    value = result.get_value(0, 0) if result and result.ntuples else None
    if value is None:
        raise NotFound
    return bytes(value)


async def _count(cursor: AsyncCursor[Any]) -> int:
    return cursor.rowcount
