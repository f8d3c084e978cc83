"""What Microsoft.Storage says of accounts, shares and snapshots: class, words, remedy, and what follows."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.azure.error_table_storage import STORAGE_ROWS
from app.azure.errors import AzureError, Source, classify
from app.engine.retry import Budget, next_pause
from tests.storage.sharing import SHARES, made, make, shown
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

ERRORS = Path(os.environ.get("SLIPWAY_RECORDINGS", "none")).parent / "ERRORS.md"


@dataclass(frozen=True)
class Case:
    """An error of Azure's. `remedy`: a word of what the caller is told; `attempts`: those after the first."""

    code: str
    error_class: str
    ours: str
    remedy: str = ""
    attempts: int = 0
    message: str = "Azure's words."


def _all(codes: str, error_class: str, ours: str, remedy: str = "", attempts: int = 0) -> tuple[Case, ...]:
    return tuple(Case(code, error_class, ours, remedy, attempts) for code in codes.split())


LEASES = "Unable to delete share because one or more share snapshots have active leases."
ENDPOINTS = (
    "Validation of network acls failure: SubnetsHaveNoServiceEndpointsConfigured:Subnets nodes of virtual network v do "
    "not have ServiceEndpoints for Microsoft.Storage resources configured."
)
CASES = (
    *_all("TotalSharesProvisionedCapacityExceedsAccountLimit TotalSharesCountExceedsAccountLimit "
          "TotalSharesProvisionedIopsExceedsAccountLimit", "quota", "azure_storage_account_full", "another account"),
    *_all("MaxStorageAccountsCountPerSubscriptionExceeded StorageAccountCountQuotaExceeded", "quota",
          "azure_storage_account_limit", "higher limit"),
    *_all("ShareSnapshotCountExceeded", "quota", "azure_share_snapshot_limit", "Delete a snapshot"),
    *_all("ShareBeingDeleted", "transient", "azure_share_being_deleted", "Wait some minutes", 9),
    *_all("ShareSnapshotInProgress", "transient", "azure_share_snapshot_in_progress", "", 9),
    *_all("ShareHasSnapshots", "conflict", "azure_share_has_snapshots", "snapshots=delete"),
    Case("ShareHasSnapshots", "conflict", "azure_share_has_leased_snapshots", "Stop the backup", message=LEASES),
    Case("SomethingNew", "conflict", "azure_share_has_leased_snapshots", "snapshots=leased", message=LEASES),
    *_all("LeaseIdMissing LeaseAlreadyPresent LeaseIdMismatchWithLeaseOperation LeaseIdMismatchWithContainerOperation",
          "conflict", "azure_share_leased", "break_lease"),
    *_all("ShareAlreadyExists", "conflict", "azure_share_exists", "another name"),
    *_all("StorageAccountAlreadyTaken StorageAccountInAnotherResourceGroup AccountAlreadyExists", "conflict",
          "azure_storage_account_name_taken", "another name"),
    *_all("StorageAccountOperationInProgress StorageAccountIsNotProvisioned StorageAccountNotProvisioned "
          "ConcurrentOperationInProgress", "conflict", "azure_storage_account_busy", "", 30),
    *_all("StorageAccountNotFound AccountNotFound", "gone", "azure_storage_account_not_found"),
    *_all("ShareNotFound ShareSnapshotNotFound", "gone", "azure_share_not_found"),
    *_all("InvalidHeaderValue ShareSizeLimitReached", "configuration", "azure_share_size_invalid", "100 to 102,400"),
    *_all("FeatureNotSupportedForAccount", "configuration", "azure_share_protocol_unsupported", "premium"),
    *_all("InvalidResourceName AccountNameInvalid", "configuration", "azure_share_name_invalid", "lower-case"),
    Case("NetworkAclsValidationFailure", "configuration", "azure_storage_subnet_has_no_endpoint",
         "Microsoft.Storage", message=ENDPOINTS),
    Case("SubnetsHaveNoServiceEndpointsConfigured", "configuration", "azure_storage_subnet_has_no_endpoint",
         "service endpoint", message=ENDPOINTS),
    *_all("NetworkAclsValidationFailure", "configuration", "azure_storage_network_rules_invalid", "subnets"),
    *_all("InvalidAccountType SkuNotSupported AccountPropertyCannotBeUpdated InvalidValuesForRequestParameters",
          "configuration", "azure_storage_account_form_invalid", "redundancy"),
    *_all("AuthorizationFailure AuthorizationPermissionMismatch", "permission", "azure_storage_refused", "rules"),
    *_all("KeyBasedAuthenticationNotPermitted", "permission", "azure_storage_keys_disabled", "shared key access"),
)  # fmt: skip


