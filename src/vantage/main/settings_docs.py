"""docs/ENVIRONMENT.md, written from the settings: `python -m vantage.main.settings_docs`."""

from pathlib import Path

from pydantic_core import PydanticUndefined

from vantage.main.settings import CHECKOUT, Settings, names_of

PAGE = CHECKOUT / "docs" / "ENVIRONMENT.md"

_HEAD = """\
# Environment variables

Everything that can be set, read from the environment and from a `.env` file in the working folder. Nothing is
needed to start: `make run` works with none of them. A name that begins with `VANTAGE_` and stands in no row is
refused at the start, with the name that was probably meant.

This page is written by `python -m vantage.main.settings_docs` from `src/vantage/main/settings.py`; a test holds the
two together.

| variable | without it | what it is |
|---|---|---|
"""


def environment_page() -> str:
    """The page as Markdown."""
    rows = []
    for field, info in Settings.model_fields.items():
        first, *others = names_of(field)
        also = f" (also `{'`, `'.join(others)}`)" if others else ""
        if info.default_factory is not None or info.default is PydanticUndefined:
            default = "chosen"
        elif info.default in (None, ""):
            default = "–"
        else:
            default = f"`{str(info.default).lower() if isinstance(info.default, bool) else info.default}`"
        rows.append(f"| `{first}`{also} | {default} | {info.description} |\n")
    return _HEAD + "".join(rows)


def main() -> None:
    """Write the page."""
    Path(PAGE).write_text(environment_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
