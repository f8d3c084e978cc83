"""`slipway projects`: for the operator at the database, before there is any key."""

import asyncio

import click

from app.cli.administration import administrator, in_database
from app.projects import service


@click.group("projects", help="Make and list projects, straight in the database.")
def command() -> None:
    """Projects."""


@command.command("create", help="Make a project.")
@click.argument("name")
@click.option("--subscription", help="Its Azure subscription; without it, the one of the settings.")
def create(name: str, subscription: str | None) -> None:
    """Make it and print its id."""

    async def work() -> str:
        async with in_database() as (session, now):
            project = await service.create_project(
                session, administrator(), name=name, subscription_id=subscription, now=now
            )
            return project.id

    click.echo(asyncio.run(work()))


@command.command("list", help="List projects: id, name, subscription.")
def list_() -> None:
    """Print them."""

    async def work() -> list[tuple[str, str, str]]:
        async with in_database() as (session, _):
            page = await service.list_projects(session, limit=1000, after=None)
            return [(row.id, row.name, row.subscription_id or "-") for row in page.items]

    for line in asyncio.run(work()):
        click.echo("\t".join(line))
