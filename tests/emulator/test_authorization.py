"""Role assignments: made, listed from a scope upwards, narrowed to one principal."""

from tests.emulator.conftest import Arm

GROUP, ROLE = "resourceGroups/g1", "4d97b98b-1d4f-4787-a291-c67834d212e7"
AT = "providers/Microsoft.Authorization/roleAssignments"


async def assign(arm: Arm, scope: str, name: str, principal: str) -> int:
    role = arm.path(f"providers/Microsoft.Authorization/roleDefinitions/{ROLE}")
    body = {"properties": {"roleDefinitionId": role, "principalId": principal}}
    return (await arm.send("PUT", f"{scope}{AT}/{name}", body)).status


async def test_what_is_granted_above_is_listed_below(arm: Arm) -> None:
    await arm.make_group()
    assert await assign(arm, "", "a", "one") == 201
    assert await assign(arm, f"{GROUP}/", "b", "one") == 201
    assert await assign(arm, f"{GROUP}/", "c", "two") == 201
    address = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/x"

    listed = (await arm.send("GET", f"{address}/{AT}", filter="assignedTo('ONE')")).body["value"]

    assert sorted(each["name"] for each in listed) == ["a", "b"]
    above = (await arm.send("GET", AT)).body["value"]
    assert [each["name"] for each in above] == ["a"]
    assert listed[0]["properties"]["scope"] in {arm.path("").rstrip("/"), arm.path(GROUP)}


async def test_a_grant_is_made_once_and_removed(arm: Arm) -> None:
    await arm.make_group()
    assert await assign(arm, f"{GROUP}/", "a", "one") == 201
    assert await assign(arm, f"{GROUP}/", "other", "one") == 409
    assert (await arm.send("DELETE", f"{GROUP}/{AT}/a")).status == 200
    assert (await arm.send("DELETE", f"{GROUP}/{AT}/a")).status == 204
    assert (await arm.send("GET", f"{GROUP}/{AT}/a")).status == 404


async def test_roles_are_found_by_name(arm: Arm) -> None:
    found = await arm.send(
        "GET", "providers/Microsoft.Authorization/roleDefinitions", filter="roleName eq 'Network Contributor'"
    )
    assert [each["name"] for each in found.body["value"]] == [ROLE]
    assert (await arm.send("GET", found.body["value"][0]["id"])).body["properties"]["permissions"][0]["actions"] == [
        "Microsoft.Network/*"
    ]
