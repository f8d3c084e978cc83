"""`/_local/`: looking into a local Azure, and making it misbehave."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.emulator.core import operations
from app.emulator.core.acts import InvalidActError
from app.emulator.core.clock import ManualClock
from app.emulator.core.documents import Document, clone
from app.emulator.core.faults import FaultKind, InvalidFaultError, parse_fault
from app.emulator.core.registration import STATE_TYPE
from app.emulator.core.request_log import LoggedRequest
from app.emulator.local_azure import LocalAzure

DEFAULT_LIMIT = 1000
INDEX = {
    "GET /_local/": "this index",
    "GET /_local/health": "whether it runs",
    "GET /_local/state": "resources, registrations and operations",
    "POST /_local/reset": "forget resources, operations, faults, buckets and logged requests",
    "GET, PUT /_local/speed": '{"speed": 60}: divides every duration; what runs is stretched',
    "GET, POST, DELETE /_local/faults": (
        '{"kind", "operation" | "method", "path", "caller" (client, cluster, kubernetes), "skip", '
        '"count" (null: always), '
        '"probability", "status", "code", "message", "retry_after", "seconds", "recovers_after_seconds", "flat", '
        '"body"}; kinds: ' + ", ".join(FaultKind) + "; operation Identity_GetToken is the login"
    ),
    "DELETE /_local/faults/{id}": "lift one fault",
    "GET, DELETE /_local/requests": (
        "the request log; filters: operation, method, path (regular expression), status, mutated=true|false, "
        "effect, client_request_id (a part of it), since (sequence), limit"
    ),
    "POST /_local/acts/{name}": (
        'what happens inside Azure: auto-upgrade {"cluster": ARM id, "kind": "kubernetes" | "node-image", "in_window": '
        'true}; node-image {"release": "202602.04.0"}; quotas {"standardDSv5Family": 10, "lowPriorityCores": 0}; '
        'versions {"offer": ["1.34.2"], "retire": ["1.31"]}; '
        'restrict-sizes {"Standard_D8s_v5": ["1"], "Standard_B2s": []}'
    ),
    "POST /_local/clock": '{"advance_seconds": 300}: only with a manual clock',
}


def _refused(message: str) -> JSONResponse:
    return JSONResponse({"error": message}, 400)


class Control:
    """The control endpoints of one local Azure."""

    def __init__(self, azure: LocalAzure) -> None:
        """Control `azure`."""
        self._azure = azure
        self._cloud = azure.cloud

    def routes(self) -> list[Route]:
        """For Starlette."""
        return [
            Route("/_local", self._index, methods=["GET"]),
            Route("/_local/", self._index, methods=["GET"]),
            Route("/_local/health", self._health, methods=["GET"]),
            Route("/_local/state", self._state, methods=["GET"]),
            Route("/_local/reset", self._reset, methods=["POST"]),
            Route("/_local/speed", self._speed, methods=["GET", "PUT"]),
            Route("/_local/faults", self._faults, methods=["GET", "POST", "DELETE"]),
            Route("/_local/faults/{id:int}", self._fault, methods=["DELETE"]),
            Route("/_local/requests", self._requests, methods=["GET", "DELETE"]),
            Route("/_local/acts/{name}", self._act, methods=["POST"]),
            Route("/_local/clock", self._clock, methods=["GET", "POST"]),
        ]

    async def _index(self, _request: Request) -> Response:
        return JSONResponse({"local_azure": INDEX})

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "now": self._cloud.now().isoformat()})

    async def _state(self, _request: Request) -> Response:
        cloud = self._cloud
        return JSONResponse(
            {
                "now": cloud.now().isoformat(),
                "speed": cloud.speed,
                "seed": cloud.seed,
                "tenant_id": cloud.settings.tenant_id,
                "subscription_ids": list(cloud.settings.subscription_ids),
                "registrations": {r.id: r.body["registrationState"] for r in cloud.store if r.type == STATE_TYPE},
                "resources": [{"id": r.id, **clone(r.body)} for r in cloud.store if r.type != STATE_TYPE],
                "operations": [operations.dump(operation) for operation in cloud.operations],
            }
        )

    async def _reset(self, _request: Request) -> Response:
        await self._azure.reset()
        return Response(status_code=204)

    async def _speed(self, request: Request) -> Response:
        if request.method == "PUT":
            speed = (await _document(request)).get("speed")
            if not isinstance(speed, int | float) or not speed > 0:
                return _refused("'speed' must be a number greater than 0")
            self._cloud.change_speed(float(speed))
        return JSONResponse({"speed": self._cloud.speed})

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._cloud.faults.remove()
            return Response(status_code=204)
        if request.method == "POST":
            try:
                fault = self._cloud.faults.add(parse_fault(await _document(request)))
            except InvalidFaultError as error:
                return _refused(str(error))
            return JSONResponse(asdict(fault), 201)
        return JSONResponse({"faults": [asdict(fault) for fault in self._cloud.faults.all()]})

    async def _fault(self, request: Request) -> Response:
        self._cloud.faults.remove(request.path_params["id"])
        return Response(status_code=204)

    async def _requests(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._cloud.log.clear()
            return Response(status_code=204)
        query = dict(request.query_params)
        try:
            limit = int(query.pop("limit", DEFAULT_LIMIT))
            found = [entry for entry in self._cloud.log if selected(entry, query)]
        except (ValueError, re.error) as error:
            return _refused(str(error))
        return JSONResponse({"requests": [entry.document() for entry in found[-limit:]], "total": len(found)})

    async def _act(self, request: Request) -> Response:
        name = request.path_params["name"]
        acts = {known: act for provider in self._cloud.providers.values() for known, act in provider.acts.items()}
        if name not in acts:
            return _refused(f"unknown act '{name}'; known: {', '.join(sorted(acts))}")
        try:
            done = await acts[name](self._cloud, await _document(request))
        except InvalidActError as error:
            return _refused(str(error))
        return JSONResponse(done)

    async def _clock(self, request: Request) -> Response:
        if request.method == "POST":
            seconds = (await _document(request)).get("advance_seconds")
            if not isinstance(self._cloud.clock, ManualClock):
                return _refused("this local Azure runs on the machine's clock")
            if not isinstance(seconds, int | float) or seconds < 0:
                return _refused("'advance_seconds' must be a number that is not negative")
            self._cloud.clock.advance(timedelta(seconds=seconds))
            await self._cloud.settle()
        return JSONResponse({"now": self._cloud.now().isoformat()})


def selected(entry: LoggedRequest, query: dict[str, str]) -> bool:
    """Whether a logged request fits every filter. Raises ValueError for an unknown filter."""
    checks: dict[str, Callable[[str], bool]] = {
        "operation": lambda text: entry.operation.lower() == text.lower(),
        "method": lambda text: entry.method == text.upper(),
        "path": lambda text: re.search(text, entry.path, re.IGNORECASE) is not None,
        "status": lambda text: entry.status == int(text),
        "mutated": lambda text: entry.mutated == (text.lower() == "true"),
        "effect": lambda text: entry.effect == text,
        "client_request_id": lambda text: text in (entry.client_request_id or ""),
        "since": lambda text: entry.sequence > int(text),
    }
    unknown = set(query) - set(checks)
    if unknown:
        raise ValueError(f"unknown filters: {', '.join(sorted(unknown))}; known: {', '.join(checks)}, limit")
    return all(checks[name](text) for name, text in query.items())


async def _document(request: Request) -> Document:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
