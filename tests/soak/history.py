"""What the clients know: each operation that was sent, and what came of it."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class Outcome(StrEnum):
    """What a client may believe of an operation. `unknown` permits both; the same key, sent again, settles it."""

    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass
class Answer:
    """One answer: its status and its bytes as text."""

    status: int
    text: str
    replayed: bool = False

    @property
    def document(self) -> dict[str, Any]:
        found = json.loads(self.text) if self.text.startswith("{") else {}
        return found if isinstance(found, dict) else {}


@dataclass
class Operation:
    """One request, with all answers that its key got. `facts` is what invariants need to know of it."""

    number: int
    tenant: int
    verb: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    key: str | None = None
    if_match: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    outcome: Outcome = Outcome.SENT
    answers: list[Answer] = field(default_factory=list)
    lost: int = 0

    @property
    def status(self) -> int | None:
        """Of the last answer."""
        return self.answers[-1].status if self.answers else None

    @property
    def accepted(self) -> Answer | None:
        """The first good answer."""
        return next((answer for answer in self.answers if answer.status < 300), None)  # noqa: PLR2004 - HTTP's good ones

    @property
    def job_id(self) -> str | None:
        """The job that an acknowledged request started."""
        return self._named("job")

    @property
    def cluster_id(self) -> str | None:
        """The cluster that an acknowledged request was about."""
        found = self._named("resource")
        return found if found is not None and found.startswith("cls_") else None

    @property
    def exposure_id(self) -> str | None:
        """The exposure that an acknowledged request was about."""
        found = self._named("resource")
        return found if found is not None and found.startswith("exp_") else None

    def _named(self, member: str) -> str | None:
        found = self.accepted.document.get(member) if self.accepted else None
        return str(found["id"]) if found else None

    def hear(self, answer: Answer) -> None:
        """Learn from an answer. A server's error says nothing certain, whatever it means."""
        if answer.status >= 500:  # noqa: PLR2004 - HTTP's server errors
            self.lose()
            return
        self.answers.append(answer)
        if self.outcome is not Outcome.ACKNOWLEDGED:
            self.outcome = Outcome.ACKNOWLEDGED if answer.status < 300 else Outcome.REFUSED  # noqa: PLR2004 - HTTP's good ones

    def lose(self) -> None:
        """No answer came, or one that says nothing."""
        self.lost += 1
        if self.outcome is Outcome.SENT:
            self.outcome = Outcome.UNKNOWN


@dataclass
class History:
    """All operations of a run, in the order in which they were sent; `surprises` are what a client saw to be wrong."""

    operations: list[Operation] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)

    def add(self, tenant: int, verb: str, method: str, path: str, **more: Any) -> Operation:
        """Begin one."""
        self.operations.append(Operation(len(self.operations), tenant, verb, method, path, **more))
        return self.operations[-1]

    def write(self, file: Path) -> None:
        """Keep it, one operation a line. Bodies of answers are left out: some hold secrets."""
        with file.open("w") as out:
            for operation in self.operations:
                told = {**vars(operation), "job_id": operation.job_id, "cluster_id": operation.cluster_id}
                told["answers"] = [
                    {"status": answer.status, "code": answer.document.get("code"), "replayed": answer.replayed}
                    for answer in operation.answers
                ]
                out.write(json.dumps(told, default=str) + "\n")
