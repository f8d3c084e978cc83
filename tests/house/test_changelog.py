import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRAGMENT = re.compile(r"\d+(-[a-z0-9-]+)?\.(added|changed|deprecated|removed|fixed|security)\.md")


def test_each_fragment_is_named_by_the_rule_and_says_something() -> None:
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    wrong = [path.name for path in fragments if not FRAGMENT.fullmatch(path.name) or not path.read_text().strip()]
    assert wrong == []
