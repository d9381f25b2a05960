"""`/api/v1/docs`: the API's own description as a page.

Drawn by us from the OpenAPI document: the usual viewers load their code from elsewhere and style inline, which
our content security policy refuses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from vantage.platform.http.auth import Principal, Public
from vantage.web.responses import render

router = APIRouter(include_in_schema=False)
DEEPEST = 6
"""Levels of nested fields that are drawn; a schema that contains itself ends here."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a schema. `depth` is how far it is nested."""

    name: str
    kind: str
    required: bool
    text: str
    depth: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    text: str
    parameters: tuple[Field, ...]
    body_kind: str
    body: tuple[Field, ...]
    answers: tuple[tuple[str, str, tuple[Field, ...]], ...]

    @property
    def anchor(self) -> str:
        """The operation's id in the page."""
        return f"{self.method}{self.path}".replace("/", "-").replace("{", "").replace("}", "")


@router.get("/api/v1/docs")
async def get_docs(
    request: Request, _: Annotated[Principal | None, Public("describes the API, holds no data")]
) -> Response:
    """Every operation with what it takes and answers."""
    document = request.app.openapi()
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append(read_operation(document, method.upper(), path, operation))
    return render(request, "api_docs.html", {"groups": groups, "version": document["info"]["version"]})


def read_operation(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Operation:
    """An operation of an OpenAPI 3.1 document as what the page shows."""
    parameters = tuple(
        Field(one["name"], f"{one['in']}, {_kind(document, one.get('schema', {}))}", one.get("required", False),
              one.get("description", ""), 0)
        for one in operation.get("parameters", ())
    )  # fmt: skip
    content = operation.get("requestBody", {}).get("content", {})
    body_kind, body_schema = next(((kind, one.get("schema", {})) for kind, one in content.items()), ("", {}))
    answers = []
    for status, answer in operation.get("responses", {}).items():
        schema: Mapping[str, Any] = next((one.get("schema", {}) for one in answer.get("content", {}).values()), {})
        answers.append(
            (status, answer.get("description", ""), tuple(_fields(document, schema)) if status < "300" else ())
        )
    return Operation(
        method, path, operation.get("summary", ""), operation.get("description", ""), parameters, body_kind,
        tuple(_fields(document, body_schema)), tuple(answers),
    )  # fmt: skip


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if not reference:
        return schema
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return _resolved(document, found)


def _kind(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    schema = _resolved(document, schema)
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return " or ".join(_kind(document, one) for one in several)
    if schema.get("type") == "array":
        return f"list of {_kind(document, schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or schema.get("title") or "any")


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Iterator[Field]:
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        schema = _resolved(document, schema.get("items", {}))
    if depth > DEEPEST:
        return
    for name, one in schema.get("properties", {}).items():
        text = one.get("description") or _resolved(document, one).get("description", "")
        yield Field(name, _kind(document, one), name in schema.get("required", ()), text, depth)
        for nested in [one, *one.get("anyOf", ())]:
            yield from _fields(document, nested, depth + 1)
