import json

import httpx2
import pytest

from tests.support.api import Tenant, bearer

# What is wrong with a body is found before the database is.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

URL = "/v1/probes"
JSON = "application/json"


async def post(client: httpx2.AsyncClient, key: str, body: bytes, content_type: str | None = JSON) -> httpx2.Response:
    headers = bearer(key) | ({"Content-Type": content_type} if content_type else {})
    return await client.post(URL, content=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b'{"name": "a",}', 400, "invalid_json"),
        (b'{"name": "a"} x', 400, "invalid_json"),
        (b'{"name": "a", "ratio": NaN}', 400, "invalid_json"),
        (b'{"name": "a", "ratio": -Infinity}', 400, "invalid_json"),
        (b'{"name": "a", "ratio": 1e999}', 400, "invalid_json"),
        (b'\xef\xbb\xbf{"name": "a"}', 400, "invalid_json"),
        (b'{"name": "\xff"}', 400, "invalid_json"),
        ('{"name": "a"}'.encode("utf-16"), 400, "invalid_json"),
        (b'{"name": "a", "name": "b"}', 400, "duplicate_key"),
        (b'{"name": "a", "tags": {"x": "1", "x": "2"}}', 400, "duplicate_key"),
        (b"[" * 33 + b"]" * 33, 400, "nesting_too_deep"),
        (b"[" * 100_000, 400, "nesting_too_deep"),
        (b'{"name": "a", "count": ' + b"9" * 5000 + b"}", 422, "invalid_request"),
        (b'{"name": "a", "count": 9223372036854775808}', 422, "invalid_request"),
        (b'{"name": "a\\u0000"}', 422, "invalid_request"),
        (b'{"name": "\\ud800"}', 422, "invalid_request"),
        (b'{"name": "a", "tags": {"\\udfff": "x"}}', 422, "invalid_request"),
        (b"[]", 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b"", 422, "invalid_request"),
    ],
)
async def test_a_body_that_readers_disagree_on_is_refused(
    client: httpx2.AsyncClient, tenant: Tenant, body: bytes, status: int, code: str
) -> None:
    answer = await post(client, tenant.operator, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_deepest_allowed_nesting_is_read(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    document = {"name": "a", "anything": json.loads("[" * 31 + "1" + "]" * 31)}
    assert (await post(client, tenant.operator, json.dumps(document).encode())).status_code == 202


async def test_integers_of_64_bit_are_read(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    for edge in (2**63 - 1, -(2**63)):
        assert (await post(client, tenant.operator, json.dumps({"name": "a", "count": edge}).encode())).is_success


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "multipart/form-data", "application/xml", "application/json; charset=utf-16"]
)
async def test_a_body_that_is_not_said_to_be_json_is_415(
    client: httpx2.AsyncClient, tenant: Tenant, content_type: str | None
) -> None:
    answer = await post(client, tenant.operator, b'{"name": "a"}', content_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_compressed_body_is_415(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    headers = bearer(tenant.operator, Content_Encoding="gzip", Content_Type=JSON)
    answer = await client.post(URL, content=b"\x1f\x8b", headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=UTF-8", "application/merge-patch+json"])
async def test_json_is_accepted(client: httpx2.AsyncClient, tenant: Tenant, content_type: str) -> None:
    assert (await post(client, tenant.operator, b'{"name": "a"}', content_type)).status_code == 202


@pytest.mark.parametrize("body", [b"{", b'{"nmae": 1}', b'{"name": "a"}'])
async def test_nothing_is_said_of_a_body_to_a_stranger(client: httpx2.AsyncClient, body: bytes) -> None:
    for content_type in (JSON, "text/plain", None):
        headers = {"Content-Type": content_type} if content_type else {}
        answer = await client.post(f"{URL}?bad=1", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "credentials_required")


async def test_all_problems_of_a_body_come_at_once_without_an_echo(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    planted = "hunter2-hunter2"
    body = {
        "nmae": planted,
        "count": "7",
        "wanted": 1,
        "colour": "gren",
        "until": planted,
        "parts": [{"size": 11}, {"size": 1, "lable": planted}],
        "ratio": True,
        "a/b~c": planted,
    }
    answer = await post(client, tenant.operator, json.dumps(body).encode())
    assert answer.status_code == 422
    found = {error["pointer"]: (error["code"], error["detail"]) for error in answer.json()["errors"]}
    assert {pointer: code for pointer, (code, _) in found.items()} == {
        "/name": "required",
        "/nmae": "unknown_field",
        "/count": "wrong_type",
        "/wanted": "wrong_type",
        "/colour": "unknown_value",
        "/until": "wrong_format",
        "/parts/0/size": "out_of_range",
        "/parts/1/lable": "unknown_field",
        "/ratio": "wrong_type",
        "/a~1b~0c": "unknown_field",
    }
    assert found["/nmae"][1].endswith("Did you mean `name`?")
    assert found["/colour"][1].endswith("Did you mean `green`?")
    assert found["/parts/1/lable"][1].endswith("Did you mean `label`?")
    assert planted not in answer.text
    assert "pydantic" not in answer.text


@pytest.mark.parametrize("value", [1.0, True, "1", None, [1]])
async def test_nothing_but_an_integer_is_an_integer(client: httpx2.AsyncClient, tenant: Tenant, value: object) -> None:
    answer = await post(client, tenant.operator, json.dumps({"name": "a", "count": value}).encode())
    assert answer.json()["errors"] == [
        {"code": "wrong_type", "pointer": "/count", "detail": "Input should be a valid integer."}
    ]


@pytest.mark.parametrize("name", ["a\x1b[2m", "a\nb", "a\u2028b", "\u202eab", "a\x7f", "a\x85"])
async def test_control_characters_are_refused(client: httpx2.AsyncClient, tenant: Tenant, name: str) -> None:
    answer = await post(client, tenant.operator, json.dumps({"name": name}).encode())
    assert answer.json()["errors"][0]["code"] == "control_character"


async def test_text_is_normalised(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    answer = await post(client, tenant.operator, json.dumps({"name": "e\u0301"}).encode())
    assert answer.json()["name"] == "\u00e9"


async def test_several_lines_may_have_line_breaks(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    answer = await post(client, tenant.operator, json.dumps({"name": "a", "text": "a\r\nb\tc\n"}).encode())
    assert answer.status_code == 202


async def test_a_time_is_written_with_its_zone_and_kept_in_utc(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    for text in ("2030-01-31T12:00:00Z", "2030-01-31t12:00:00.123456789+14:00", "9999-12-31T23:59:59Z"):
        answer = await post(client, tenant.operator, json.dumps({"name": "a", "until": text}).encode())
        assert answer.status_code == 202, text
    wrong: list[tuple[object, str]] = [
        (4102444800, "wrong_type"),
        ("4102444800", "wrong_format"),
        ("2030-01-31", "wrong_format"),
        ("2030-01-31T12:00:00", "wrong_format"),
        ("2030-02-30T12:00:00Z", "wrong_format"),
        ("9999-12-31T23:59:59-12:00", "out_of_range"),
        ("0001-01-01T00:00:00+14:00", "out_of_range"),
    ]
    for value, code in wrong:
        answer = await post(client, tenant.operator, json.dumps({"name": "a", "until": value}).encode())
        assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/until", code)], value


async def test_what_cannot_be_kept_is_told_together_with_all_else(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    body = b'{"name": "\\u0000", "count": 9223372036854775808, "wanted": 1, "nmae": 1}'
    answer = await post(client, tenant.operator, body)
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/name", "invalid_text"),
        ("/count", "integer_out_of_range"),
        ("/wanted", "wrong_type"),
        ("/nmae", "unknown_field"),
    ]
