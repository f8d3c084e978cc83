import base64
import json

import httpx2
import pytest

from tests.support.api import Tenant, bearer

URL = "/v1/probes"


async def fill(client: httpx2.AsyncClient, tenant: Tenant, count: int) -> list[str]:
    names = [f"p{i}" for i in range(count)]
    for name in names:
        await client.post(URL, json={"name": name}, headers=bearer(tenant.operator))
    return names


async def test_pages_cover_a_list_once_and_in_order(client: httpx2.AsyncClient, tenant: Tenant, other: Tenant) -> None:
    names = await fill(client, tenant, 5)
    await fill(client, other, 1)
    url: str | None = f"{URL}?limit=2"
    seen: list[str] = []
    pages = 0
    while url is not None:
        answer = await client.get(url, headers=bearer(tenant.reader))
        seen += [item["name"] for item in answer.json()["items"]]
        pages += 1
        link = answer.headers.get("link")
        assert (link is None) == (answer.json()["next_cursor"] is None)
        url = link and link[1 : link.index(">")]
        assert link is None or link.endswith('; rel="next"')
    assert seen == names
    assert pages == 3


async def test_a_full_last_page_has_no_next(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    await fill(client, tenant, 2)
    answer = await client.get(f"{URL}?limit=2", headers=bearer(tenant.reader))
    assert (len(answer.json()["items"]), answer.json()["next_cursor"]) == (2, None)


def forged(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


async def test_a_forged_cursor_is_refused(client: httpx2.AsyncClient, tenant: Tenant, other: Tenant) -> None:
    await fill(client, tenant, 2)
    good = (await client.get(f"{URL}?limit=1", headers=bearer(tenant.reader))).json()["next_cursor"]
    binding = json.loads(base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)))[0]
    time = {"t": "2026-01-01T00:00:00+00:00"}
    bad = [
        "x", "AAAA", good[:-2], good + "AAAA",
        forged("other", time, "evt_1"), forged(binding), forged(binding, time), forged(binding, 1, "evt_1"),
        forged(binding, {"t": "yesterday"}, "evt_1"), forged(binding, {"t": "2026-01-01"}, "evt_1"),
        forged(binding, {"t": "9999-99-99T00:00:00Z"}, "evt_1"), forged(binding, {"t": 5}, "e"),
        forged(binding, time, None), forged(binding, time, ["a"]), forged(binding, time, "\x00"),
        forged(binding, {"t": "0001-01-01T00:00:00+23:00"}, "e"), forged(binding, time, "e", "e"),
    ]  # fmt: skip
    for cursor in bad:
        answer = await client.get(f"{URL}?limit=1&cursor={cursor}", headers=bearer(tenant.reader))
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), cursor
    assert (await client.get(f"{URL}?cursor={good}", headers=bearer(tenant.reader))).status_code == 200
    elsewhere = await client.get(f"{URL}?cursor={good}", headers=bearer(other.reader))
    assert elsewhere.json()["code"] == "invalid_cursor"
    filtered = await client.get(f"{URL}?cursor={good}&kind=x", headers=bearer(tenant.reader))
    assert filtered.json()["code"] == "invalid_cursor"


@pytest.mark.parametrize("cursor", ["", "%22", "a b", "x" * 1025])
async def test_a_cursor_of_another_form_is_refused(client: httpx2.AsyncClient, tenant: Tenant, cursor: str) -> None:
    answer = await client.get(f"{URL}?cursor={cursor}", headers=bearer(tenant.reader))
    assert answer.status_code in {400, 422}
