"""The rules of the house that no tool knows."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LONG_FILES = {
    "LICENSE": "the licence's own text",
    "package-lock.json": "made by npm",
    "requirements/dev.lock": "made by uv",
    "requirements/run.lock": "made by uv",
    "database/schema.sql": "made from database/schema",
}
SQL_HOMES = re.compile(
    r"^(database/|tests/|benchmarks/|src/vantage/platform/|src/vantage/main/demo/|src/vantage/features/\w+/(store(_\w+)?\.py|\w*queries\.sql)$"
    r"|src/vantage/main/cli/db\w*\.py$)"
)
SQL = re.compile(
    r"\b(select\s+[\w*.,\s()]+\s+from\s+\w|insert\s+into\s+\w|update\s+\w+(\.\w+)?\s+set\s|delete\s+from\s+\w|"
    r"set\s+local\s+role|set_config\s*\()",
    re.IGNORECASE,
)
BARE_TEXT = re.compile(r">([^<>]*[A-Za-z]{2}[^<>]*)<")


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--", *patterns], cwd=ROOT, capture_output=True, check=False
    )
    if listing.returncode == 0 and listing.stdout:
        names = [name for name in listing.stdout.decode().split("\0") if name]
    else:  # an archive without .git
        names = [str(path.relative_to(ROOT)) for pattern in patterns or ("**/*",) for path in ROOT.glob(pattern)]
    left_out = (".venv/", "node_modules/", "src/vantage/web/static/", ".git/")
    paths = [ROOT / name for name in names if not name.startswith(left_out)]
    return sorted(path for path in paths if path.is_file())


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def tree() -> dict[str, str]:
    texts = {name_of(path): text_of(path) for path in tracked()}
    assert "pyproject.toml" in texts
    return texts


def test_no_file_is_longer_than_one_sitting(tree: dict[str, str]) -> None:
    long = {name: text.count("\n") for name, text in tree.items() if text.count("\n") > 450}
    unlisted = {name: lines for name, lines in long.items() if name not in LONG_FILES and "/releases/" not in name}
    assert not unlisted, f"split these by use case, or list them in LONG_FILES with the reason: {unlisted}"


def test_no_file_is_a_drawer_for_everything(tree: dict[str, str]) -> None:
    drawers = re.compile(r"(^|/)(utils?|helpers?|common|misc)(\.py|/)")
    assert not [name for name in tree if name.startswith("src/") and drawers.search(name)]


def test_sql_stands_only_in_stores_and_in_the_database_folder(tree: dict[str, str]) -> None:
    strays = [
        f"{name}: {found.group(0)!r}"
        for name, text in tree.items()
        if name.endswith(".py") and not SQL_HOMES.match(name) and name != "hatch_build.py"
        for found in [SQL.search(text)]
        if found
    ]
    assert not strays


def test_no_template_prints_unescaped(tree: dict[str, str]) -> None:
    unsafe = re.compile(r"\|\s*safe\b|\bautoescape\s+false\b", re.IGNORECASE)
    assert not [name for name, text in tree.items() if name.endswith(".html") and unsafe.search(text)]


def test_no_template_carries_script_or_style_inline(tree: dict[str, str]) -> None:
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/(ld\+)?json)[^>]*>|\son[a-z]+\s*=\s*[\"']|\sstyle=",
        re.IGNORECASE,
    )
    found = [
        f"{name}: {hit.group(0)!r}"
        for name, text in tree.items()
        if name.startswith("src/") and name.endswith(".html")
        for hit in [inline.search(text)]
        if hit
    ]
    assert not found


def bare_text(template: str) -> list[str]:
    """What a person would read that does not go through gettext."""
    without_comments = re.sub(r"\{#.*?#\}|<!--.*?-->", "", template, flags=re.DOTALL)
    without_trans = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", "", without_comments, flags=re.DOTALL)
    without_code = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", without_trans, flags=re.DOTALL)
    without_blocks = re.sub(r"<(script|style|svg|kbd|code)\b.*?</\1>", "", without_code, flags=re.DOTALL)
    in_tags = re.findall(r"\s(?:title|placeholder|aria-label|alt)=\"([^\"]*[A-Za-z]{2}[^\"]*)\"", without_blocks)
    return [text.strip() for text in [*BARE_TEXT.findall(without_blocks), *in_tags]]


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>{{ _('Leads') }}</p>", []),
        ("<p>Leads</p>", ["Leads"]),
        ("<p>{% trans %}Leads{% endtrans %}</p>", []),
        ('<input placeholder="Name">', ["Name"]),
        ("<input placeholder=\"{{ _('Name') }}\">", []),
        ("{# <p>Leads</p> #}<b>·</b>", []),
    ],
)
def test_the_lint_of_bare_words_sees_them(template: str, found: list[str]) -> None:
    assert bare_text(template) == found


def test_words_in_templates_go_through_gettext(tree: dict[str, str]) -> None:
    bare = {
        name: words
        for name, text in tree.items()
        if "/templates/" in name and "/styleguide/" not in name  # whose sample data is no sentence of ours
        if name.endswith(".html") and (words := bare_text(text))
    }
    assert not bare


def test_no_address_of_a_machine_or_registry_stands_in_the_tree(tree: dict[str, str]) -> None:
    address = re.compile("/" + r"(work|root|home/\w+|opt/pypi)/|registry\." + r"npmjs\.org/|files\." + "pythonhosted")
    found = {name: hit.group(0) for name, text in tree.items() if (hit := address.search(text))}
    assert not found


def test_locks_carry_hashes_and_no_address(tree: dict[str, str]) -> None:
    for name in ("requirements/dev.lock", "requirements/run.lock"):
        assert "://" not in tree[name]
        assert "\n--index" not in tree[name]
        pinned = re.findall(r"^([a-z0-9-]+(?:\[[a-z,]+\])?)==", tree[name], flags=re.MULTILINE)
        blocks = re.findall(
            r"^[a-z0-9-]+(?:\[[a-z,]+\])?==[^\n]*\\\n(?:\s+--hash=sha256:[0-9a-f]{64}[ \\]*\n?)+",
            tree[name],
            flags=re.MULTILINE,
        )
        assert len(pinned) == len(blocks) > 20
    if "package-lock.json" in tree:
        assert '"resolved"' not in tree["package-lock.json"]


def test_files_of_others_are_never_committed(tree: dict[str, str]) -> None:
    foreign = re.compile(r"\.(min\.js|min\.css|woff2?|ttf|otf)$|(^|/)node_modules/")
    assert not [name for name in tree if foreign.search(name)]


def test_a_store_is_imported_by_its_own_feature_alone(tree: dict[str, str]) -> None:
    """Another feature asks a use case, never the tables behind it."""
    imported = re.compile(r"^\s*from vantage\.features\.(\w+)(?:\.\w+)*(?:\.store\b| import .*\bstore\b)", re.MULTILINE)
    foreign = [
        f"{name}: {found.group(0).strip()}"
        for name, text in tree.items()
        if name.startswith("src/vantage/") and name.endswith(".py")
        for found in imported.finditer(text)
        if not name.startswith(f"src/vantage/features/{found.group(1)}/")
    ]
    assert foreign == []
