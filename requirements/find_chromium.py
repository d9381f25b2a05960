"""Prints the Chromium that the browser tests drive: $VANTAGE_CHROMIUM, else the PATH, else installed by apt as root."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell")
SENTENCE = (
    "The browser tests need Chromium and there is none on the PATH. Install it (Debian: `apt-get install chromium`), "
    "or name it in VANTAGE_CHROMIUM, or leave these tests out by choice with `make test BROWSER=0`."
)


def find() -> str | None:
    """The first Chromium there is. A VANTAGE_CHROMIUM that can't be run ends the program: it was asked for by name."""
    if named := os.environ.get("VANTAGE_CHROMIUM"):
        if not shutil.which(named):
            sys.exit(f"VANTAGE_CHROMIUM={named} can't be run. Name a Chromium, or unset it to look on the PATH.")
        return named
    return next(filter(None, map(shutil.which, NAMES)), None)


def install() -> None:
    """Debian's package, when we may."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("Installing Chromium for the browser tests (once) ...", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", *step], check=False, env=environment, stdout=sys.stderr)  # noqa: S607


if __name__ == "__main__":
    found = find()
    if not found:
        install()
        found = find()
    if not found:
        sys.exit(SENTENCE)
    print(found)
