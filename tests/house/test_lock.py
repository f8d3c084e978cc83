"""The lock answers to pyproject.toml, and names no address."""

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from scripts.check_lock import Pin, lacks, problems, read_pins

PROMISED = ">=3.11,<3.15"


def pin(name: str, version: str, marker: str | None = None) -> Pin:
    return Pin(name, version, Marker(marker) if marker else None, 1)


def test_the_lock_is_fresh() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "--find-links /somewhere/wheels",
        "# by someone, from somewhere",
        "thing @ https://packages.example/thing-1.0-py3-none-any.whl",
        "-e .",
        "thing>=1.0",
        "    --hash=md5:0123",
    ],
)
def test_a_line_that_is_neither_pin_nor_hash_is_told(line: str) -> None:
    assert read_pins(f"one==1.0 \\\n{line}\n")[1] == [line]


def test_a_pin_has_its_hashes_and_marker() -> None:
    text = "one==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:" + "0" * 64 + "\n"
    assert read_pins(text) == ([Pin("one", "1.0", Marker("sys_platform == 'linux'"), 1)], [])


def test_a_requirement_that_was_added_has_no_pin() -> None:
    found = lacks([Requirement("new>=1")], [pin("old", "1.0")], PROMISED)
    assert "new has no pin (Python 3.11 on linux)" in found
    assert "new has no pin (Python 3.14 on darwin)" in found


def test_a_requirement_that_was_raised_is_not_met() -> None:
    assert lacks([Requirement("thing>=2")], [pin("thing", "1.9")], PROMISED) == [
        "thing is pinned to 1.9, wanted is >=2"
    ]


def test_a_pin_for_some_platforms_only_does_not_answer_for_all() -> None:
    found = lacks([Requirement("thing")], [pin("thing", "1.0", "sys_platform == 'linux'")], ">=3.12,<3.13")
    assert found == ["thing has no pin (Python 3.12 on darwin)"]


def test_a_requirement_for_another_platform_needs_no_pin() -> None:
    assert lacks([Requirement("thing; sys_platform == 'win32'")], [], PROMISED) == []


def test_two_pins_of_one_name_contradict_each_other() -> None:
    found = lacks([], [pin("thing", "1.0"), pin("thing", "2.0", "sys_platform == 'linux'")], ">=3.11,<3.12")
    assert found == ["thing is pinned to 1.0 and 2.0 at once (Python 3.11 on linux)"]
