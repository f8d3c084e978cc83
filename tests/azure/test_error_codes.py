"""What is known of Azure's errors, beside the cases that are tried."""

import os
import re
from pathlib import Path

import pytest

from app.azure.error_table_nodes import row_of_exit
from app.azure.errors import AzureError, Source, classify
from app.engine.retry import Budget, next_pause
from tests.clusters import azure_codes as codes
from tests.clusters.azure_codes import CASES, ELSEWHERE, Case, wrong_pauses

ERRORS = Path(os.environ.get("SLIPWAY_RECORDINGS", "none")).parent / "ERRORS.md"


def test_each_code_means_what_the_first_of_its_kind_means() -> None:
    """Trouble 23: by provider, code and message, wherever it stands."""
    wrong = []
    for case in CASES:
        error = _error(case)
        found = (error.problem.code, error.problem.error_class, error.azure_code)
        if found != (case.ours, case.error_class, case.cause or case.code):
            wrong.append((case.code, found))
    assert not wrong


def _error(case: Case) -> AzureError:
    body = {"status": "Failed", "error": case.body or {"code": case.code, "message": case.message}}
    provider = "Microsoft.Resources" if case.place == codes.GROUP else "Microsoft.ContainerService"
    return classify(body, Source(provider=provider, http_status=case.status or None))


def test_what_follows_each_code_is_what_is_safe() -> None:
    """Trouble 20: retried as often as it may help, ever more rarely, and no more."""
    # Decided where the call is made: 429 waits its turn, and a change is sent twice more after a fault of Azure's.
    elsewhere = ("azure_throttled", "azure_internal_error")
    cases = [case for case in CASES if not case.taken and case.ours not in elsewhere and case.does != "fine"]
    assert len(cases) > 90
    wrong = []
    for case in cases:
        error, budget = _error(case), Budget()
        pauses = []
        endless = case.does in {"turn", "minute"}
        waited = not endless and case.does == "blocked" and case.error_class in {"quota", "permission"}
        for _ in range(2 if waited else 3 if endless else 20):
            options = {"on_blocked": "wait"} if waited else {}
            pause = next_pause(error.problem, budget, options, error.patience)
            if pause is None:
                break
            pauses.append(pause)
        if found := wrong_pauses(case, pauses, waits=waited):
            wrong.append((case.code, found))
    assert not wrong


def test_what_azure_took_and_failed_at_is_sent_again_as_often_as_it_is_safe() -> None:
    """Trouble 20: once or twice more, and only where the table of errors says so."""
    cases = [case for case in CASES if case.place == codes.FAILED]
    assert {case.repeated for case in cases} == {0, 1, 2}
    wrong = []
    for case in cases:
        patience = _error(case).row.change_patience
        if (sendings := 1 if patience is None else patience.attempts) != 1 + case.repeated:
            wrong.append((case.code, case.message, sendings))
    assert not wrong


def test_hardware_that_is_not_there_is_waited_for_ten_minutes_and_no_job_long() -> None:
    """Trouble 76: whoever has other sizes, zones or locations is to hear of it."""
    (error, *_) = (_error(case) for case in CASES if not case.taken and case.code == "ZonalAllocationFailed")
    budget, pauses = Budget(), []
    while (pause := next_pause(error.problem, budget, {}, error.patience)) is not None:
        pauses.append(pause)
    assert {pause.waiting_for for pause in pauses} == {"capacity"}
    assert 6 * 60 < sum(pause.seconds for pause in pauses) < 12 * 60


_CODE = re.compile(r"\b(?:ErrorCode_)?[A-Z][A-Za-z0-9]*[a-z][A-Z][A-Za-z0-9]*|\bQuotaExceeded|\bBadRequest|\bThrottled")
_NUMBER = re.compile(r"\b\d{1,3}\b")


@pytest.mark.skipif(not ERRORS.exists(), reason="SLIPWAY_RECORDINGS names no folder with ERRORS.md beside it")
def test_each_code_that_is_known_of_azure_is_tried_or_says_why_not() -> None:
    lines = [line for line in ERRORS.read_text().splitlines() if line.startswith("| ") and line.count(" | ") >= 5]
    named = {
        code
        for line in lines[1:]
        if not line.startswith("| CSE")
        for code in _CODE.findall(re.sub(r'"[^"]*"', "", line.split(" | ")[0]))
    }
    tried = {case.code for case in CASES} | {case.cause for case in CASES}
    explained = {code for codes_, reason in ELSEWHERE.items() for code in codes_.split() if reason}
    assert len(named) > 100
    assert sorted(named - tried - explained) == []
    exits = {int(n) for line in lines if line.startswith("| CSE") for n in _NUMBER.findall(line.split(" | ")[0])}
    assert len(exits) > 20
    assert sorted(n for n in exits if row_of_exit(n, windows=False) is None) == []
