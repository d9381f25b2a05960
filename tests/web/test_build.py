"""The built files: there, small, skipped when they stand, and free of what the policy forbids."""

import json
import re
import shutil
from pathlib import Path

import pytest

from vantage.web import build as building
from vantage.web.build import ORDINARY_PAGE, ROOT, SHIPPED, STATIC, WEB, gzipped


def templates() -> list[Path]:
    return sorted([*(WEB / "templates").rglob("*.html"), *(WEB.parent / "features").glob("*/templates/**/*.html")])


def test_an_ordinary_page_keeps_its_budget() -> None:
    weight = {kind: sum(map(gzipped, names)) for kind, names in ORDINARY_PAGE.items()}
    assert weight["js"] <= 60 * 1024
    assert weight["css"] <= 30 * 1024
    assert gzipped("board.js") + weight["js"] <= 60 * 1024, "the board is an ordinary page too"


def test_nothing_is_built_twice() -> None:
    before = (STATIC / "build.json").stat().st_mtime_ns
    assert building.build() is False
    assert (STATIC / "build.json").stat().st_mtime_ns == before


def test_a_changed_source_changes_the_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "src" / "vantage" / "web"
    shutil.copytree(WEB, source, ignore=shutil.ignore_patterns("static", "__pycache__"))
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(building, "ROOT", tmp_path)
    monkeypatch.setattr(building, "WEB", source)
    monkeypatch.setattr(building, "__file__", str(source / "build.py"))
    first = building.source_hash()
    assert building.source_hash() == first
    (source / "css" / "board.css").write_text("/* other */")
    second = building.source_hash()
    assert second != first
    feature = tmp_path / "src" / "vantage" / "features" / "crm" / "templates" / "list.html"
    feature.parent.mkdir(parents=True)
    feature.write_text("<p class='mt-7'></p>")
    assert building.source_hash() != second


def test_every_file_carries_the_hash_of_its_content() -> None:
    manifest = json.loads((STATIC / "manifest.json").read_text())
    assert {"app.css", "app.js", "board.js", "chart.js", "theme.js"} <= manifest.keys()
    for plain, served in manifest.items():
        assert re.fullmatch(r"(.+)\.[0-9a-f]{10}\.(\w+)", served)
        assert (STATIC / served).is_file(), plain
    assert "asset:" not in (STATIC / manifest["app.css"]).read_text()


def test_licences_of_all_that_is_served() -> None:
    text = (STATIC / "licences.txt").read_text()
    for name in SHIPPED:
        assert f"\n{name} " in text
    assert "See its package page" not in text


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = [about for name, about in lock["packages"].items() if name]
    assert packages
    assert all("resolved" not in about and about["integrity"].startswith("sha512-") for about in packages)


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.relative_to(WEB.parent).as_posix())
def test_templates_trust_nothing_and_run_nothing_inline(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\|\s*safe\b|autoescape\s+false|Markup\(", text), "everything is escaped"
    assert not re.search(r"\son\w+\s*=|hx-on[:\-]|javascript:|hx-vals=['\"]js:", text), "no inline script"
    assert not re.search(r"<style|\sstyle\s*=", text), "no inline style"
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "scripts come from files"
