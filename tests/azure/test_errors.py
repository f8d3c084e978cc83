import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from app.azure.error_table import TABLE, WRAPPERS
from app.azure.errors import Source, classify

GOLDEN = json.loads((Path(__file__).parent / "errors_golden.json").read_text())
RECORDINGS = os.environ.get("SLIPWAY_RECORDINGS")


@pytest.mark.parametrize("case", GOLDEN, ids=[case["name"] for case in GOLDEN])
def test_an_error_of_azures_means_what_the_golden_file_says(case: dict[str, Any]) -> None:
    """Troubles 21 and 25: raw bodies made from what is known of Azure; recorded ones are read from the recordings."""
    error = classify(case["body"], Source(provider=case["provider"], http_status=case["http_status"]))
    expect = case["expect"]
    assert error.problem.code == expect["code"]
    assert error.problem.error_class == expect["class"]
    assert error.action == expect["action"]
    assert error.azure_code == expect["azure_code"]
    if "facts" in expect:
        assert error.facts == expect["facts"]
    if "exit_number" in expect:
        assert error.facts["exit_number"] == expect["exit_number"]


def test_no_row_hides_another() -> None:
    for known in TABLE:
        if known.message is not None:
            continue
        for code in known.azure_codes - WRAPPERS:
            error = classify({"code": code, "message": ""}, Source(provider=known.provider))
            # `Conflict` is in two rows: with words about another operation, and without.
            assert error.row.code == known.code, code


def test_every_row_says_what_it_means() -> None:
    for known in TABLE:
        assert known.code.startswith("azure_")
        assert known.meaning.endswith(".")
        assert known.remedy is None or known.remedy.endswith(".")
        assert known.azure_codes or known.message is not None or known.code.startswith("azure_node_")


def test_what_is_not_known_is_counted_and_keeps_azures_words() -> None:
    """trouble 25."""
    labels = {"code": "FluxCapacitorEmpty"}
    before = REGISTRY.get_sample_value("azure_unknown_errors_total", labels) or 0
    error = classify(
        {"error": {"code": "FluxCapacitorEmpty", "message": "Empty\r\n\x1b[31m."}},
        Source(http_status=400, correlation_id="corr"),
    )
    assert REGISTRY.get_sample_value("azure_unknown_errors_total", labels) == before + 1
    shown = error.problem.as_json()
    assert shown["azure"] == {"code": "FluxCapacitorEmpty", "message": "Empty [31m.", "correlation_id": "corr"}
    assert "FluxCapacitorEmpty" in str(shown["detail"])
    assert shown["status"] == 502


def test_a_hostile_code_makes_no_label() -> None:
    before = REGISTRY.get_sample_value("azure_unknown_errors_total", {"code": "other"}) or 0
    classify({"code": "x" * 500 + '"\n', "message": ""}, Source(http_status=400))
    assert REGISTRY.get_sample_value("azure_unknown_errors_total", {"code": "other"}) == before + 1


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(['{"code":"X"', "{" * 30]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "details", "code", "message", "innererror", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON_VALUES, st.sampled_from([None, 400, 404, 409, 429, 500]))
def test_no_body_breaks_the_classification(body: object, status: int | None) -> None:
    error = classify(body, Source(http_status=status))
    assert error.problem.code.startswith("azure_")
    assert len(error.azure_message or "") <= 2_000


def test_a_body_that_is_deep_or_long_costs_little() -> None:
    deep: dict[str, object] = {"code": "Inner", "message": "x"}
    for _ in range(500):
        deep = {"error": deep}
    assert classify(deep, Source(http_status=400)).problem.code == "azure_unknown_error"
    assert classify({"code": "X", "message": "{" * 200_000}, Source(http_status=400)).azure_code == "X"


def _recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(Path(RECORDINGS).glob("*.json")) if RECORDINGS else ():
        for step in json.loads(path.read_text())["steps"]:
            yield path.stem, step


@pytest.mark.skipif(RECORDINGS is None, reason="SLIPWAY_RECORDINGS names no folder")
def test_every_recorded_error_is_known() -> None:
    """Trouble 21: the bodies that Azure really sent."""
    seen = 0
    for name, step in _recorded():
        if step["status"] < 400:
            continue
        provider = step["path"].rpartition("/providers/")[2].split("/")[0] if "/providers/" in step["path"] else None
        error = classify(step.get("body"), Source(provider=provider, http_status=step["status"]))
        assert error.problem.code != "azure_unknown_error", (name, step["method"], step["path"], step.get("body"))
        assert error.gone == (step["status"] == 404), (name, step["path"])
        seen += 1
    assert seen > 10
