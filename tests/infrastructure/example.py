"""The picture of docs/infrastructure.md: `python -m tests.infrastructure.example` writes it anew."""

from pathlib import Path

from app.infrastructure.layout.compose import compose
from app.infrastructure.layout.svg import render_svg
from app.infrastructure.schemas.graph import Graph
from tests.infrastructure.graphs import PoolPlan, ServicePlan, make_graph

FILE = Path(__file__).parents[2] / "docs" / "infrastructure.svg"


def example() -> Graph:
    """A cluster with a pool of a few machines and one of many, two public Services and an internal one."""
    return make_graph(
        [PoolPlan("system", 3, mode="System"), PoolPlan("work", 24, states=("running",) * 11 + ("creating",))],
        [
            ServicePlan("web", (80, 443)),
            ServicePlan("api", (443,), group="rg-network"),
            ServicePlan("metrics", (9090,), internal=True),
        ],
    )


def main() -> None:
    """Write the picture."""
    FILE.write_text(render_svg(compose(example())), "utf-8")


if __name__ == "__main__":
    main()
