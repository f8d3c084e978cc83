"""A slice of the tests' own: it does what slices do, and nothing else."""

import asyncio
import json
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field, StringConstraints
from sqlalchemy import select

from app.api.calls import OperatorAsks, OperatorWrites, ReaderReads
from app.api.jobs import point_to_job
from app.api.pagination import Page, Paging
from app.api.route import api_router
from app.api.schemas import Choice, QueryModel, RequestModel, ResponseModel, Time
from app.auth.scope import in_project
from app.core.errors import ConflictError
from app.core.ids import Prefix, new_id
from app.core.text import PLAIN, Lines
from app.db.pages import read_page
from app.models import Event

router = api_router(prefix="/v1/probes", tags=["probes"])

# A test sets it to hold a request in the middle of its work.
gate = asyncio.Event()
entered = asyncio.Event()


class Colour(StrEnum):
    """An enum."""

    GREEN = "green"
    YELLOW = "yellow"


class Part(RequestModel):
    """A nested object."""

    size: int = Field(ge=1, le=10)
    label: str | None = None


class ProbeCreate(RequestModel):
    """One field of each kind."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=8, pattern=r"^[^A-Z]+$"), PLAIN]
    count: int = 1
    ratio: float = 1.0
    wanted: bool = True
    colour: Choice[Colour] = Colour.GREEN
    until: Time | None = None
    parts: list[Part] = Field(default=[], max_length=3)
    tags: dict[str, str] = Field(default={})
    text: Lines | None = None
    anything: Any = None


class ProbeRead(ResponseModel):
    """What was made."""

    id: str
    name: str
    secret: str | None = "s3cr3t"
    secret_state: str = "shown"


def _event(call: Any, name: str) -> Event:
    return Event(
        id=new_id(Prefix.EVENT),
        project_id=call.scope.project.id,
        type="probe.made",
        subject_type="probe",
        subject_id=name,
        at=call.now,
    )


async def _hold(name: str) -> None:
    if name == "hold":
        entered.set()
        await gate.wait()
    if name == "explode":
        raise RuntimeError("a secret detail")
    if name == "conflict":
        raise ConflictError("It is there already.")


@router.post("", status_code=202)
async def create_probe(body: ProbeCreate, call: OperatorWrites, response: Response) -> ProbeRead:
    event = _event(call, body.name)
    call.session.add(event)
    await call.session.flush()
    await _hold(body.name)
    call.secret("/secret")
    point_to_job(response, event.id)
    return ProbeRead(id=event.id, name=body.name)


@router.post("/asked")
async def ask_probe(body: ProbeCreate, call: OperatorAsks) -> Response:
    await _hold(body.name)
    async with call.database.write() as session:
        session.add(_event(call, body.name))
    if body.name == "yaml":
        call.all_secret()
        return Response("kubeconfig: secret\n", media_type="application/yaml")
    return Response(json.dumps({"name": body.name, "n": 1}), media_type="application/json")


@router.get("")
async def list_probes(
    paging: Paging, call: ReaderReads, response: Response, kind: str | None = None
) -> Page[ProbeRead]:
    owner = call.scope.project.id
    statement = in_project(select(Event), Event, call.scope)
    page = await read_page(call.session, statement, (Event.at, Event.id), after=paging.after(owner), limit=paging.limit)
    return paging.answer(owner, page, lambda row: ProbeRead(id=row.id, name=row.subject_id), response)


@router.post("/{probe}:poke")
async def poke_probe(probe: str, call: OperatorWrites) -> dict[str, str]:
    return {"probe": probe, "project": call.scope.project.name}


class Options(QueryModel):
    """Query parameters as one model."""

    mode: str = "keep"
    seconds: int = Field(default=1, ge=1)


@router.delete("/{probe}")
async def delete_probe(probe: str, call: OperatorWrites, options: Annotated[Options, Query()]) -> dict[str, str | int]:
    return {"probe": probe, "mode": options.mode, "seconds": options.seconds}


@router.get("/{probe}")
async def get_probe(probe: str, call: ReaderReads) -> dict[str, str]:
    return {"probe": probe, "project": call.scope.project.name}
