"""What `slipway dev` tells its clients, and the file that holds it."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StackFacts:
    """What a client needs; the ready file's content."""

    url: str
    api_key: str = field(repr=False)
    azure_url: str
    azure_https_url: str
    azure_ca_file: str
    subscription_id: str
    pids: dict[str, int]

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))


def write_ready_file(file: Path, facts: StackFacts) -> None:
    """Write the facts whole, readable by their owner alone: a reader sees the old content or the new."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(facts.as_json() + "\n")
    draft.replace(file)
