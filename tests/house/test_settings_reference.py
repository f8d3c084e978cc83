from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, Field, SecretStr

from scripts.settings_reference import TARGET, reference


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Paint(BaseModel):
    """What is painted."""

    colour: Colour = Field(Colour.RED, description="Which one | or none.")
    tins: list[int] = Field([1], description="How many.")
    key: SecretStr | None = Field(None, description="Of the shed.")
    shed: Path = Field(Path("/shed"), description="Where.")


class House(BaseModel):
    paint: Paint = Field(default_factory=Paint)


def test_the_committed_reference_is_fresh() -> None:
    assert TARGET.read_text("utf-8") == reference(), "run `make docs`"


def test_each_setting_is_a_line_with_its_variable_type_default_and_meaning() -> None:
    page = reference(House, "X_")
    assert "## paint\n\nWhat is painted.\n" in page
    assert "| `X_PAINT__COLOUR` | one of `red`, `blue` | `red` | Which one \\| or none. |\n" in page
    assert "| `X_PAINT__TINS` | list of whole number | `[1]` | How many. |\n" in page
    assert "| `X_PAINT__KEY` | secret text | - | Of the shed. |\n" in page
    assert "| `X_PAINT__SHED` | path | `/shed` | Where. |\n" in page


def test_every_setting_says_what_it_does() -> None:
    assert "|  |" not in reference()
