"""The two keys of an account: whoever has one has all of its data."""

import base64

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, arm_time
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.providers.storage.errors import refused
from app.emulator.providers.storage.names import ACCOUNT, NAMESPACE, account_of, answered

_NAMES = ("key1", "key2")
_KEY_BYTES = 64


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("POST", f"{ACCOUNT}/listKeys", "StorageAccounts_ListKeys", _list, NAMESPACE, 0.3),
        Route("POST", f"{ACCOUNT}/regenerateKey", "StorageAccounts_RegenerateKey", _regenerate, NAMESPACE, 0.5),
    ]


def new_keys(cloud: Cloud) -> dict[str, str]:
    """Both keys of a new account, by name."""
    return {name: _new_key(cloud) for name in _NAMES}


def _new_key(cloud: Cloud) -> str:
    return base64.b64encode(cloud.randomness.randbytes(_KEY_BYTES)).decode()


def _show(account: Resource) -> Document:
    created = account.body["properties"]["keyCreationTime"]
    return {
        "keys": [
            {"keyName": name, "value": value, "permissions": "FULL", "creationTime": created[name]}
            for name, value in account.internal["keys"].items()
        ]
    }


async def _list(cloud: Cloud, call: Call) -> Answer:
    return answered(200, _show(account_of(cloud, call)))


async def _regenerate(cloud: Cloud, call: Call) -> Answer:
    account = account_of(cloud, call)
    name = call.document().get("keyName")
    if name not in _NAMES:
        raise refused(400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: keyName.")
    account.internal["keys"] = {**account.internal["keys"], name: _new_key(cloud)}
    created = account.body["properties"]["keyCreationTime"]
    account.body["properties"]["keyCreationTime"] = {**created, name: arm_time(cloud.now())}
    cloud.store.touch(account)
    call.effect = "updated"
    return answered(200, _show(account))
