"""Which constraint was violated, and what that means to a caller.

PostgreSQL gives the constraint's name. SQLite gives columns only; since all names follow one convention
(`app/models/base.py`), the name follows from them.
"""

from dataclasses import dataclass
from types import MappingProxyType

import sqlalchemy as sa

from app.core.errors import FieldError
from app.db.errors import DatabaseConflictError, KeyInUseError, NameTakenError, driver_code

_FAILED = " constraint failed: "


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a caller is told: the error to raise, a sentence, and the pointer into the request."""

    error: type[DatabaseConflictError]
    detail: str
    pointer: str

    def as_error(self) -> DatabaseConflictError:
        """Return the error to raise."""
        return self.error(self.detail, errors=[FieldError(self.error.code, self.pointer, self.detail)])


def _name_taken(thing: str, where: str = "the project") -> Meaning:
    return Meaning(NameTakenError, f"A {thing} of this name exists already in {where}.", "/name")


MEANINGS = MappingProxyType(
    {
        "uq_clusters_project_id_name": _name_taken("cluster"),
        "uq_resource_groups_project_id_name": _name_taken("resource group"),
        "uq_public_ips_project_id_name": _name_taken("public IP"),
        "uq_exposures_cluster_id_namespace_name": _name_taken("exposure", "the namespace"),
        "uq_storage_accounts_name": _name_taken("storage account", "this installation"),
        "uq_shares_project_id_name": _name_taken("share"),
        "uq_volumes_cluster_id_namespace_name": _name_taken("volume", "the namespace"),
        "uq_workspaces_project_id_azure_key": _name_taken("workspace"),
        "uq_monitoring_cluster_id": Meaning(NameTakenError, "The cluster is monitored already.", ""),
        "uq_node_pools_cluster_id_name": _name_taken("node pool", "the cluster"),
        "uq_projects_name": _name_taken("project", "this installation"),
        "pk_idempotency_keys": Meaning(
            KeyInUseError, "A request with this Idempotency-Key is running at this moment.", "header:Idempotency-Key"
        ),
    }
)


def constraint_name(error: BaseException) -> str | None:
    """Return the name of the constraint that an error speaks of, None when the database does not say.

    SQLite never names a foreign key.
    """
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    code = driver_code(error) or ""
    if code.startswith("SQLITE_CONSTRAINT"):
        return _from_columns(code, str(original))
    # psycopg keeps the name under `diag`; asyncpg on its own error, which SQLAlchemy's adapter wraps.
    for holder in (getattr(original, "diag", None), original, getattr(original, "__cause__", None)):
        name = getattr(holder, "constraint_name", None)
        if isinstance(name, str) and name:
            return name
    return None


def _from_columns(code: str, message: str) -> str | None:
    _, found, subject = message.partition(_FAILED)
    if not found:
        return None
    if code == "SQLITE_CONSTRAINT_CHECK":
        return subject
    columns = [column.strip().partition(".") for column in subject.split(",")]
    table = columns[0][0]
    if code in {"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"}:
        return f"pk_{table}"
    if code == "SQLITE_CONSTRAINT_UNIQUE":
        return "_".join(["uq", table, *(name for _, _, name in columns)])
    return None
