"""The state of a local Azure in one JSON file, replaced as a whole."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

from app.emulator.core.documents import Document

FORMAT = 1


class StateFileError(Exception):
    """The state file cannot be used; the text says why."""


class StateFile:
    """Writes what `collect` gives: an object whose `format` is FORMAT. Many callers at once share one write."""

    def __init__(self, path: Path, collect: Callable[[], bytes]) -> None:
        """Keep the state at `path`, readable by its owner only: it holds keys."""
        self._path = path
        self._collect = collect
        self._asked = 0
        self._written = 0
        self._turn = asyncio.Lock()

    async def save(self) -> None:
        """Return once a state that is no older than this call is on the disk."""
        self._asked += 1
        ticket = self._asked
        async with self._turn:
            if self._written >= ticket:
                return
            covered = self._asked
            await asyncio.to_thread(replace_file, self._path, self._collect())
            self._written = covered


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a crash leaves the old bytes or the new ones (mode 0600)."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load_state(path: Path) -> Document:
    """What was saved, or an empty document. Raises `StateFileError` for what is no state of ours."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        state = json.loads(data)
    except ValueError as error:
        raise StateFileError(f"{path} is not the state of a local Azure: {error}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise StateFileError(f"{path} is not the state of a local Azure of this version")
    return state
