"""A pods' port on the wire: a number, or the name that the pods give it."""

import re
from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_LAST_PORT = 65_535
# IANA_SVC_NAME: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
_NAME = r"^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$"
_PORT_NAME = re.compile(_NAME, re.ASCII)


def _target_port(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= _LAST_PORT:
            raise PydanticCustomError("out_of_range", "A port is a number from 1 to 65535")
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "A port is a number, or the name that the pods give it")
    if not _PORT_NAME.fullmatch(value) or not any(c.isalpha() for c in value) or "--" in value:
        raise PydanticCustomError(
            "wrong_format", "A port's name has up to 15 lower-case letters, digits and single hyphens, and a letter"
        )
    return value


TargetPort: TypeAlias = Annotated[
    int | str,
    PlainValidator(_target_port),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _LAST_PORT},
                {"type": "string", "minLength": 1, "maxLength": 15, "pattern": _NAME},
            ]
        }
    ),
]
