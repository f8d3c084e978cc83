from pathlib import Path

from scripts.file_lengths import EXCEPTIONS, LIMIT, too_long


def write(root: Path, name: str, lines: int) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("pass\n" * lines)


def test_a_file_at_the_limit_is_too_long(tmp_path: Path) -> None:
    write(tmp_path, "app/long.py", LIMIT)
    write(tmp_path, "tests/deep/short.py", LIMIT - 1)
    assert too_long(tmp_path, {}) == [f"app/long.py: {LIMIT} lines; under {LIMIT} is the rule: split it by meaning"]


def test_an_exception_holds_as_long_as_it_is_needed(tmp_path: Path) -> None:
    write(tmp_path, "app/table.py", LIMIT)
    write(tmp_path, "app/gone.py", 1)
    found = too_long(tmp_path, {"app/table.py": "one table", "app/gone.py": "was one table"})
    assert found == ["app/gone.py: needs no exception any more"]


def test_each_exception_says_why() -> None:
    assert all(reason.strip() for reason in EXCEPTIONS.values())
