"""The small Kusto: what it does, and what it refuses by name."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.emulator.providers.operational_insights.kql import Column, QueryError, Relation, run_query

_NOW = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)
_COLUMNS = tuple(
    Column(name, type_)
    for name, type_ in (
        ("TimeGenerated", "datetime"),
        ("Pod", "string"),
        ("Namespace", "string"),
        ("Restarts", "int"),
        ("Size", "real"),
        ("Last", "dynamic"),
        ("Reason", "string"),
    )
)


def _row(minutes: int, pod: str, namespace: str, restarts: int | None, size: float, **rest: Any) -> dict[str, Any]:
    return {
        "TimeGenerated": _NOW - timedelta(minutes=minutes),
        "Pod": pod,
        "Namespace": namespace,
        "Restarts": restarts,
        "Size": size,
        "Last": {},
        "Reason": "",
        **rest,
    }


_ROWS = [
    _row(50, "web-1", "shop", 0, 1.5),
    _row(40, "web-1", "shop", 2, 2.5, Last={"reason": "OOMKilled", "exitCode": 137}),
    _row(30, "web-2", "shop", 1, 0.5, Reason="FailedScheduling"),
    _row(20, "api-1", "Back", None, 4.0, Reason="it failed: MemoryPressure,Ready"),
    _row(10, 'odd "one" | take 1', "shop", 7, 3.0),
]


def _run(query: str) -> list[tuple[Any, ...]]:
    found = run_query(query, lambda name: Relation(_COLUMNS, _ROWS) if name == "T" else None, _NOW)
    return [tuple(row[column.name] for column in found.columns) for row in found.rows]


@pytest.mark.parametrize(
    ("condition", "pods"),
    [
        ('Pod == "web-1"', ["web-1", "web-1"]),
        ('Pod != "web-1"', ["web-2", "api-1", 'odd "one" | take 1']),
        ('Namespace =~ "BACK"', ["api-1"]),
        ('Namespace !~ "SHOP"', ["api-1"]),
        ("Pod startswith 'WEB' and Restarts > 0", ["web-1", "web-2"]),
        ("Pod startswith_cs 'WEB'", []),
        ("Pod !startswith 'web' or Pod endswith '-2'", ["web-2", "api-1", 'odd "one" | take 1']),
        ("Pod contains 'EB'", ["web-1", "web-1", "web-2"]),
        ("Reason has 'memorypressure'", ["api-1"]),
        ("Reason has 'memory'", []),
        ("Reason !has 'failed' and isnotempty(Reason)", ["web-2"]),
        ("Reason has_any ('ready', 'x')", ["api-1"]),
        ("Pod in ('api-1', 'web-2')", ["web-2", "api-1"]),
        ("Pod !in ('api-1', 'web-2', 'web-1')", ['odd "one" | take 1']),
        ("Pod in~ ('API-1')", ["api-1"]),
        ("Restarts between (1 .. 2)", ["web-1", "web-2"]),
        ("Restarts !between (0 .. 2)", ["api-1", 'odd "one" | take 1']),
        ("TimeGenerated > ago(25m)", ["api-1", 'odd "one" | take 1']),
        ("TimeGenerated between (ago(45m) .. 10m)", ["web-1"]),
        ("TimeGenerated between (datetime(2026-11-26T11:20:00Z) .. datetime(2026-11-26 11:35:00))", ["web-1", "web-2"]),
        ("TimeGenerated >= now() - timespan(00:15:00)", ['odd "one" | take 1']),
        ("not(Pod startswith 'web')", ["api-1", 'odd "one" | take 1']),
        ("isnull(Restarts)", ["api-1"]),
        ("Last.reason == 'OOMKilled'", ["web-1"]),
        ('tostring(Last["exitCode"]) == "137"', ["web-1"]),
        ("Last has 'oomkilled'", ["web-1"]),
        ('Pod == "odd \\"one\\" | take 1"', ['odd "one" | take 1']),
        ('Pod == "\\u0077eb-\\x32"', ["web-2"]),
        ('Pod contains "\\ud83d\\ude00" or Pod == "api-1"', ["api-1"]),
        ("Pod == @'odd \"one\" | take 1'", ['odd "one" | take 1']),
        ("Restarts * 2 - 1 == 3 // what is doubled\n", ["web-1"]),
        ("Restarts % 2 == 1 and -Restarts < 0", ["web-2", 'odd "one" | take 1']),
    ],
)
def test_conditions(condition: str, pods: list[str]) -> None:
    assert [pod for (pod,) in _run(f"T | where {condition} | project Pod")] == pods


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("T | count", [(5,)]),
        ("T | take 1 | project Pod, Twice = Restarts * 2, tolower(Namespace)", [("web-1", 0, "shop")]),
        ("T | extend Big = iff(Size > 2.0, 'big', 'small') | where Big == 'big' | count", [(3,)]),
        ("T | project-away TimeGenerated, Last, Reason, Size, Restarts | limit 1", [("web-1", "shop")]),
        ("T | take 1 | project Pod, Pod, Size + 1, Size + 2", [("web-1", "web-1", 2.5, 3.5)]),
        ("T | distinct Namespace", [("shop",), ("Back",)]),
        ("T | summarize max(Restarts) by Namespace", [("shop", 7), ("Back", None)]),
        ("T | summarize N = count(), sum(Size), avg(Size), min(Size), dcount(Pod)", [(5, 11.5, 2.3, 0.5, 4)]),
        ("T | summarize countif(Size > 2), sumif(Size, Namespace == 'Back')", [(3, 4.0)]),
        ("T | where Pod == 'none' | summarize count(), max(TimeGenerated)", [(0, None)]),
        ("T | where Pod == 'none' | summarize count() by Pod", []),
        (
            "T | summarize arg_max(TimeGenerated, Restarts) by Pod | project Pod, Restarts | sort by Pod asc | take 2",
            [("api-1", None), (_ROWS[4]["Pod"], 7)],
        ),
        ("T | summarize arg_min(TimeGenerated, *) by Namespace | project Pod", [("web-1",), ("api-1",)]),
        ("T | summarize count() by bin(TimeGenerated, 30m) | project count_", [(2,), (3,)]),
        ("T | top 2 by Size | project Size", [(4.0,), (3.0,)]),
        ("T | order by Restarts | project Restarts", [(7,), (2,), (1,), (0,), (None,)]),
        ("T | sort by Restarts asc nulls last | project Restarts", [(0,), (1,), (2,), (7,), (None,)]),
        ("T | sort by Namespace asc, Size desc | take 2 | project Size", [(4.0,), (3.0,)]),
        ("union T, (T | where Restarts == 7) | count", [(6,)]),
        ("T | union T | count", [(10,)]),
        ("let ns = 'shop'; let few = 2; T | where Namespace == ns | take few | count", [(2,)]),
        ("let Busy = T | where Restarts > 0; Busy | union Busy | count", [(6,)]),
        ("declare query_parameters(p:string = 'api-1', n:long = 3); T | where Pod == p | count;", [(1,)]),
        ("T | where Size > 3 | project strcat(Pod, '/', tostring(Size)), coalesce(Reason, Pod)",
         [("api-1/4", "it failed: MemoryPressure,Ready")]),
    ],
)  # fmt: skip
def test_queries(query: str, rows: list[tuple[Any, ...]]) -> None:
    assert _run(query) == rows


@pytest.mark.parametrize(
    ("query", "code", "inner", "said"),
    [
        ("T | join T on Pod", "SyntaxError", "SYN0002", "operator 'join'"),
        ("T | render timechart", "SyntaxError", "SYN0002", "operator 'render'"),
        ("search 'x'", "SyntaxError", "SYN0002", "operator 'search'"),
        ("print 1", "SyntaxError", "SYN0002", "operator 'print'"),
        ("T | wherever Pod", "SyntaxError", "SYN0002", "'wherever' on line [1,4]"),
        ("T |\n| count", "SyntaxError", "SYN0002", "'|' on line [2,0]"),
        ("T | where", "SyntaxError", "SYN0002", "<EOF>"),
        ('T | where Pod == "open', "SyntaxError", "SYN0002", "on line [1,17]"),
        ('T | where Pod == "a\nb"', "SyntaxError", "SYN0002", "on line [1,17]"),
        ("T | where Pod == 'a' T", "SyntaxError", "SYN0002", "'T'"),
        ('T | where Pod == "\\q"', "SyntaxError", "SYN0003", "string"),
        ("T; T", "SyntaxError", "SYN0002", "'T'"),
        ("T | where Pod matches regex 'a'", "SyntaxError", "SYN0002", "'matches'"),
        ("set notruncation; T", "SyntaxError", "SYN0002", "'set'"),
        (".drop table T", "SyntaxError", "SYN0002", "'.'"),
        ("T | where TimeGenerated > datetime(soon)", "SyntaxError", "SYN0003", "datetime(soon)"),
        ("T | where TimeGenerated > ago(99999999999999d)", "SyntaxError", "SYN0003", "timespan"),
        ("U | count", "SemanticError", "SEM0100", "table or column expression named 'U'"),
        ("T | where Nope == 1", "SemanticError", "SEM0100", "scalar expression named 'Nope'"),
        ("T | project Nope", "SemanticError", "SEM0100", "'project' operator"),
        ("T | where Pod == 1", "SemanticError", "SEM0100", "string and long"),
        ("T | where Pod", "SemanticError", "SEM0100", "boolean"),
        ("T | where Size has 'a'", "SemanticError", "SEM0100", "'has'"),
        ("T | extend geo_distance_2points(1, 2, 3, 4)", "SemanticError", "SEM0100", "'geo_distance_2points'"),
        ("T | summarize percentile(Size, 50)", "SemanticError", "SEM0100", "'percentile'"),
        ("T | where max(Size) > 1", "SemanticError", "SEM0100", "'max'"),
        ("T | summarize sum(Pod)", "SemanticError", "SEM0100", "numeric"),
        ("T | take -1", "SemanticError", "SEM0100", "number of rows"),
        ("T | where ago('x') > now()", "SemanticError", "SEM0100", "timespan"),
        ("T | where strlen() > 1", "SemanticError", "SEM0100", "1 argument"),
        ("T | extend Pod + 1", "SemanticError", "SEM0100", "Operator '+'"),
        ("T | where " + "(" * 500 + "true" + ")" * 500, "SyntaxError", "SYN0002", "too deep"),
        ("T | where " + "or ".join(["Size > 1 "] * 5_000), "SemanticError", "SEM0100", "evaluated"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(query: str, code: str, inner: str, said: str) -> None:
    with pytest.raises(QueryError) as refused:
        _run(query)
    error = refused.value.inner
    assert (error["code"], error["innererror"]["code"]) == (code, inner)
    assert said in error["innererror"]["message"]
