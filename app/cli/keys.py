"""`slipway keys`: for the operator at the database, before there is any key."""

import asyncio
import os
from pathlib import Path

import click
from sqlalchemy import select

from app.auth.api_keys import authenticate, make_api_key
from app.auth.errors import InvalidCredentialsError
from app.auth.scope import DEFAULT_PROJECT, find_project
from app.cli.administration import administrator, in_database
from app.models import ApiKey, Role
from app.projects import service


@click.group("keys", help="Make and revoke API keys, straight in the database.")
def command() -> None:
    """API keys."""


@command.command("create", help="Make a key and print it, once.")
@click.option("--name", required=True, help="What it is for.")
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True)
@click.option("--project", help="By id or name; not for a platform-admin.")
def create(name: str, role: str, project: str | None) -> None:
    """Make it."""
    if (project is None) != (role == Role.PLATFORM_ADMIN):
        raise click.UsageError("A platform-admin's key has no project; every other key has one.")

    async def work() -> str:
        async with in_database() as (session, now):
            found = await find_project(session, project) if project else None
            if project and found is None:
                raise click.ClickException("There is no such project.")
            key = make_api_key(
                name=name,
                role=Role(role),
                project_id=found.id if found else None,
                created_by=administrator().id,
                now=now,
            )
            session.add(key.row)
            return key.text

    click.echo(asyncio.run(work()))


@command.command("revoke", help="Revoke a key by its id.")
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Revoke it."""

    async def work() -> None:
        async with in_database() as (session, now):
            row = (await session.scalars(select(ApiKey).where(ApiKey.id == key_id))).one_or_none()
            if row is None:
                raise click.ClickException("There is no such key.")
            row.revoked_at = row.revoked_at or now

    asyncio.run(work())


@command.command("bootstrap", help="Have a default project, and a platform-admin's key in a file of mode 0600.")
@click.option("--file", "file", type=click.Path(dir_okay=False, path_type=Path), required=True)
def bootstrap(file: Path) -> None:
    """Keep the key that is in the file while it works."""

    async def work() -> None:
        async with in_database() as (session, now):
            if await find_project(session, DEFAULT_PROJECT) is None:
                await service.create_project(
                    session, administrator(), name=DEFAULT_PROJECT, subscription_id=None, now=now
                )
            if file.exists():
                try:
                    await session.run_sync(authenticate, [f"Bearer {file.read_text().strip()}"], now=now)
                except InvalidCredentialsError:
                    file.unlink()
                else:
                    return
            key = make_api_key(name="slipway dev", role=Role.PLATFORM_ADMIN, project_id=None, created_by="cli", now=now)
            session.add(key.row)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as stream:
                stream.write(key.text + "\n")

    asyncio.run(work())
