"""Builds the static files into the wheel, by the script that `make run` and `make test` use as well."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):  # type: ignore[misc]  # hatchling is no dependency here
    """hatchling's name for the hook of this file."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Runs before a wheel is packed. An editable install needs nothing: `make` builds in place."""
        del build_data
        if version == "editable" or self.target_name != "wheel":
            return
        script = Path(self.root) / "src" / "vantage" / "web" / "build.py"
        subprocess.run([sys.executable, script], cwd=self.root, check=True)  # noqa: S603  # a path of our own
