"""`make soak SEED=n`: see RELIABILITY §1.3. `python -m tests.soak --help` tells the rest."""

import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from tests.soak.faults import catalog
from tests.soak.mutants import MUTANTS
from tests.soak.nursery import Nursery
from tests.soak.run import Verdict, commit, run_seed
from tests.soak.server import DurableServer
from tests.soak.situations import SITUATIONS

_SEEDS_OF_THE_GATE = 20


@click.command()
@click.option("--seed", default=1, show_default=True, help="The first seed.")
@click.option("--seeds", default=1, show_default=True, help="How many, one after the other.")
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), default="sqlite", show_default=True)
@click.option(
    "--mutant", type=click.Choice(list(MUTANTS)), help="Plant this defect, and stop at the first seed that finds it."
)
@click.option("--cold", is_flag=True, help="Start each process as a new Python, not forked from one that has imported.")
@click.option("--keep", is_flag=True, help="Keep what a good seed leaves, too.")
def main(*, seed: int, seeds: int, database: str, mutant: str | None, cold: bool, keep: bool) -> None:
    """Run seeds; exit 1 when one finds something. With a mutant: exit 1 when none does."""
    # As Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    verdicts: list[Verdict] = []
    base = Path(tempfile.mkdtemp(prefix="slipway-soak-"))
    with _server(base, database) as server, contextlib.ExitStack() as stack:
        nursery = None if cold and not mutant else stack.enter_context(contextlib.closing(Nursery(mutant)))
        for number in range(seed, seed + seeds):
            folder = base / f"{database}-{number}"
            folder.mkdir()
            verdict = asyncio.run(run_seed(number, database, folder, server=server, nursery=nursery))
            verdicts.append(verdict)
            _tell(verdict, folder)
            if mutant and verdict.violations:
                break
            if not verdict.violations and not keep:
                shutil.rmtree(folder)
    bad = [verdict for verdict in verdicts if verdict.violations]
    unseen = _unseen(verdicts, database) if seeds >= _SEEDS_OF_THE_GATE and not mutant else []
    click.echo(f"{len(verdicts)} seeds on {database}, {len(bad)} with findings; never happened: {unseen or 'nothing'}")
    if not bad and not keep:
        shutil.rmtree(base)
    sys.exit(int(not bad) if mutant else int(bool(bad or unseen)))


@contextlib.contextmanager
def _server(base: Path, database: str) -> Iterator[DurableServer | None]:
    if database == "sqlite":
        yield None
        return
    server = DurableServer(base / "data")
    try:
        yield server
    finally:
        server.server.cleanup()


def _tell(verdict: Verdict, folder: Path) -> None:
    fired = " ".join(f"{kind}{'' if fired else ' (not fired)'}" for kind, fired in sorted(verdict.fired.items()))
    word = "FOUND" if verdict.violations else "ok"
    click.echo(
        f"seed {verdict.seed} on {verdict.database}: {word} in {verdict.seconds:.1f} s; "
        f"operations {verdict.operations}; jobs {verdict.jobs}; faults {fired}; seen {sorted(verdict.situations)}"
    )
    for text in verdict.violations:
        click.echo(f"  {text}")
    if verdict.violations:
        click.echo(f"  Commit {commit()}; everything of it lies in {folder}")


def _unseen(verdicts: list[Verdict], database: str) -> list[str]:
    fired = {kind for verdict in verdicts for kind, happened in verdict.fired.items() if happened}
    seen = {situation for verdict in verdicts for situation in verdict.situations}
    return sorted({*catalog.kinds(database)} - fired) + sorted({*SITUATIONS} - seen)


if __name__ == "__main__":
    main()
