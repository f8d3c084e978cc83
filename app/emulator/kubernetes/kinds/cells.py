"""Cells that several kinds' tables share (pkg/printers/internalversion/printers.go)."""

from collections.abc import Iterable
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.kind import Cell, Column


def number_cell(path: str, default: int = 0) -> Cell:
    """Return a cell that shows a number, 0 where there is none."""

    def cell(document: Object, _now: datetime) -> JSON:
        value: int = at(document, path, default)
        return value

    return cell


def integer(name: str, path: str) -> Column:
    """Return a column of numbers."""
    return Column(name, number_cell(path), type="integer")


def _containers(document: Object, template: str) -> list[Object]:
    found: list[Object] = at(document, f"{template}.spec.containers", [])
    return found


def template_columns(template: str = "spec.template", *, selector: str | None = "spec.selector") -> tuple[Column, ...]:
    """Return the wide columns of what makes pods: the template's containers and images, and the selector."""

    def names(document: Object, _now: datetime) -> JSON:
        return ",".join(container["name"] for container in _containers(document, template))

    def images(document: Object, _now: datetime) -> JSON:
        return ",".join(container.get("image", "") for container in _containers(document, template))

    columns = (Column("Containers", names, priority=1), Column("Images", images, priority=1))
    if selector is None:
        return columns
    return (*columns, Column("Selector", selector_cell(selector), priority=1))


def selector_cell(path: str) -> Cell:
    """Return a cell that shows a label selector as text."""

    def cell(document: Object, _now: datetime) -> JSON:
        return selector_text(at(document, path))

    return cell


def selector_text(selector: Object | None) -> str:
    """Return a LabelSelector as metav1.FormatLabelSelector says it."""
    if selector is None:
        return "<none>"
    parts = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    parts += [(entry.get("key", ""), _expression(entry)) for entry in selector.get("matchExpressions") or ()]
    return ",".join(text for _, text in sorted(parts)) or "<none>"


def _expression(entry: Object) -> str:
    values = f"({','.join(sorted(entry.get('values') or ()))})"
    match entry.get("operator"):
        case "In":
            return f"{entry.get('key', '')} in {values}"
        case "NotIn":
            return f"{entry.get('key', '')} notin {values}"
        case "DoesNotExist":
            return f"!{entry.get('key', '')}"
        case _:
            return str(entry.get("key", ""))


def labels_text(labels: Object | None) -> str:
    """Return labels as labels.FormatLabels says them."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def shortened(items: Iterable[str], limit: int) -> str:
    """Return the first items, and how many more there are; `<unset>` for none."""
    listed = list(items)
    if not listed:
        return "<unset>"
    said = ",".join(listed[:limit])
    return said if len(listed) <= limit else f"{said} + {len(listed) - limit} more..."
