"""docs/development/API.md, run as it stands."""

import asyncio
import os
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import psycopg
import pytest
from tests.journey.house import House, running_house

PAGE = Path(__file__).parents[2] / "docs" / "development" / "API.md"


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="the walk needs curl and bash")
async def test_the_walk_of_the_docs(owner: psycopg.Connection, database_url: str, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 4
    script = "set -euo pipefail\n" + "".join(f"{block}echo\n" for block in blocks)
    start: Callable[..., AbstractAsyncContextManager[House]] = running_house
    async with start(owner, database_url, tmp_path, mix="eager=1") as house:
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", script, cwd=tmp_path, env={**os.environ, "BASE": house.url},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, (out + err).decode()[-2000:]
        assert b'"status":"running"' in out.replace(b": ", b":")
        assert b"Ravi Kumar" in out
