"""Writes docs/settings.md from app/core/settings.py, or with --check says that it is stale."""

import enum
import inspect
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from app.core.settings import Settings
from scripts.generated import write_or_compare

TARGET: Final = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
NAMES: Final[dict[object, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    SecretStr: "secret text",
    Path: "path",
}
HEAD: Final = """# Settings

Generated from `app/core/settings.py` by `make docs`; do not edit.

Every setting is an environment variable. A list is JSON: `["a", "b"]`. `slipway config` prints what is in force,
without secrets.
"""


def type_name(annotation: object) -> str:
    """Return a type as an operator reads it: `number`, `text`, `one of a, b`, ..."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return type_name(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_name(each) for each in typing.get_args(annotation) if each is not types.NoneType)
    if origin is list:
        return "list of " + type_name(typing.get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "one of " + ", ".join(f"`{member.value}`" for member in annotation)
    return NAMES.get(annotation, str(annotation))


def default_text(field: FieldInfo) -> str:
    """Return a field's default as it would be written into the environment."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "":
        return "-"
    if isinstance(value, enum.Enum):
        value = value.value
    return f"`{json.dumps(value) if isinstance(value, list | bool) else value}`"


def rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Yield one line of a table for each field of `model` that is no group itself."""
    for name, field in model.model_fields.items():
        cells = (f"`{prefix}{name.upper()}`", type_name(field.annotation), default_text(field), field.description or "")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def reference(settings: type[BaseModel] = Settings, prefix: str = "SLIPWAY_") -> str:
    """Return the whole page as Markdown."""
    page = [HEAD]
    for name, field in settings.model_fields.items():
        group = field.annotation
        if not (isinstance(group, type) and issubclass(group, BaseModel)):
            raise TypeError(f"{name} stands outside of a group: give it a table here first")
        page.append(f"\n## {name}\n\n{inspect.cleandoc(group.__doc__ or '')}\n\n")
        page.append("| variable | value | default | what it does |\n|---|---|---|---|\n")
        page += [line + "\n" for line in rows(group, f"{prefix}{name.upper()}__")]
    return "".join(page)


if __name__ == "__main__":
    raise SystemExit(write_or_compare(TARGET, reference(), description=__doc__))
