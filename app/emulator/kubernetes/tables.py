"""How lists and single objects are answered: whole, as metadata only, or as a Table (Accept decides)."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Kind
from app.emulator.kubernetes.status import not_acceptable

_META = "meta.k8s.io/v1"
_JSON_TYPES = {"application/json", "application/*", "*/*"}


class View(Enum):
    """The forms of an answer."""

    WHOLE = "whole"
    METADATA = "metadata"
    TABLE = "table"


def negotiate(accept: str) -> View:
    """Return the first form of an Accept header that can be given; raise 406 when there is none.

    Protobuf answers are not given: every client that asks for them names JSON next.
    """
    for offer in (accept or "*/*").split(","):
        media, *parameters = (part.strip() for part in offer.split(";"))
        if media not in _JSON_TYPES:
            continue
        named = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        wanted = named.get("as", "")
        if not wanted:
            return View.WHOLE
        if named.get("g") != "meta.k8s.io" or named.get("v") != "v1":
            continue
        if wanted == "Table":
            return View.TABLE
        if wanted in {"PartialObjectMetadata", "PartialObjectMetadataList"}:
            return View.METADATA
    raise not_acceptable()


def single(kind: Kind, document: Object, view: View, now: datetime, *, include: str = "Metadata") -> Object:
    """Return one object in the form asked for."""
    match view:
        case View.TABLE:
            version = {"resourceVersion": document["metadata"].get("resourceVersion", "")}
            return table(kind, [document], version, now, include=include)
        case View.METADATA:
            return _partial(document)
        case View.WHOLE:
            return kind.typed(document)


def several(
    kind: Kind,
    documents: Sequence[Object],
    metadata: Object,
    view: View,
    now: datetime,
    *,
    include: str = "Metadata",
) -> Object:
    """Return a list in the form asked for; `metadata` is the list's own."""
    match view:
        case View.TABLE:
            return table(kind, documents, metadata, now, include=include)
        case View.METADATA:
            items = [{"metadata": document["metadata"]} for document in documents]
            return {
                "kind": "PartialObjectMetadataList",
                "apiVersion": _META,
                "metadata": metadata,
                "items": items,
            }
        case View.WHOLE:
            return {
                "kind": f"{kind.kind}List",
                "apiVersion": kind.api_version,
                "metadata": metadata,
                "items": [kind.show(document) for document in documents],
            }


def table(
    kind: Kind,
    documents: Sequence[Object],
    metadata: Object,
    now: datetime,
    *,
    include: str = "Metadata",
    headed: bool = True,
) -> Object:
    """Return a Table; without its head for the later events of a watch."""
    columns = kind.columns or (NAME, AGE)
    head = [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in columns
    ]
    rows = []
    for document in documents:
        row: Object = {"cells": [column.cell(document, now) for column in columns]}
        if include != "None":
            row["object"] = kind.typed(document) if include == "Object" else _partial(document)
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": _META,
        "metadata": metadata,
        "columnDefinitions": head if headed else [],
        "rows": rows,
    }


def _partial(document: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": document["metadata"]}
