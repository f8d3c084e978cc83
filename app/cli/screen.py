"""What the demo shows: live on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_BAR_WIDTH = 40
_INDENT = 3
_WHOLE = 100
_MINUTE = 60

Json = dict[str, Any]


class StepsView(Protocol):
    """Shows a job as it goes on."""

    def show(self, job: Json, steps: Sequence[Json]) -> None:
        """Take what the API says now."""


class Screen:
    """Chapters of text. On 80 columns nothing that matters is cut off."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._chapter = 0
        self._started = time.monotonic()

    def title(self, text: str, under: str) -> None:
        """The first lines."""
        self._console.print()
        self._line(Text.assemble((text, "bold"), "\n", (under, "dim")))

    def chapter(self, text: str) -> None:
        """Begin a part of the story."""
        self._chapter += 1
        self._console.print()
        self._line(Text.assemble((f"{self._chapter}  ", "bold cyan"), (text, "bold")))

    def text(self, text: str, style: str = "") -> None:
        """A line, as long as it is: the terminal may break it, so that it can be copied whole."""
        for line in text.splitlines():
            self._line(Text((" " * _INDENT + line).rstrip(), style=style))

    def command(self, text: str) -> None:
        """A command that is about to be run, or that the reader can run."""
        self._line(Text.assemble(" " * _INDENT, ("$ ", "dim"), (text, "bold")))

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values, one below the other."""
        width = max(len(name) for name, _ in rows) + 3
        for name, value in rows:
            self._line(Text.assemble(" " * _INDENT, (name.ljust(width), "dim"), value))

    def failed(self, problem: Json, *, logs: str | None) -> None:
        """A problem: what, what to do, and where more can be read."""
        self._console.print()
        self._line(Text(f"{problem.get('title') or 'It failed'} ({problem.get('code')})", style="bold red"))
        self.text(str(problem.get("detail") or ""))
        azure = problem.get("azure") or {}
        rows = [("What to do", problem.get("remedy")), ("Azure said", azure.get("message")), ("Logs", logs)]
        known = [(name, str(value)) for name, value in rows if value]
        if known:
            self.facts(known)

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Show that something takes a while."""
        with self._console.status(text) if self._live else nullcontext():
            yield

    @contextmanager
    def steps(self) -> Iterator[StepsView]:
        """Show a job's steps inside the `with`."""
        if not self._live:
            yield _PlainSteps(self)
            return
        with Live(console=self._console, refresh_per_second=12) as live:
            yield _LiveSteps(live, unicode=self._console.encoding.startswith("utf"))

    def seconds(self) -> float:
        """How long it has been."""
        return time.monotonic() - self._started

    def _line(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


class _LiveSteps:
    """A table that is drawn anew in its place."""

    _MARKS: ClassVar[dict[str, tuple[str, str]]] = {
        "succeeded": ("✓", "green"),
        "failed": ("✗", "red"),
        "canceled": ("-", "yellow"),
    }

    def __init__(self, live: Live, *, unicode: bool) -> None:
        self._to = live
        self._unicode = unicode
        self._spinner = Spinner("dots" if unicode else "line", style="cyan")

    def show(self, job: Json, steps: Sequence[Json]) -> None:
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(width=1)
        table.add_column(no_wrap=True, min_width=21)
        table.add_column(no_wrap=True, justify="right", min_width=6)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1, style="dim")
        for step in steps:
            ended = step["finished_at"] is not None
            words = what_happened(step) if ended else progress_words(job)
            table.add_row(self._mark(step), name(step), took(step), words)
        self._to.update(Padding(Group(table, Text(), self._progress(job)), (0, 0, 0, _INDENT)))

    def _mark(self, step: Json) -> RenderableType:
        if step["finished_at"] is None:
            return self._spinner
        mark, style = self._MARKS.get(step["state"], ("?", "yellow"))
        return Text(mark if self._unicode else step["state"][0], style=style)

    def _progress(self, job: Json) -> RenderableType:
        row = Table.grid(padding=(0, 2))
        bar = ProgressBar(
            total=_WHOLE,
            completed=job["percent"] or 0,
            width=_BAR_WIDTH,
            complete_style="cyan",
            finished_style="green",
        )
        row.add_row(bar, f"{job['percent'] or 0:3} %", Text(expected(job), style="dim"))
        return row


class _PlainSteps:
    """A line for each step that ends, and for each state that Azure names for the first time."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._shown: set[int] = set()
        self._words: set[str] = set()

    def show(self, job: Json, steps: Sequence[Json]) -> None:
        for step in steps:
            ended = step["finished_at"] is not None
            words = progress_words(job)
            if ended and step["ordinal"] not in self._shown:
                self._shown.add(step["ordinal"])
                line = f"{name(step):<22} {step['state']:<10} {took(step):>6}   {what_happened(step)}"
                self._screen.text(line.rstrip())
            elif not ended and words and words not in self._words:
                self._words.add(words)
                self._screen.text(f"{name(step):<22} {words} ({job['percent'] or 0} %{_comma(expected(job))})")


def name(step: Json) -> str:
    """A step's name in words."""
    return str(step["name"]).replace("_", " ").capitalize()


def took(step: Json) -> str:
    """How long a step took, or has taken."""
    if step["started_at"] is None:
        return ""
    end = datetime.fromisoformat(step["finished_at"]) if step["finished_at"] else datetime.now(UTC)
    seconds = max((end - datetime.fromisoformat(step["started_at"])).total_seconds(), 0.0)
    return f"{seconds:.1f} s"


def what_happened(step: Json) -> str:
    """What a step told Azure, or at least read there; the others only wrote to the database."""
    azure = step["azure"] or {}
    call = azure.get("change") or azure.get("read")
    if call is None:
        return "in the database"
    return f"{call['method']} {_short(call['path'])}: {call['status']}"


def progress_words(job: Json) -> str:
    """Azure's own words, or what is in the way."""
    waiting = job.get("waiting_for")
    return f"waiting for {waiting}" if waiting else str(job.get("progress") or "")


def expected(job: Json) -> str:
    """When the job is expected to end, by what earlier jobs took."""
    if job["finished_at"] is not None or job["expected_end"] is None:
        return ""
    left = (datetime.fromisoformat(job["expected_end"]) - datetime.now(UTC)).total_seconds()
    if left < 1:
        return "expected to end now"
    return f"expected to end in {_span(left)}{_at_latest(job, left)}"


def _at_latest(job: Json, expected_left: float) -> str:
    if job.get("likely_end_by") is None:
        return ""
    left = (datetime.fromisoformat(job["likely_end_by"]) - datetime.now(UTC)).total_seconds()
    return f", most likely within {_span(left)}" if left >= expected_left + 1 else ""


def _span(left: float) -> str:
    minutes, seconds = divmod(round(left), _MINUTE)
    return f"{f'{minutes} min ' if minutes else ''}{seconds} s"


def _comma(text: str) -> str:
    return f", {text}" if text else ""


def _short(path: str) -> str:
    """The end of an ARM path: what is called, and of what."""
    return "/".join(path.split("/")[-2:])
