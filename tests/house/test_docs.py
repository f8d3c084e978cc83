"""What the documentation points at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changelog.d/*.md")]
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
DECISION = re.compile(r"docs/decisions/?,? ?\(?(\d{4})")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    dead = []
    for target, anchor in LINK.findall(page.read_text("utf-8")):
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(f"{target}#{anchor}")
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_merge_is_left_in_the_middle_and_no_table_in_two(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    tables = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    assert [table for table in tables if not re.match(r".*\n\|[-:|]+\n", table)] == []
    assert re.findall(r"^(?:<{7}|={7}|>{7}).*$", text, re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_that_send_a_body_say_that_it_is_json(page: Path) -> None:
    """Anything else is refused with 415. `ask` is the API guide's, which says it for all."""
    blocks = re.findall(r"^```(?:sh|console)$(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    commands = [each for block in blocks for each in re.split(r"^(?:\$ )?(?=curl |ask |\()", block, flags=re.MULTILINE)]
    silent = [
        command
        for command in commands
        if command.startswith("curl ") and " -d " in command and "/_local/" not in command
        if "application/json" not in command
    ]
    assert silent == []
    if any(command.startswith("ask ") for command in commands) and page.name != "api.md":
        assert "(api.md)" in page.read_text("utf-8")


def test_the_guides_own_function_says_json() -> None:
    (line,) = re.findall(r"^ask\(\) .*$", (ROOT / "docs/api.md").read_text("utf-8"), re.MULTILINE)
    assert "application/json" in line


def test_every_decision_that_is_named_is_written() -> None:
    written = {path.name[:4] for path in ROOT.glob("docs/decisions/*.md")}
    named = {
        number
        for pattern in ("app/**/*.py", "migrations/**/*.py", "scripts/*", "Dockerfile", "pyproject.toml", "Makefile")
        for path in ROOT.glob(pattern)
        if path.is_file()
        for number in DECISION.findall(path.read_text("utf-8"))
    }
    assert named
    assert named <= written


def test_decisions_are_numbered_one_after_the_other() -> None:
    numbers = sorted(int(path.name[:4]) for path in ROOT.glob("docs/decisions/*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
