"""Every field of every body and every parameter, at its edges and past them, generated from the OpenAPI document.

A new field, bound or enum is covered by itself; one that is not bounded is red.
"""

import itertools
from typing import Any

import pytest

from app.core.text import has_refused_characters
from app.models import Role
from tests.support.api import bearer
from tests.support.operations import DOCUMENT, OPERATIONS, Operation
from tests.support.roles import ROLES
from tests.support.values import (
    CANARY,
    breaks,
    edges,
    good,
    parameter_texts,
    places,
    resolved,
    with_value,
    written,
)
from tests.support.whole import Slipway

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

WITH_BODY = [operation for operation in OPERATIONS.values() if "requestBody" in operation.described]
SCHEMA_CODES = {"required", "unknown_field", "unknown_value", "wrong_type", "wrong_format", "wrong_length"}
SCHEMA_CODES |= {"out_of_range", "integer_out_of_range", "invalid_text", "control_character", "invalid_value"}
HEADERS = {"If-Match", "accept", "Idempotency-Key"}
"""Headers are bounded all together by the largest head."""


def body_schema(operation: Operation) -> Any:
    return operation.described["requestBody"]["content"]["application/json"]["schema"]


def pointer(at: tuple[str | int, ...]) -> str:
    return "".join(f"/{part}" for part in at)


class Sender:
    """Sends bodies as a platform-admin, and keeps what was answered wrongly."""

    def __init__(self, slipway: Slipway) -> None:
        self.slipway = slipway
        self.wrong: list[str] = []
        self.values = 0

    async def send(self, operation: Operation, body: bytes | None, query: dict[str, str] | None = None) -> Any:
        needs_platform = ROLES[operation.name] is Role.PLATFORM_ADMIN
        headers = bearer(self.slipway.platform_key if needs_platform else self.slipway.tenant.admin)
        if body is not None:
            headers["Content-Type"] = "application/json"
        path = operation.example_path(project=self.slipway.tenant.id)
        answer = await self.slipway.http.request(operation.method, path, content=body, params=query, headers=headers)
        if answer.status_code >= 500 or CANARY in answer.text.replace(f"/{CANARY}", ""):
            self.wrong.append(f"{operation.name} {str(body)[:300]} {query}: {answer.status_code} {answer.text}")
        return answer

    async def expect(self, operation: Operation, body: Any, pointers: set[str]) -> None:
        """Expect a 422 that names these places, and no other but where the whole body breaks a rule."""
        self.values += len(pointers)
        answer = await self.send(operation, written(body))
        found = {error["pointer"] for error in answer.json().get("errors", [])}
        unnamed = {place for place in pointers if not any(each.startswith(place) for each in found)}
        unasked = {
            error["pointer"]
            for error in answer.json().get("errors", [])
            if error["code"] in SCHEMA_CODES and not error["pointer"].startswith(tuple(pointers))
        }
        if unasked:
            whole = await self.send(operation, written(good(body_schema(operation))))
            unasked -= {error["pointer"] for error in whole.json().get("errors", [])}
        if answer.status_code != 422 or unnamed or unasked:
            self.wrong.append(f"{operation.name} {body}: {answer.status_code}, {unnamed}, {unasked}")


WITHOUT_A_ROW = {
    "create_credential",
    "register_provider",
    "update_outbound",
    "sweep_public_ips",
    "query_logs",
    "rotate_share_key",
    "repair_share_key",
    "create_storage_class",
}
"""Operations that answer with no row of their own."""


async def test_every_field_past_its_edges_is_refused_with_its_place_and_all_of_them_at_once(
    idle_slipway: Slipway,
) -> None:
    """Each request breaks every field of the body; the answer names each of them, and echoes none."""
    sender = Sender(idle_slipway)
    for operation in WITH_BODY:
        schema = body_schema(operation)
        whole = good(schema)
        known = list(places(schema))
        single = [(at, each) for at, each in known if resolved(each)["type"] not in {"object", "array"}]
        for broken in itertools.zip_longest(*([(at, value) for value in breaks(each)] for at, each in single)):
            body = whole
            for at, value in filter(None, broken):
                body = with_value(body, at, value)
            await sender.expect(operation, body, {pointer(at) for at, _ in filter(None, broken)})
        for at, each in known:
            if resolved(each)["type"] in {"object", "array"}:
                for value in breaks(each):
                    await sender.expect(operation, with_value(whole, at, value), {pointer(at)})
    assert sender.wrong == []
    # So that it does not shrink in silence.
    assert sender.values > 900


async def test_every_field_at_its_edges_passes_the_schema(idle_slipway: Slipway) -> None:
    sender = Sender(idle_slipway)
    for operation in WITH_BODY:
        schema = body_schema(operation)
        for at, each in places(schema):
            for value in edges(each) if resolved(each)["type"] not in {"object", "array"} else []:
                answer = await sender.send(operation, written(with_value(good(schema), at, value)))
                errors = answer.json().get("errors", [])
                # A rule may require what the schema does not.
                codes = SCHEMA_CODES - {"required"}
                if any(error["pointer"] == pointer(at) and error["code"] in codes for error in errors):
                    sender.wrong.append(f"{operation.name} {at} {value!r}: {answer.text}")
    assert sender.wrong == []


