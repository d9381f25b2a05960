"""Files that people upload: kept in a folder of VANTAGE_HOME, or wherever obstore can reach."""

from pathlib import Path

import obstore
from obstore.store import LocalStore


class FileStore:
    """Puts and gets whole files by key (`imports/<id>`). Keys are ours, never a name that somebody typed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store = LocalStore(str(folder))

    async def put(self, key: str, data: bytes) -> None:
        """Store the file; an existing one is replaced whole."""
        await obstore.put_async(self._store, key, data)

    async def get(self, key: str) -> bytes:
        """The file. Raises FileNotFoundError."""
        found = await obstore.get_async(self._store, key)
        return bytes(await found.bytes_async())
