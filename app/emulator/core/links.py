"""Absolute links in answers: operation URLs and next pages."""

import base64
import hashlib
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import JSON_UTF8, Answer, Call
from app.emulator.core.operations import Operation

OPERATIONS_API_VERSION = "2025-03-01"
SIGNATURE_BYTES = 1_900


def signed(url: str, operation: Operation) -> str:
    """`url` with the four parameters that ARM signs with since 2023; about 2.7 KB in all."""
    ticks = 621_355_968_000_000_000 + int(operation.started.timestamp() * 10_000_000)
    stream = hashlib.shake_256(operation.id.encode())
    certificate = base64.urlsafe_b64encode(stream.digest(SIGNATURE_BYTES)).decode().rstrip("=")
    signature = hashlib.sha256(f"s{operation.id}".encode()).hexdigest()
    digest = hashlib.sha256(f"h{operation.id}".encode()).hexdigest()[:43]
    return f"{url}&t={ticks}&c={certificate}&s={signature}&h={digest}"


def status_headers(call: Call, operation: Operation, *, namespace: str, location: bool) -> dict[str, str]:
    """`Azure-AsyncOperation`, and `Location` too where the verb has it (AZURE.md's table)."""
    base = (
        f"{call.base_url}/subscriptions/{operation.subscription}/providers/{namespace}/locations/{operation.location}"
    )
    version = f"?api-version={OPERATIONS_API_VERSION}"
    headers = {"Azure-AsyncOperation": signed(f"{base}/operations/{operation.id}{version}", operation)}
    if location:
        headers["Location"] = signed(f"{base}/operationresults/{operation.id}{version}", operation)
    return headers


def page(cloud: Cloud, call: Call, items: Sequence[Document], *, content_type: str = JSON_UTF8) -> Answer:
    """One page of a list, with `nextLink` where more is to come."""
    size = cloud.settings.page_size
    token = call.query.get("$skiptoken") or call.query.get("skiptoken") or "0"
    if not token.isdecimal():
        raise AzureError(400, "InvalidSkipToken", "The provided skip token is invalid.")
    start = int(token)
    body: Document = {"value": list(items[start : start + size])}
    if start + size < len(items):
        kept = {name: value for name, value in call.query.items() if not name.endswith("skiptoken")}
        query = urlencode({**kept, "$skipToken": str(start + size)}, quote_via=quote, safe="$")
        body["nextLink"] = f"{call.base_url}{quote(call.path)}?{query}"
    return Answer(200, body, content_type=content_type)
