import pytest

from app.api.accept import choose_media_type
from app.api.errors import NotAcceptableError

JSON, YAML = "application/json", "application/yaml"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ([], JSON),
        ([""], JSON),
        (["*/*"], JSON),
        ([JSON], JSON),
        ([YAML], YAML),
        (["Application/YAML"], YAML),
        (["application/*"], JSON),
        ([f"{YAML};q=0.5, {JSON};q=0.4"], YAML),
        ([f"{YAML};q=0.4", f"{JSON};q=0.5"], JSON),
        ([f"{YAML}, */*"], JSON),
        ([f"{YAML}, */*;q=0.1"], YAML),
        ([f"{JSON};q=0, */*"], YAML),
        (["text/html, application/yaml;q=0.1"], YAML),
    ],
)
def test_the_preferred_form_is_given(accept: list[str], chosen: str) -> None:
    assert choose_media_type(accept, (JSON, YAML)) == chosen


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", f"{YAML};q=x", f"{YAML};q=-1", ";;;", "application"])
def test_what_cannot_be_given_is_said(accept: str) -> None:
    with pytest.raises(NotAcceptableError):
        choose_media_type([accept], (JSON, YAML))
