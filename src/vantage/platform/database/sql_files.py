"""Where the product's SQL stands, and how a text of SQL is cut into statements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(
    r"""
      --[^\n]*                                   # line comment
    | /\*                                        # block comment, may nest
    | \b[eE]'(?:[^'\\]|\\.|'')*'                 # string with backslash escapes
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$   # dollar quote
    | ;
    """,
    re.VERBOSE | re.DOTALL,
)


def sql_root() -> Path:
    """The folder that holds schema.sql: inside the installed package, else at the root of the checkout."""
    package = Path(__file__).resolve().parents[2]
    packaged = package / "_database"
    return packaged if packaged.is_dir() else package.parents[1] / "database"


@dataclass(frozen=True, slots=True)
class SqlStatement:
    """One statement of a longer text; `line` counts from 1 and is that of its first word."""

    text: str
    line: int


def statements(sql: str) -> Iterator[SqlStatement]:
    """Cut a text at the semicolons that end statements, as psql would; comments stay with what follows."""
    start = position = 0
    while token := _TOKEN.search(sql, position):
        position = token.end()
        if token[0] == ";":
            yield from _statement(sql, start, position)
            start = position
        elif token[0] == "/*":
            position = _end_of_comment(sql, position)
        elif token["tag"] is not None:
            end = sql.find(token[0], position)
            position = len(sql) if end < 0 else end + len(token[0])
    yield from _statement(sql, start, len(sql))


def _statement(sql: str, start: int, end: int) -> Iterator[SqlStatement]:
    begin = start
    while True:
        rest = re.compile(r"\s+|--[^\n]*").match(sql, begin, end)
        if rest:
            begin = rest.end()
        elif sql.startswith("/*", begin):
            begin = _end_of_comment(sql, begin + 2)
        else:
            break
    if begin < end and sql[begin:end].strip(" \n;"):
        yield SqlStatement(sql[begin:end], sql.count("\n", 0, begin) + 1)


def _end_of_comment(sql: str, position: int) -> int:
    depth = 1
    for mark in re.compile(r"/\*|\*/").finditer(sql, position):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(sql)
