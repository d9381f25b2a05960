"""Makes `.venv` from `requirements/dev.lock`, or says in a moment that it already stands.

Runs on any Python from 3.11 before anything is installed, so it uses the standard library alone. `.venv` is made anew
when the lock has changed, when the folder has moved or when its Python is gone; otherwise nothing is touched.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "made-from"
LOCK = ROOT / "requirements" / "dev.lock"
COMMAND = """#!{python}
from vantage.main.cli import main

main()
"""


def wanted() -> str:
    """What a good `.venv` was made from: this lock, in this folder, by this script."""
    content = LOCK.read_bytes() + Path(__file__).read_bytes() + str(ROOT).encode()
    return hashlib.sha256(content).hexdigest()


def stands() -> bool:
    """Whether `.venv` was finished from the same lock and its Python still runs."""
    if not STAMP.is_file() or STAMP.read_text() != wanted():
        return False
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([VENV / "bin" / "python", "-I", "-c", check], check=False).returncode == 0


def make() -> None:
    """Installs the locked versions, checked by hash, and puts the package and its command on the path."""
    print("Making .venv from requirements/dev.lock (once for each version; about a minute) ...", flush=True)
    if VENV.is_symlink():
        VENV.unlink()
    shutil.rmtree(VENV, ignore_errors=True)
    venv.create(VENV, with_pip=True, symlinks=True)
    python = VENV / "bin" / "python"
    pip: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    subprocess.run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", LOCK], check=True)
    site = next((VENV / "lib").glob("python3.*/site-packages"))
    (site / "vantage.pth").write_text(f"{ROOT / 'src'}\n")
    command = VENV / "bin" / "vantage"
    command.write_text(COMMAND.format(python=python))
    command.chmod(0o755)
    STAMP.write_text(wanted())


def main() -> None:
    """One at a time: `make run` and `make test` may be called together."""
    folder = os.open(LOCK.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not stands():
            make()
    except subprocess.CalledProcessError as error:
        sys.exit(f"Could not make .venv: pip stopped with status {error.returncode}; its message is above.")
    except PermissionError as error:
        sys.exit(f"Could not make .venv: {error.filename} belongs to somebody else. Use a clone of your own.")
    finally:
        os.close(folder)


if __name__ == "__main__":
    main()
