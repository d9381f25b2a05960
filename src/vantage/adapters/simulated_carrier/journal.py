"""What outlives the carrier's process: one line of JSON per change of a call."""

import json
from collections.abc import Iterable
from pathlib import Path

import structlog

from vantage.adapters.simulated_carrier.calls import Call

log = structlog.get_logger("carrier")


class Journal:
    """An append-only file, rewritten shorter at each start. Without a path it keeps nothing."""

    def __init__(self, path: Path | None, keep: int = 20_000) -> None:
        self._path = path
        self._keep = keep

    def read(self) -> list[Call]:
        """The calls it knows, oldest first, each in its last state.

        A line that a crash has cut short is skipped, and said so in the log.
        """
        if self._path is None or not self._path.exists():
            return []
        calls: dict[str, Call] = {}
        for number, line in enumerate(self._path.read_text("utf-8").splitlines(), 1):
            try:
                call = Call.from_kept(json.loads(line))
            except (ValueError, KeyError, TypeError):
                log.warning("unreadable line in the carrier's journal", line=number)
                continue
            calls[call.uuid] = call
        return list(calls.values())[-self._keep :]

    def rewrite(self, calls: Iterable[Call]) -> None:
        """Replace the file by these calls, all or nothing."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text("".join(_line(call) for call in calls), "utf-8")
        fresh.chmod(0o600)
        fresh.replace(self._path)

    def write(self, call: Call) -> None:
        """Note the call's state; on disk when this returns, as far as the system's cache."""
        if self._path is None:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_line(call))


def _line(call: Call) -> str:
    return json.dumps(call.kept(), ensure_ascii=False) + "\n"