def _error(case: Case) -> AzureError:
    body = {"error": {"code": case.code, "message": case.message}}
    return classify(body, Source(provider="Microsoft.Storage", http_status=409))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.ours}")
def test_each_code_means_one_thing_and_is_tried_again_as_often_as_may_help(case: Case) -> None:
    """Troubles 20 and 23."""
    error = _error(case)
    problem = error.problem
    assert (problem.code, problem.error_class) == (case.ours, case.error_class)
    assert case.remedy in (problem.remedy or "")
    budget, attempts = Budget(), 0
    while attempts < 30 and next_pause(problem, budget, {}, error.patience) is not None:
        attempts += 1
    assert attempts == case.attempts


def test_each_row_has_its_case() -> None:
    assert {row.code for row in STORAGE_ROWS} == {case.ours for case in CASES}
    known = {code for row in STORAGE_ROWS for code in row.azure_codes}
    assert known == {case.code.lower() for case in CASES} - {"somethingnew"}


@pytest.mark.skipif(not ERRORS.exists(), reason="SLIPWAY_RECORDINGS names no folder with ERRORS.md beside it")
def test_each_code_of_storage_that_is_known_of_azure_is_tried() -> None:
    words = ("Share", "NetworkAcls", "SubnetsHaveNo", "InvalidHeaderValue", "KeyBased", "AuthorizationFailure ")
    cells = [line.split(" | ")[0] for line in ERRORS.read_text().splitlines() if line.startswith("| ")]
    named = {
        code
        for cell in cells
        if any(word in cell for word in words)
        for code in re.findall(r"\b[A-Z][A-Za-z]*[a-z][A-Z][A-Za-z]*\b", re.sub(r'"[^"]*"', "", cell))
    }
    assert len(named) >= 8
    assert sorted(named - {case.code for case in CASES}) == []


@ONE_DATABASE
@pytest.mark.parametrize(
    ("operation", "code", "ours"),
    [
        ("StorageAccounts_Create", "MaxStorageAccountsCountPerSubscriptionExceeded", "azure_storage_account_limit"),
        ("StorageAccounts_Create", "RequestDisallowedByPolicy", "azure_policy_denied"),
        ("StorageAccounts_GetProperties", "AuthorizationFailed", "azure_authorization_failed"),
        ("FileShares_Create", "InvalidHeaderValue", "azure_share_size_invalid"),
        ("FileShares_Create", "FeatureNotSupportedForAccount", "azure_share_protocol_unsupported"),
        ("FileShares_List", "AuthorizationFailure", "azure_storage_refused"),
        ("FileServices_GetServiceProperties", "KeyBasedAuthenticationNotPermitted", "azure_storage_keys_disabled"),
    ],
)
async def test_a_job_that_meets_it_ends_with_what_to_do(slipway: Slipway, operation: str, code: str, ours: str) -> None:
    if operation == "FileShares_List":
        await made(slipway, "first")
    status = 403 if code.startswith("Authorization") else 409
    slipway.azure.add_fault("error", operation=operation, status=status, code=code, message="No.", count=None)

    job = await make(slipway)

    assert (job["state"], job["problem"]["code"]) == ("failed", ours)
    assert job["problem"]["remedy"]
    assert (await shown(slipway))["state"] == "failed"


@ONE_DATABASE
async def test_a_busy_account_and_a_share_in_deletion_are_waited_for(slipway: Slipway) -> None:
    """The turn is taken as soon as Azure gives it."""
    for code in ("StorageAccountOperationInProgress", "StorageAccountIsNotProvisioned"):
        slipway.azure.add_fault("error", operation="FileShares_Create", status=409, code=code, message="Busy.")
    job = await slipway.ended(
        await slipway.accepted("POST", SHARES, {"name": "uploads", "location": "westeurope", "quota_gib": 5})
    )
    assert job["state"] == "succeeded", job
