"""Previews on the wire."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.core.text import PLAIN

PlanId = Annotated[
    str,
    StringConstraints(max_length=40, pattern=r"^pln_[0-9a-hjkmnp-tv-z]{26}$"),
    PLAIN,
    Field(
        description="The `plan_id` of a preview: the act is refused when the world has changed since.",
        examples=["pln_01m8e2veefm7qrepdbxag4kqy2"],
    ),
]
