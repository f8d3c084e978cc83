"""Parameters cannot break out of a query: by rule, by property, and against the local Azure's own reader of Kusto."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.monitoring.schemas.logs import LogsQuery, QueryName
from app.monitoring.specs import kql
from app.monitoring.specs.named_queries import Span, kql_of, span_of, wrong_parameters

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SPAN = Span(NOW - timedelta(hours=1), NOW)
CLUSTER = "/subscriptions/0d5a1f3e/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/blue"
# Kusto's rule: a literal ends at the first quote that no backslash escapes, and holds no line break.
LITERAL = re.compile(r'"((?:[^"\\\r\n]|\\.)*)"')
HOSTILE = st.text() | st.sampled_from(
    ['"', "\\", '\\"', '" | take 1', "'; drop", 'x" or 1 == 1 or "', "\n| union *", "\u2028", "\x00", "\\u0022", "//"]
)


def read_back(literal: str) -> str:
    """A literal as Kusto reads it."""
    units = re.sub(
        r"\\(u[0-9a-f]{4}|.)",
        lambda found: (
            chr(int(found[1][1:], 16))
            if found[1][0] == "u"
            else {"n": "\n", "r": "\r", "t": "\t"}.get(found[1], found[1])
        ),
        literal[1:-1],
    )
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


@given(HOSTILE)
def test_a_text_is_one_literal_that_reads_back_as_it_was(value: str) -> None:
    literal = kql.text(value)
    assert LITERAL.fullmatch(literal)
    assert literal.isascii()
    assert read_back(literal) == value


@given(HOSTILE, HOSTILE)
def test_no_parameter_changes_the_form_of_a_query(value: str, other: str) -> None:
    """What is left of a query without its literals is the same, whatever the parameters say."""

    def form(contains: str, cluster: str) -> str:
        body = LogsQuery.model_construct(
            query=QueryName.POD_LOGS, namespace=contains, pod=contains, container=contains, contains=contains, limit=10
        )
        return LITERAL.sub('""', kql_of(body, SPAN, cluster))

    assert form(value, other) == form("a", "b")


@given(HOSTILE)
def test_names_that_kubernetes_does_not_know_never_reach_a_query(value: str) -> None:
    try:
        body = LogsQuery.model_validate({"query": "pod_logs", "namespace": value, "pod": value})
    except ValidationError:
        return
    assert re.fullmatch(r"[a-z0-9][-a-z0-9]*", body.namespace or "")


ALL = [
    {"query": "pod_logs", "namespace": "shop", "pod": "web-1", "container": "web", "contains": "err"},
    {"query": "restarts", "namespace": "shop"},
    {"query": "node_pressure", "node": "aks-1"},
    {"query": "failed_scheduling", "namespace": "shop"},
    {"query": "events", "namespace": "shop", "kind": "Pod", "name": "web", "reason": "Killing", "type": "Warning"},
]


@pytest.mark.parametrize("body", ALL, ids=[body["query"] for body in ALL])
def test_each_named_query_sees_one_cluster_and_one_time_and_is_bounded(body: dict[str, str]) -> None:
    text = kql_of(LogsQuery.model_validate({**body, "limit": 7}), SPAN, CLUSTER)
    assert f'=~ "{CLUSTER}"' in text
    assert "TimeGenerated >= datetime(2026-11-26T11:00:00.000000Z)" in text
    assert "TimeGenerated < datetime(2026-11-26T12:00:00.000000Z)" in text
    assert text.endswith("| take 8")
    assert set(re.findall(r"^\| (\w+)", text, re.MULTILINE)) <= {"where", "project", "summarize", "sort", "take"}


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        ({"since_minutes": 5, "from": "2026-11-26T10:00:00Z"}, {"/since_minutes"}),
        ({"to": "2026-11-26T10:00:00Z"}, {"/to"}),
        ({"from": "2026-11-26T12:30:00Z"}, {"/from"}),
        ({"from": "2026-11-26T10:00:00Z", "to": "2026-11-26T09:00:00Z"}, {"/from"}),
        ({"from": "2026-11-01T10:00:00Z"}, {"/from"}),
        ({"from": "2026-11-26T10:00:00Z"}, set()),
        ({}, set()),
    ],
)
def test_a_time_that_makes_no_sense_is_refused_by_its_name(given: dict[str, object], pointers: set[str]) -> None:
    span, errors = span_of(LogsQuery.model_validate({"query": "events", **given}), NOW)
    assert {error.pointer for error in errors} == pointers
    if not given:
        assert (span.since, span.until) == (NOW - timedelta(hours=1), NOW)


@pytest.mark.parametrize(
    "body", [{"limit": 0}, {"limit": 5001}, {"since_minutes": 0}, {"since_minutes": 10_081}, {"x": 1}]
)
def test_limits_of_rows_and_time_are_kept(body: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        LogsQuery.model_validate({"query": "events", **body})


def test_parameters_of_another_query_are_refused_and_needed_ones_asked_for() -> None:
    body = LogsQuery.model_validate({"query": "pod_logs", "node": "a", "kql": "x"})
    assert [(error.code, error.pointer) for error in wrong_parameters(body)] == [
        ("parameter_not_taken", "/node"),
        ("parameter_not_taken", "/kql"),
        ("required", "/namespace"),
    ]
    assert wrong_parameters(LogsQuery.model_validate({"query": "events", "type": "Warning"})) == []