async def test_no_field_that_is_only_read_can_be_sent(idle_slipway: Slipway) -> None:
    sender = Sender(idle_slipway)
    for operation in WITH_BODY:
        schema = body_schema(operation)
        responses = operation.described["responses"]
        success = responses[max(status for status in responses if status < "300")]
        shown = resolved(success["content"]["application/json"]["schema"])["properties"]
        shown = {**shown, **resolved(shown.get("resource", {"type": "object"})).get("properties", {}), "version": {}}
        read_only = dict.fromkeys(shown.keys() - resolved(schema)["properties"].keys(), CANARY)
        assert {"id", "created_at"} <= read_only.keys() or operation.name in WITHOUT_A_ROW
        await sender.expect(operation, good(schema) | read_only, {f"/{name}" for name in read_only})
    pools = resolved(DOCUMENT["components"]["schemas"]["NodePoolRead"])["properties"].keys()
    extra = pools - DOCUMENT["components"]["schemas"]["NodePoolCreate"]["properties"].keys()
    body = good(body_schema(OPERATIONS["create_cluster"]))
    body["node_pools"][0] |= dict.fromkeys(extra, CANARY)
    await sender.expect(OPERATIONS["create_cluster"], body, {f"/node_pools/0/{name}" for name in extra})
    assert sender.wrong == []


UNREADABLE: list[tuple[bytes, dict[str, str], int]] = [
    (b"{", {}, 400),
    (b'{"a":1,"a":1}', {}, 400),
    (b"[" * 33 + b"]" * 33, {}, 400),
    (b"\xef\xbb\xbf{}", {}, 400),
    (b"NaN", {}, 400),
    (b'"\xff"', {}, 400),
    (b'{"a":"\\ud800"}', {}, 422),
    (b'{"options":{"deadline_seconds":99999999999999999999}}', {}, 422),
    (b"[]", {}, 422),
    (b"7", {}, 422),
    (b"{}", {"Content-Type": "text/plain"}, 415),
    (b"{}", {"Content-Type": "application/json; charset=latin-1"}, 415),
    (b"{}", {"Content-Encoding": "gzip"}, 415),
    (b"{}", {"Content-Type": ""}, 415),
]


async def test_no_operation_takes_a_body_that_cannot_be_read_for_an_empty_one(idle_slipway: Slipway) -> None:
    """Nor for one of defaults: a model whose fields may all be left out has nothing else to object to."""
    wrong = []
    for operation, (raw, headers, status) in itertools.product(WITH_BODY, UNREADABLE):
        sent = {**bearer(idle_slipway.platform_key), "Content-Type": "application/json", **headers}
        query = {"project": idle_slipway.tenant.id} if "project" in operation.parameters("query") else {}
        path = operation.example_path(project=idle_slipway.tenant.id)
        answer = await idle_slipway.http.request(operation.method, path, params=query, content=raw, headers=sent)
        if answer.status_code != status:
            wrong.append((operation.name, raw, headers, answer.text))
    assert wrong == []


async def test_every_parameter_past_its_edges_is_refused_with_its_place(idle_slipway: Slipway) -> None:
    sender = Sender(idle_slipway)
    for operation in (OPERATIONS[name] for name in ROLES):
        query = {name: each for name, each in operation.parameters("query").items() if name != "project"}
        for broken in itertools.zip_longest(
            *([(n, text) for text in parameter_texts(each)] for n, each in query.items())
        ):
            case = dict(filter(None, broken))
            sender.values += len(case)
            body = written(good(body_schema(operation))) if operation in WITH_BODY else None
            answer = await sender.send(operation, body, case)
            found = {error["pointer"] for error in answer.json().get("errors", [])}
            # Text that no parameter may hold is looked for first.
            unprintable = {name for name, text in case.items() if has_refused_characters(text)}
            if answer.status_code != 422 or found != {f"query:{name}" for name in unprintable or case}:
                sender.wrong.append(f"{operation.name} {case}: {answer.status_code} {answer.text}")
    assert sender.wrong == []


def test_every_value_that_is_taken_is_bounded(database_kind: str) -> None:
    wrong: list[str] = []
    for operation in OPERATIONS.values():
        named: list[tuple[str, Any]] = []
        for place in ("path", "query", "header"):
            named.extend((name, each) for name, each in operation.parameters(place).items() if name not in HEADERS)
        if operation in WITH_BODY:
            named.extend((pointer(at), each) for at, each in places(body_schema(operation)))
        wrong.extend(f"{operation.name} {name}" for name, each in named if not _bounded(resolved(each)))
    assert wrong == []


def _bounded(known: dict[str, Any]) -> bool:
    if "enum" in known or known.get("format") in {"uuid", "date-time", "date"}:
        return True
    if known["type"] == "object" and "properties" in known:
        return known.get("additionalProperties") is False
    needed = {
        "string": {"maxLength"},
        "integer": {"minimum", "maximum"},
        "number": {"maximum", "minimum" if "minimum" in known else "exclusiveMinimum"},
        "array": {"maxItems"},
        "object": {"maxProperties", "propertyNames"},
        "boolean": set[str](),
    }
    return known.keys() >= needed[known["type"]]
